import { z } from 'zod';
import { Direction } from './agent.ts';
import { CallStatus, MissReason } from './call-events.ts';
import { decider, type EventOf, refuse } from './decider.ts';
import { personal } from './personal.ts';
import { Instant } from './time.ts';

const Ids = { ticketId: z.string(), channelId: z.string(), customerId: z.string() };

const LinkedCall = { callId: z.string(), direction: Direction, agentId: z.string().nullable() };

const Assignee = { agentId: z.string().nullable(), teamId: z.string().nullable() };
/** Who holds a ticket: an agent, a team, or nobody (the unassigned queue). */
type Assignee = z.output<z.ZodObject<typeof Assignee>>;

const events = {
  TicketOpened: {
    at: Instant,
    ...Ids,
    channelName: z.string(),
    waId: personal(z.string()),
    customerName: personal(z.string()),
    because: z.enum(['incoming_call', 'outgoing_call']),
    callId: z.string(),
  },
  CallLinked: { at: Instant, ...Ids, ...LinkedCall },
  LinkedCallAnswered: { at: Instant, ...Ids, ...LinkedCall },
  LinkedCallEnded: {
    at: Instant,
    ...Ids,
    ...LinkedCall,
    status: CallStatus,
    subStatus: z.string().nullable(),
    missReason: MissReason.nullable(),
  },
  TicketAssigned: {
    at: Instant,
    ...Ids,
    ...Assignee,
    because: z.enum(['routed', 'placed_call', 'answered', 'by_hand']),
  },
  FirstResponseMade: {
    at: Instant,
    ...Ids,
    agentId: z.string(),
    callId: z.string(),
    because: z.enum(['answered', 'called_back']),
    secondsAfterOpening: z.int().nonnegative(),
  },
  TicketResolved: { at: Instant, ...Ids, agentId: z.string() },
  TicketReopened: { at: Instant, ...Ids, agentId: z.string() },
  NoteAdded: { at: Instant, ...Ids, agentId: z.string(), text: personal(z.string()) },
};

type Event = EventOf<typeof events>;
type Ids = z.output<z.ZodObject<typeof Ids>>;
type Call = { status: z.infer<typeof CallStatus>; direction: z.infer<typeof Direction> };

export type Ticket = {
  readonly ids: Ids | null;
  readonly openedAt: Instant;
  readonly openedBy: string | null;
  readonly resolved: boolean;
  readonly assignee: Assignee;
  readonly calls: ReadonlyMap<string, Call>;
  readonly missPending: boolean;
  readonly firstResponse: boolean;
};

const nobody: Assignee = { agentId: null, teamId: null };
const initial: Ticket = {
  ids: null,
  openedAt: 0,
  openedBy: null,
  resolved: false,
  assignee: nobody,
  calls: new Map(),
  missPending: false,
  firstResponse: false,
};

const liveCall = (s: Ticket, except?: string) =>
  [...s.calls].find(([callId, { status }]) => status === 'ongoing' && callId !== except)?.[0];

const sameAssignee = (a: Assignee, b: Assignee) => a.agentId === b.agentId && a.teamId === b.teamId;

/** Why this answer is the ticket's first response, or `null` when it is not one. */
const firstResponseBecause = (s: Ticket, direction: Call['direction']) => {
  if (s.firstResponse) return null;
  if (direction === 'incoming') return 'answered' as const;
  return s.missPending ? ('called_back' as const) : null;
};

