import { decider, type EventOf, refuse } from './decider.ts';
import { firstResponseIn, type TicketCall } from './first-response.ts';
import { type Assignee, type Ids, type LinkedCall, ticketEvents } from './ticket-events.ts';
import type { Instant } from './time.ts';

type Event = EventOf<typeof ticketEvents>;
type Ended = Omit<Extract<Event, { type: 'LinkedCallEnded' }>, 'type' | 'channelId' | 'customerId'>;
type Answer = { at: Instant; callId: string; agentId: string };

export type Ticket = {
  readonly ids: Ids | null;
  readonly openedAt: Instant;
  readonly resolved: boolean;
  /** When it was, each time. */
  readonly resolvedAts: readonly Instant[];
  readonly assignee: Assignee;
  /** An agent has it by hand: given, picked up or claimed. */
  readonly isTaken: boolean;
  /** The call whose routing gave the ticket to its assignee; the same call may still give it to another. */
  readonly routedBy: string | null;
  readonly calls: ReadonlyMap<string, TicketCall>;
  readonly firstResponse: boolean;
};

const nobody: Assignee = { agentId: null, teamId: null };
const initial: Ticket = {
  ids: null,
  openedAt: 0,
  resolved: false,
  resolvedAts: [],
  assignee: nobody,
  isTaken: false,
  routedBy: null,
  calls: new Map(),
  firstResponse: false,
};

/** Whether somebody may still be on the line. */
export const isLive = ({ status, hungUp }: TicketCall) => status === 'ongoing' && !hungUp;

const liveCall = (s: Ticket, except?: string) =>
  [...s.calls].find(([callId, linked]) => isLive(linked) && callId !== except)?.[0];

/** Whose load a ticket is: its assignee's, while it is open. */
export const holderOf = ({ resolved, assignee }: Ticket): string | null => (resolved ? null : assignee.agentId);

const sameAssignee = (a: Assignee, b: Assignee) => a.agentId === b.agentId && a.teamId === b.teamId;

/** Whether neither an agent nor a team holds the ticket. */
export const isNobodys = ({ assignee }: Ticket): boolean => sameAssignee(assignee, nobody);

/** Whether the ticket may be given away: nobody holds it, or somebody only because this call was offered to them. */
const isFreeFor = (s: Ticket, callId?: string) => isNobodys(s) || s.routedBy === callId;

/** The ticket's first response, if what is known of one call now makes one. */
const firstResponse = (s: Ticket, ids: Ids, callId: string, change: Partial<TicketCall>): Event[] => {
  const made = s.firstResponse ? null : firstResponseIn(withCall(s, callId, change));
  if (made === null) return [];
  const secondsAfterOpening = Math.max(0, Math.round((made.at - s.openedAt) / 1_000));
  return [{ type: 'FirstResponseMade', ...ids, ...made, secondsAfterOpening }];
};

/** Both sides spoke: told once per call, with the first response where this is it. */
const answered = (s: Ticket, { at, callId, agentId }: Answer): Event[] => {
  const linked = s.calls.get(callId);
  if (!s.ids || !linked || linked.answer) return [];
  const who = { at, ...s.ids, agentId };
  const takesOver = linked.direction === 'incoming' && s.assignee.agentId !== agentId && isFreeFor(s, callId);
  return [
    { type: 'LinkedCallAnswered', ...who, callId, direction: linked.direction },
    ...(takesOver ? [{ type: 'TicketAssigned' as const, ...who, teamId: null, because: 'answered' as const }] : []),
    ...firstResponse(s, s.ids, callId, { answer: { at, agentId } }),
  ];
};

const missedAtOf = ({ status, at }: Pick<Ended, 'status' | 'at'>) => (status === 'missed' ? at : null);

/** A call that ended after a conversation of which nobody told us while it went on. */
const answeredUnnoticed = (s: Ticket, { at, callId, agentId, status, subStatus }: Ended): Event[] => {
  const spoke = status === 'completed' || subStatus === 'dropped';
  return spoke && agentId !== null ? answered(s, { at, callId, agentId }) : [];
};

type Assigned = Extract<Event, { type: 'TicketAssigned' }>['because'];

/** Gives the ticket to an agent, unless somebody holds it or another call is live. */
const assignIfFree = (
  s: Ticket,
  { callId, ...c }: { at: Instant; agentId: string; callId?: string; because: Assigned },
): Event[] => {
  const isTaken = !isFreeFor(s, callId) || liveCall(s, callId) !== undefined;
  if (!s.ids || s.resolved || isTaken || s.assignee.agentId === c.agentId) return [];
  return [{ type: 'TicketAssigned', ...c, ...s.ids, teamId: null }];
};

