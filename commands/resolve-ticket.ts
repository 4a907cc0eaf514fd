import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import { ownTicket, pairKey } from './belongings.ts';
import { setFreeTicket } from './set-free.ts';
import type { WriteSide } from './write-side.ts';

type Command = { ticketId: string; agentId: string };

/** Resolves a ticket; the customer's next call or message then opens a new one. */
export const resolveTicket =
  (w: WriteSide) =>
  async ({ ticketId, agentId }: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownTicket(w, context.store, ticketId);
    if (isRefusal(owned)) return owned;
    await setFreeTicket(w, ticketId, context);
    const at = w.now();
    const resolved = await w.transact(ticket, ticketId, { type: 'ResolveTicket', at, agentId }, context);
    if (isRefusal(resolved)) return resolved;
    const closed = await w.transact(
      conversation,
      pairKey(owned.channelId, owned.customerId),
      { type: 'CloseTicket', at, ...owned, resolution: resolved.state.resolvedAts.length },
      context,
    );
    if (isRefusal(closed)) return closed;
    return { position: closed.position ?? resolved.position };
  };
