import { z } from 'zod';
import { evolveInvites, type Inviting, inviteDecisions } from './call-invite.ts';
import { inviteEvents } from './call-invite-events.ts';
import { callbackEvents } from './callback-events.ts';
import { callbackDecisions } from './callback-request.ts';
import { type CallingBack, evolveCallbacks, noCallbacks } from './callback-state.ts';
import {
  conversationTicketDecisions,
  conversationTicketEvents,
  noTicket,
  type OneTicket,
} from './conversation-ticket.ts';
import { decider } from './decider.ts';
import { personal } from './personal.ts';
import { serviceWindow } from './service-window.ts';
import { Instant } from './time.ts';

const Pair = { channelId: z.string(), customerId: z.string() };
type Pair = z.output<z.ZodObject<typeof Pair>>;

/** What opens or renews the customer service window (Meta: the user writes, calls, or accepts our call). */
export const WindowCause = z.enum(['message', 'incoming_call', 'outgoing_call_answered']);

const events = {
  ServiceWindowOpened: { at: Instant, ...Pair, until: Instant, by: WindowCause },
  ...conversationTicketEvents,
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

export type Conversation = { readonly windowUntil: Instant } & OneTicket & Inviting & CallingBack;
const initial: Conversation = { ...noTicket, windowUntil: 0, invites: [], ...noCallbacks };

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

    DismissMissedCalls: (s, c: { at: Instant; agentId: string; reason: string } & Pair) => [
      { type: 'MissedCallsDismissed', ...c, ticketId: s.ticketId },
    ],

    ...conversationTicketDecisions,
    ...inviteDecisions,
    ...callbackDecisions,
  })
  .evolve({
    ServiceWindowOpened: (s, { until }) => ({ ...s, windowUntil: until }),
    ConversationTicketOpened: (s, { ticketId, reopening }) => ({ ...s, ticketId, reopening }),
    ConversationTicketClosed: (s) => ({ ...s, ...noTicket }),
    MissedCallsDismissed: (s) => s,
    ...evolveInvites,
    ...evolveCallbacks,
  });
