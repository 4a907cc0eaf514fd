import { call } from '../domain/call.ts';
import type { Conclusion, Staff } from '../domain/call-events.ts';
import { progressOf } from '../domain/call-outcome.ts';
import { answering, type Call, type CallEvent } from '../domain/call-state.ts';
import type { Named } from '../domain/index.ts';
import type { Recorded } from '../store/event-log.ts';
import { type Leg, legsAfter, type Origin, originOf, type Step } from './call-detail.ts';
import type { Projection } from './projection.ts';
import { streamId } from './state-projection.ts';

export type CallRow = {
  readonly callId: string;
  readonly metaCallId: string | null;
  readonly direction: 'incoming' | 'outgoing';
  readonly channelId: string;
  readonly channelName: string;
  readonly customer: { readonly customerId: string; readonly waId: string | null; readonly name: string | null };
  readonly agentId: string | null;
  readonly ticketId: string | null;
  /** By what the customer called; `null` of an outgoing call. */
  readonly origin: Origin | null;
  /** What Meta charged; `null` while that is not known. */
  readonly cost: { readonly minor: number; readonly currency: string } | null;
  readonly detail: { readonly state: Call; readonly legs: readonly Leg[]; readonly timeline: readonly Step[] };
} & Staff &
  Outcome;

/** How the call stands; nothing but the status and its `subStatus` is sure before it is over. */
type Outcome = Omit<Conclusion, 'endedAt' | 'endedBy'> & {
  readonly endedAt: number | null;
  readonly endedBy: Conclusion['endedBy'] | null;
};

const ongoing = (s: Call): Outcome => {
  const answeredAt = s.pickedUpAt ?? s.answeredAt;
  return {
    status: 'ongoing',
    subStatus: answering(s) ? 'ringing' : progressOf(s),
    missReason: null,
    startedAt: s.startedAt,
    answeredAt,
    endedAt: null,
    ringSeconds: answeredAt === null ? 0 : Math.max(0, Math.round((answeredAt - s.startedAt) / 1_000)),
    talkSeconds: 0,
    endedBy: null,
  };
};

const withEvent = (doc: CallRow | null, callId: string, event: CallEvent, eventId: string): CallRow | null => {
  const state = call.evolve(doc?.detail.state ?? call.initial, event);
  if (state.direction === null) return null; // no call begins with any other event
  const legs = legsAfter(doc?.detail.legs ?? [], state, event);
  const { customerId, ...channel } = state.parties;
  return {
    callId,
    metaCallId: state.metaCallId,
    direction: state.direction,
    ...(state.conclusion ?? ongoing(state)),
    ...channel,
    customer: { customerId, waId: state.person.waId, name: state.person.customerName },
    agentId: state.agentId,
    ...state.staff,
    ticketId: state.ticketId,
    origin: originOf(state, inviteOf(doc)),
    cost: doc?.cost ?? null,
    detail: { state, legs, timeline: [...(doc?.detail.timeline ?? []), { eventId, type: event.type, at: event.at }] },
  };
};

/** The invite by whose button the customer called, once its conversation has said so. */
const inviteOf = (doc: CallRow | null) => (doc?.origin?.kind === 'call_button' ? doc.origin.inviteId : null);

const cameFrom = (doc: CallRow | null, { inviteId }: Named<'CallInviteUsed'>) =>
  doc && { ...doc, origin: originOf(doc.detail.state, inviteId) };

const ofCall = (recorded: Recorded) =>
  recorded.event.type === 'CallInviteUsed' ? recorded.event.callId : streamId(recorded);

const newestFirst = (field: string) => ({ store: 1, [field]: 1, 'doc.startedAt': -1, _id: -1 }) as const;

/** Every call, one document each, keyed by `callId`. The status is the domain's conclusion. */
export const callLogs: Projection<CallRow> = {
  name: 'call_logs',
  version: 5,
  indexes: [
    [{ store: 1, 'doc.startedAt': -1, _id: -1 }],
    [{ store: 1, 'doc.talkSeconds': -1, _id: -1 }],
    [newestFirst('doc.status')],
    [newestFirst('doc.agentId')],
    [newestFirst('doc.customer.customerId')],
    [newestFirst('doc.customer.waId')],
    [{ store: 1, 'doc.ticketId': 1 }],
    [{ store: 1, 'doc.metaCallId': 1 }],
  ],
  listensTo: new Set([...Object.keys(call.events), 'CallInviteUsed']),
  keyOf: ofCall,
  evolve: (doc, recorded) =>
    recorded.event.type === 'CallInviteUsed'
      ? cameFrom(doc, recorded.event)
      : withEvent(doc, streamId(recorded), recorded.event as CallEvent, recorded.id),
};
