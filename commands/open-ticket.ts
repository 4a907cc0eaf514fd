import { conversation } from '../domain/conversation.ts';
import type { OneTicket } from '../domain/conversation-ticket.ts';
import { isRefusal } from '../domain/decider.ts';
import { ticket } from '../domain/ticket.ts';
import type { LinkedCall, TicketOpening } from '../domain/ticket-events.ts';
import type { Instant } from '../domain/time.ts';
import type { Context } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import { pairKey } from './belongings.ts';
import { type Because, stepOf, type WriteSide } from './write-side.ts';

type Opening = TicketOpening & {
  readonly at: Instant;
  readonly channelId: string;
  readonly customerId: string;
  /** The new ticket's id, should one be needed. */
  readonly ticketId: string;
};

type Resolved = { ticketId: string; resolution: number };

const attempts = 10;

/**
 * The customer's open ticket on this channel, opened now if there is none, with `link` as a call of it. Resolves with its
 * id. A ticket that is resolved just then is not the open one any more, whether or not the conversation knows.
 */
export const openTicket = async (
  w: WriteSide,
  opening: Opening,
  context: Context,
  link: LinkedCall | null = null,
): Promise<string> => {
  const { at, channelId, customerId } = opening;
  let resolved: Resolved | null = null;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const because: Because = (step) => stepOf(context, attempt === 0 ? step : `${step} ${attempt}`);
    const ticketId = attempt === 0 ? opening.ticketId : uuidFrom(opening.ticketId, String(attempt));
    const need = { type: 'OpenTicketIfNone', at, channelId, customerId, ticketId, resolved } as const;
    const opened = await w.transact(conversation, pairKey(channelId, customerId), need, because('ticket'));
    if (isRefusal(opened) || opened.state.ticketId === null) continue;
    const open = { ...opened.state, ticketId: opened.state.ticketId };
    resolved = await join(w, { ...opening, ticketId: open.ticketId }, { open, link, because });
    if (resolved === null) return open.ticketId;
  }
  throw new Error(`the ticket of ${customerId} was resolved ${attempts} times meanwhile: try again`);
};

type Joining = {
  open: OneTicket;
  link: LinkedCall | null;
  because: Because;
};

/** Begins the ticket if it is new, completes its reopening, and links the call; else which resolution is in the way. */
const join = async (w: WriteSide, opening: Opening, { open, link, because }: Joining): Promise<Resolved | null> => {
  const { at, ticketId, channelId, customerId } = opening;
  const tell = async (command: Parameters<typeof ticket.decide>[1], step: string) => {
    const told = await w.transact(ticket, ticketId, command, because(step));
    return isRefusal(told) ? w.stateOf(ticket, ticketId) : told.state;
  };
  let state = await tell({ type: 'OpenTicket', ...opening }, 'open ticket');
  if (state.resolved && open.reopening?.resolution === state.resolvedAts.length)
    state = await tell({ type: 'ReopenTicket', at, ...open.reopening }, 'reopen');
  if (link && !state.resolved)
    state = await tell({ type: 'LinkCall', at, ticketId, channelId, customerId, ...link }, 'link');
  const isIn = link ? state.calls.has(link.callId) : !state.resolved;
  return isIn ? null : { ticketId, resolution: state.resolvedAts.length };
};
