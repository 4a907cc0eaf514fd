import { z } from 'zod';
import { closedWithTicket } from './callback-request.ts';
import type { CallbackEvent, CallingBack } from './callback-state.ts';
import { type EventOf, type Refusal, refuse } from './decider.ts';
import { Instant } from './time.ts';

const Pair = { channelId: z.string(), customerId: z.string() };

/** Who opens a ticket again, and which of its resolutions that undoes, the first being 1. */
const Reopening = z.object({ agentId: z.string(), resolution: z.int().positive() });
type Reopening = Readonly<z.infer<typeof Reopening>>;

/** Which ticket of a customer on a channel is the open one. */
export const conversationTicketEvents = {
  ConversationTicketOpened: {
    at: Instant,
    ...Pair,
    ticketId: z.string(),
    reopening: Reopening.nullable().default(null),
  },
  ConversationTicketClosed: { at: Instant, ...Pair, ticketId: z.string() },
};

/** The open ticket; one that was opened again is so although it may not have heard of that yet. */
export type OneTicket = { readonly ticketId: string | null; readonly reopening: Reopening | null };
export const noTicket: OneTicket = { ticketId: null, reopening: null };

type About = { at: Instant; ticketId: string } & z.output<z.ZodObject<typeof Pair>>;
type Resolved = { ticketId: string; resolution: number };
type Decision = readonly (EventOf<typeof conversationTicketEvents> | CallbackEvent)[];

/** Whether this resolution of the open ticket has been undone. */
const isUndone = ({ reopening }: OneTicket, resolution: number) =>
  reopening !== null && reopening.resolution >= resolution;

const isOver = (s: OneTicket, { ticketId, resolution }: Resolved) =>
  s.ticketId === ticketId && !isUndone(s, resolution);

const opened = (c: About, reopening: Reopening | null = null) =>
  ({ type: 'ConversationTicketOpened', ...c, reopening }) as const;

const closed = (s: CallingBack, c: About): Decision => [
  ...closedWithTicket(s, c),
  { type: 'ConversationTicketClosed', ...c },
];

/** What is decided about the one open ticket. */
export const conversationTicketDecisions = {
  /** `ticketId` is used only when no ticket is open, or only one that is `resolved`; the state then tells which one is. */
  OpenTicketIfNone: (
    s: OneTicket & CallingBack,
    { resolved, ...c }: About & { resolved: Resolved | null },
  ): Decision => {
    if (s.ticketId === null) return [opened(c)];
    if (resolved === null || !isOver(s, resolved)) return [];
    return [...closed(s, { ...c, ticketId: resolved.ticketId }), opened(c)];
  },

  ReopenTicket: (s: OneTicket, { agentId, resolution, ...c }: About & Reopening): Decision | Refusal => {
    if (s.ticketId !== null && s.ticketId !== c.ticketId)
      return refuse('ticket.another_open', { facts: { ticketId: s.ticketId } });
    return s.ticketId === c.ticketId && isUndone(s, resolution) ? [] : [opened(c, { agentId, resolution })];
  },

  /** The ticket was resolved; nothing happens when that has been undone meanwhile. */
  CloseTicket: (s: OneTicket & CallingBack, { resolution, ...c }: About & { resolution: number }): Decision =>
    isOver(s, { ...c, resolution }) ? closed(s, c) : [],
};
