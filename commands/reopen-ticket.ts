import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import { ownTicket, pairKey } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = { ticketId: string; agentId: string };

/** Opens a resolved ticket again, unless the customer has another open one by now. */
export const reopenTicket =
  (w: WriteSide) =>
  async ({ ticketId, agentId }: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownTicket(w, context.store, ticketId);
    if (isRefusal(owned)) return owned;
    const { resolved, resolvedAts } = await w.stateOf(ticket, ticketId);
    if (!resolved) return { position: null };
    const resolution = resolvedAts.length;
    const reopen = { type: 'ReopenTicket', at: w.now(), agentId, resolution } as const;
    const pair = pairKey(owned.channelId, owned.customerId);
    const claimed = await w.transact(conversation, pair, { ...reopen, ...owned }, context);
    if (isRefusal(claimed)) return claimed;
    const reopened = await w.transact(ticket, ticketId, reopen, context);
    if (isRefusal(reopened)) return reopened;
    return { position: reopened.position ?? claimed.position };
  };