/** The helpdesk thread of one customer on one channel: its calls, its assignee, its first response. Stream `ticket-<ticketId>`. */
export const ticket = decider({ category: 'ticket', events, initial })
  .decide({
    OpenTicket: (s, c: Omit<Extract<Event, { type: 'TicketOpened' }>, 'type'>) =>
      s.ids === null ? [{ type: 'TicketOpened', ...c }] : [],

    LinkCall: (s, c: { at: Instant } & Ids & z.output<z.ZodObject<typeof LinkedCall>>) =>
      s.calls.has(c.callId) ? [] : [{ type: 'CallLinked', ...c }],

    /** Both sides are on the line. Decides the first response, once. */
    RecordCallAnswered: (s, c: { at: Instant; callId: string; agentId: string }) => {
      const linked = s.calls.get(c.callId);
      if (!s.ids || linked?.status !== 'ongoing') return [];
      const { direction } = linked;
      const because = firstResponseBecause(s, direction);
      const secondsAfterOpening = Math.max(0, Math.round((c.at - s.openedAt) / 1_000));
      const assigned: Event[] =
        direction === 'incoming' && s.assignee.agentId !== c.agentId && s.openedBy === c.callId
          ? [{ type: 'TicketAssigned', at: c.at, ...s.ids, agentId: c.agentId, teamId: null, because: 'answered' }]
          : [];
      return [
        { type: 'LinkedCallAnswered', ...c, ...s.ids, direction },
        ...assigned,
        ...(because ? [{ type: 'FirstResponseMade' as const, ...c, ...s.ids, because, secondsAfterOpening }] : []),
      ];
    },

    RecordCallEnded: (s, c: Omit<Extract<Event, { type: 'LinkedCallEnded' }>, 'type' | 'channelId' | 'customerId'>) => {
      const linked = s.calls.get(c.callId);
      if (!s.ids || !linked || linked.status === c.status) return [];
      return [{ type: 'LinkedCallEnded', ...c, ...s.ids }];
    },

    /** Routing gives the ticket to the agent a call is offered to, unless somebody already holds it. */
    AssignByCall: (s, c: { at: Instant; callId: string; agentId: string; because: 'routed' | 'placed_call' }) => {
      const { at, callId, agentId, because } = c;
      const free = sameAssignee(s.assignee, nobody) || s.openedBy === callId;
      if (!s.ids || s.resolved || !free || s.assignee.agentId === agentId || liveCall(s, callId)) return [];
      return [{ type: 'TicketAssigned', at, ...s.ids, agentId, teamId: null, because }];
    },

    /** By hand: an agent picks it up, or a manager gives it. Never while a call is live. */
    AssignTicket: (s, { at, agentId, teamId }: { at: Instant } & Assignee) => {
      if (!s.ids) return refuse('ticket.unknown');
      if (sameAssignee(s.assignee, { agentId, teamId })) return [];
      const callId = liveCall(s);
      if (callId) return refuse('ticket.call_live', { facts: { callId } });
      return [{ type: 'TicketAssigned', at, ...s.ids, agentId, teamId, because: 'by_hand' }];
    },

    ResolveTicket: (s, { at, agentId }: { at: Instant; agentId: string }) => {
      if (!s.ids) return refuse('ticket.unknown');
      if (s.resolved) return [];
      const callId = liveCall(s);
      return callId
        ? refuse('ticket.call_live', { facts: { callId } })
        : [{ type: 'TicketResolved', at, ...s.ids, agentId }];
    },

    ReopenTicket: (s, { at, agentId }: { at: Instant; agentId: string }) => {
      if (!s.ids) return refuse('ticket.unknown');
      return s.resolved ? [{ type: 'TicketReopened', at, ...s.ids, agentId }] : [];
    },

    AddNote: (s, { at, agentId, text }: { at: Instant; agentId: string; text: string }) =>
      s.ids ? [{ type: 'NoteAdded', at, ...s.ids, agentId, text }] : refuse('ticket.unknown'),
  })
  .evolve({
    TicketOpened: (s, { at, ticketId, channelId, customerId, callId }) => ({
      ...s,
      ids: { ticketId, channelId, customerId },
      openedAt: at,
      openedBy: callId,
    }),
    CallLinked: (s, { callId, direction }) => withCall(s, callId, { status: 'ongoing', direction }),
    LinkedCallAnswered: (s, { direction }) => ({ ...s, missPending: direction === 'incoming' ? false : s.missPending }),
    LinkedCallEnded: (s, { callId, direction, status }) => ({
      ...withCall(s, callId, { status, direction }),
      missPending: status === 'missed' || s.missPending,
    }),
    TicketAssigned: (s, { agentId, teamId }) => ({ ...s, assignee: { agentId, teamId } }),
    FirstResponseMade: (s) => ({ ...s, firstResponse: true }),
    TicketResolved: (s) => ({ ...s, resolved: true, missPending: false }),
    TicketReopened: (s) => ({ ...s, resolved: false }),
    NoteAdded: (s) => s,
  });

const withCall = (s: Ticket, callId: string, linked: Call): Ticket => ({
  ...s,
  calls: new Map([...s.calls, [callId, linked]]),
});
