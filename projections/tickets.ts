import type { Direction } from '../domain/agent.ts';
import type { CallStatus, MissReason, Staff } from '../domain/call-events.ts';
import { nameless } from '../domain/call-state.ts';
import type { TicketOpening } from '../domain/ticket-events.ts';
import type { Instant } from '../domain/time.ts';
import { projection } from './projection.ts';

type LinkedCall = Staff & {
  readonly callId: string;
  readonly direction: Direction;
  readonly agentId: string | null;
  readonly status: CallStatus;
  readonly subStatus: string | null;
  readonly missReason: MissReason | null;
  readonly startedAt: Instant;
  readonly answeredAt: Instant | null;
  readonly endedAt: Instant | null;
};

export type TicketView = {
  readonly ticketId: string;
  readonly channelId: string;
  readonly channelName: string;
  readonly customer: { readonly customerId: string; readonly waId: string | null; readonly name: string | null };
  readonly status: 'open' | 'resolved';
  readonly openedBecause: TicketOpening['because'];
  readonly openedAt: Instant;
  readonly resolvedAt: Instant | null;
  readonly lastActivityAt: Instant;
  readonly assignee: { readonly agentId: string | null; readonly teamId: string | null };
  readonly firstResponse: {
    readonly at: Instant;
    readonly agentId: string;
    readonly callId: string;
    readonly because: 'answered' | 'called_back';
    readonly secondsAfterOpening: number;
  } | null;
  readonly calls: readonly LinkedCall[];
  /** What the call type filter looks for, e.g. `incoming.missed`. */
  readonly callTypes: readonly string[];
  /** Channels with at least one call of this ticket. */
  readonly callChannels: readonly string[];
  readonly markers: readonly ('in_call' | 'missed_call')[];
  readonly detail: { readonly pendingMisses: readonly string[] };
};

const isInCall = ({ status, answeredAt }: LinkedCall) => status === 'ongoing' && answeredAt !== null;

/** What follows from the calls of a ticket and from the misses nobody has settled yet. */
const withCalls = (doc: TicketView, calls: readonly LinkedCall[], pendingMisses: readonly string[]): TicketView => ({
  ...doc,
  calls,
  callTypes: [...new Set(calls.map(({ direction, status }) => `${direction}.${status}`))],
  callChannels: calls.length > 0 ? [doc.channelId] : [],
  markers: [
    ...(calls.some(isInCall) ? (['in_call'] as const) : []),
    ...(pendingMisses.length > 0 ? (['missed_call'] as const) : []),
  ],
  detail: { pendingMisses },
});

const withCall = (doc: TicketView, callId: string, change: Partial<LinkedCall>, pendingMisses: readonly string[]) =>
  withCalls(
    doc,
    doc.calls.map((linked) => (linked.callId === callId ? { ...linked, ...change } : linked)),
    pendingMisses,
  );

const settled = (doc: TicketView) => withCalls(doc, doc.calls, []);

/** Whose a call of the ticket is now; for the ticket no activity of its own. */
const ofAgent = (
  doc: TicketView | null,
  { callId, agentId, agentName, team }: Pick<LinkedCall, 'callId' | 'agentId' | keyof Staff>,
) => doc && withCall(doc, callId, { agentId, agentName, team }, doc.detail.pendingMisses);

/** A handler that only concerns a ticket that is there, and that counts as its activity. */
const active =
  <E extends { readonly at: Instant }>(evolve: (doc: TicketView, event: E) => TicketView) =>
  (doc: TicketView | null, event: E) =>
    doc && { ...evolve(doc, event), lastActivityAt: Math.max(doc.lastActivityAt, event.at) };

const by = (field: string) => ({ store: 1, [field]: 1, 'doc.lastActivityAt': -1, _id: -1 }) as const;

/** The helpdesk threads with their calls, keyed by `ticketId`. */
export const tickets = projection<TicketView>({
  name: 'tickets',
  version: 2,
  indexes: [
    [{ store: 1, 'doc.lastActivityAt': -1, _id: -1 }],
    [by('doc.status')],
    [by('doc.assignee.agentId')],
    [by('doc.callTypes')],
    [by('doc.markers')],
  ],
})(
  {
    TicketOpened: (_, { at, ticketId, channelId, channelName, customerId, waId, customerName, because }) => ({
      ticketId,
      channelId,
      channelName,
      customer: { customerId, waId, name: customerName },
      status: 'open',
      openedBecause: because,
      openedAt: at,
      resolvedAt: null,
      lastActivityAt: at,
      assignee: { agentId: null, teamId: null },
      firstResponse: null,
      calls: [],
      callTypes: [],
      callChannels: [],
      markers: [],
      detail: { pendingMisses: [] },
    }),
    CallLinked: active((doc, { at, callId, direction, agentId }) => {
      const unknown = {
        status: 'ongoing',
        subStatus: null,
        missReason: null,
        answeredAt: null,
        endedAt: null,
      } as const;
      const linked = { callId, direction, agentId, ...nameless, startedAt: at, ...unknown };
      return withCalls(doc, [...doc.calls, linked], doc.detail.pendingMisses);
    }),
    CallOffered: ofAgent,
    CallPlaced: ofAgent,
    CallMissed: ofAgent,
    LinkedCallAnswered: active((doc, { at, callId, agentId }) =>
      withCall(doc, callId, { agentId, answeredAt: at }, []),
    ),
    LinkedCallEnded: active((doc, { at, callId, agentId, status, subStatus, missReason }) => {
      const others = doc.detail.pendingMisses.filter((missed) => missed !== callId);
      const ended = { agentId, status, subStatus, missReason, endedAt: at };
      return withCall(doc, callId, ended, status === 'missed' ? [...others, callId] : others);
    }),
    TicketAssigned: active((doc, { agentId, teamId }) => ({ ...doc, assignee: { agentId, teamId } })),
    FirstResponseMade: active((doc, { at, agentId, callId, because, secondsAfterOpening }) => ({
      ...doc,
      firstResponse: { at, agentId, callId, because, secondsAfterOpening },
    })),
    TicketResolved: active((doc, { at }) => ({ ...settled(doc), status: 'resolved', resolvedAt: at })),
    TicketReopened: active((doc) => ({ ...doc, status: 'open', resolvedAt: null })),
    NoteAdded: active((doc) => doc),
    MissedCallsDismissed: active(settled),
  },
  ({ ticketId }) => ticketId || null,
);
