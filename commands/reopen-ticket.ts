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
    const at = w.now();
    const claimed = await w.transact(
      conversation,
      pairKey(owned.channelId, owned.customerId),
      { type: 'ReopenTicket', at, ...owned },
      context,
    );
    if (isRefusal(claimed)) return claimed;
    const reopened = await w.transact(ticket, ticketId, { type: 'ReopenTicket', at, agentId }, context);
    if (isRefusal(reopened)) return reopened;
    return { position: reopened.position ?? claimed.position };
  };
