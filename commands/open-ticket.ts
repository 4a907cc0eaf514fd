import { conversation } from '../domain/conversation.ts';
import { isRefusal } from '../domain/decider.ts';
import { ticket } from '../domain/ticket.ts';
import type { TicketOpening } from '../domain/ticket-events.ts';
import type { Instant } from '../domain/time.ts';
import type { Context } from '../store/event-log.ts';
import { pairKey } from './belongings.ts';
import { stepOf, type WriteSide } from './write-side.ts';

type Opening = TicketOpening & {
  readonly at: Instant;
  readonly channelId: string;
  readonly customerId: string;
  /** The new ticket's id, should one be needed. */
  readonly ticketId: string;
};

/** The customer's open ticket on this channel, opened now if there is none. Resolves with its id. */
export const openTicket = async (w: WriteSide, opening: Opening, context: Context): Promise<string> => {
  const { at, channelId, customerId } = opening;
  const need = { type: 'OpenTicketIfNone', at, channelId, customerId, ticketId: opening.ticketId } as const;
  const opened = await w.transact(conversation, pairKey(channelId, customerId), need, stepOf(context, 'ticket'));
  const ticketId = (isRefusal(opened) ? null : opened.state.ticketId) ?? opening.ticketId;
  await w.transact(ticket, ticketId, { type: 'OpenTicket', ...opening, ticketId }, stepOf(context, 'open ticket'));
  return ticketId;
};
