import { z } from 'zod';
import { evolveInvites, type Inviting, inviteDecisions } from './call-invite.ts';
import { inviteEvents } from './call-invite-events.ts';
import { callbackEvents } from './callback-events.ts';
import { callbackDecisions, closedWithTicket } from './callback-request.ts';
import { type CallingBack, evolveCallbacks, noCallbacks } from './callback-state.ts';
import { decider, refuse } from './decider.ts';
import { personal } from './personal.ts';
import { serviceWindow } from './service-window.ts';
import { Instant } from './time.ts';

const Pair = { channelId: z.string(), customerId: z.string() };
type Pair = z.output<z.ZodObject<typeof Pair>>;

/** What opens or renews the customer service window (Meta: the user writes, calls, or accepts our call). */
export const WindowCause = z.enum(['message', 'incoming_call', 'outgoing_call_answered']);

const events = {
  ServiceWindowOpened: { at: Instant, ...Pair, until: Instant, by: WindowCause },
  ConversationTicketOpened: { at: Instant, ...Pair, ticketId: z.string() },
  ConversationTicketClosed: { at: Instant, ...Pair, ticketId: z.string() },
  MissedCallsDismissed: {
    at: Instant,
    ...Pair,
    ticketId: z.string().nullable(),
    agentId: z.string(),
    reason: personal(z.string()),
  },
  ...inviteEvents,
  ...callbackEvents,
};

export type Conversation = { readonly ticketId: string | null; readonly windowUntil: Instant } & Inviting & CallingBack;
const initial: Conversation = { ticketId: null, windowUntil: 0, invites: [], ...noCallbacks };

/**
 * One customer on one channel: the service window, the one open ticket, the invites to call, and the one open callback
 * request. Stream `conversation-<channelId>.<customerId>`.
 */
export const conversation = decider({ category: 'conversation', events, initial })
  .decide({
    /** A late or repeated message that does not extend the window changes nothing. */
    OpenServiceWindow: (s, c: { at: Instant; by: z.infer<typeof WindowCause> } & Pair) => {
      const until = c.at + serviceWindow;
      return until > s.windowUntil ? [{ type: 'ServiceWindowOpened', ...c, until }] : [];
    },

    /** `ticketId` is used only when no ticket is open; the state then tells which one is. */
    OpenTicketIfNone: (s, c: { at: Instant; ticketId: string } & Pair) =>
      s.ticketId === null ? [{ type: 'ConversationTicketOpened', ...c }] : [],

    ReopenTicket: (s, c: { at: Instant; ticketId: string } & Pair) => {
      if (s.ticketId === c.ticketId) return [];
      if (s.ticketId !== null) return refuse('ticket.another_open', { facts: { ticketId: s.ticketId } });
      return [{ type: 'ConversationTicketOpened', ...c }];
    },

    CloseTicket: (s, c: { at: Instant; ticketId: string } & Pair) =>
      s.ticketId === c.ticketId ? [...closedWithTicket(s, c), { type: 'ConversationTicketClosed', ...c }] : [],

    DismissMissedCalls: (s, c: { at: Instant; agentId: string; reason: string } & Pair) => [
      { type: 'MissedCallsDismissed', ...c, ticketId: s.ticketId },
    ],

    ...inviteDecisions,
    ...callbackDecisions,
  })
  .evolve({
    ServiceWindowOpened: (s, { until }) => ({ ...s, windowUntil: until }),
    ConversationTicketOpened: (s, { ticketId }) => ({ ...s, ticketId }),
    ConversationTicketClosed: (s) => ({ ...s, ticketId: null }),
    MissedCallsDismissed: (s) => s,
    ...evolveInvites,
    ...evolveCallbacks,
  });