/** The helpdesk thread of one customer on one channel: its calls, its assignee, its first response. Stream `ticket-<ticketId>`. */
export const ticket = decider({ category: 'ticket', events: ticketEvents, initial })
  .decide({
    OpenTicket: (s, c: Omit<Extract<Event, { type: 'TicketOpened' }>, 'type'>) =>
      s.ids === null ? [{ type: 'TicketOpened', ...c }] : [],

    LinkCall: (s, c: { at: Instant } & Ids & LinkedCall) => {
      if (s.calls.has(c.callId)) return [];
      return s.resolved ? refuse('ticket.resolved') : [{ type: 'CallLinked', ...c }];
    },

    /** Both sides are on the line. Decides the first response, once. `agentId`: who answered, or whose call it was. */
    RecordCallAnswered: answered,

    RecordCallEnded: (s, c: Ended) => {
      const linked = s.calls.get(c.callId);
      if (!s.ids || !linked || linked.status === c.status) return [];
      const spoke = answeredUnnoticed(s, c);
      const responded = spoke.length > 0 ? [] : firstResponse(s, s.ids, c.callId, { missedAt: missedAtOf(c) });
      return [...spoke, { type: 'LinkedCallEnded', ...c, ...s.ids }, ...responded];
    },

    RecordCallHungUp: (s, { at, callId }: { at: Instant; callId: string }) => {
      const linked = s.calls.get(callId);
      return s.ids && linked && isLive(linked) ? [{ type: 'LinkedCallHungUp', at, ...s.ids, callId }] : [];
    },

    /** Routing gives the ticket to the agent a call is offered to, unless somebody already holds it. */
    AssignByCall: (s, c: Answer & { because: 'routed' | 'placed_call' }) => assignIfFree(s, c),

    /** Whoever claims a callback request gets its ticket, unless somebody holds it. */
    AssignByClaim: (s, c: { at: Instant; agentId: string }) => assignIfFree(s, { ...c, because: 'callback_claimed' }),

    /**
     * By hand: a manager gives it, or an agent picks it up (`isPickUp`), though not from whom it was given to by hand before.
     * Never while a call is live.
     */
    AssignTicket: (s, { at, agentId, teamId, isPickUp = false }: { at: Instant; isPickUp?: boolean } & Assignee) => {
      if (!s.ids) return refuse('ticket.unknown');
      if (sameAssignee(s.assignee, { agentId, teamId })) return [];
      const callId = liveCall(s);
      if (callId) return refuse('ticket.call_live', { facts: { callId } });
      if (isPickUp && s.isTaken) return refuse('ticket.taken', { facts: { agentId: s.assignee.agentId } });
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

    /** Undoes this resolution, the first being 1; a later one stays. */
    ReopenTicket: (s, { at, agentId, resolution }: { at: Instant; agentId: string; resolution: number }) => {
      if (!s.ids) return refuse('ticket.unknown');
      return s.resolved && s.resolvedAts.length === resolution
        ? [{ type: 'TicketReopened', at, ...s.ids, agentId }]
        : [];
    },

    AddNote: (s, { at, agentId, text }: { at: Instant; agentId: string; text: string }) =>
      s.ids ? [{ type: 'NoteAdded', at, ...s.ids, agentId, text }] : refuse('ticket.unknown'),
  })
  .evolve({
    TicketOpened: (s, { at, ticketId, channelId, customerId }) => ({
      ...s,
      ids: { ticketId, channelId, customerId },
      openedAt: at,
    }),
    CallLinked: (s, { callId, direction }) => withCall(s, callId, { direction }),
    LinkedCallAnswered: (s, { at, callId, direction, agentId }) =>
      withCall(s, callId, { direction, answer: agentId === null ? null : { at, agentId } }),
    LinkedCallHungUp: (s, { callId }) => withCall(s, callId, { hungUp: true }),
    LinkedCallEnded: (s, { at, callId, direction, status }) =>
      withCall(s, callId, { direction, status, missedAt: missedAtOf({ at, status }) }),
    TicketAssigned: (s, { agentId, teamId, because }) => ({
      ...s,
      assignee: { agentId, teamId },
      isTaken: agentId !== null && (because === 'by_hand' || because === 'callback_claimed'),
      routedBy: because === 'routed' ? (liveCall(s) ?? null) : null,
    }),
    FirstResponseMade: (s) => ({ ...s, firstResponse: true }),
    TicketResolved: (s, { at }) => ({ ...s, resolved: true, resolvedAts: [...s.resolvedAts, at] }),
    TicketReopened: (s) => ({ ...s, resolved: false }),
    NoteAdded: (s) => s,
  });

const begun: TicketCall = { status: 'ongoing', direction: 'incoming', answer: null, missedAt: null, hungUp: false };

const withCall = (s: Ticket, callId: string, change: Partial<TicketCall>): Ticket => ({
  ...s,
  calls: new Map([...s.calls, [callId, { ...begun, ...s.calls.get(callId), ...change }]]),
});
