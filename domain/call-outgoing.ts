import { concluding, type Decision, type Fields, knowsMore, type Termination } from './call-ending.ts';
import { type Call, type CallEvent, isOver } from './call-state.ts';
import { refuse } from './decider.ts';
import type { Instant } from './time.ts';

type OfMeta = { at: Instant; callId: string; metaCallId: string };

/** Notes the first time that Meta tells a thing of a call we know. */
const once =
  (knownAt: (s: Call) => Instant | null, event: (s: Call, c: OfMeta) => CallEvent) =>
  (s: Call, c: OfMeta): Decision => {
    if (s.direction === null) return refuse('call.unknown');
    return knownAt(s) === null ? [event(s, c)] : [];
  };

/** What may be said of a call we place: dialled or refused, then what Meta tells of it, in any order. */
export const outgoingCommands = {
  PlaceCall: (s: Call, c: Fields<'CallPlaced'>): Decision =>
    s.direction === null ? [{ type: 'CallPlaced', ...c }] : [],

  RecordDialled: (s: Call, c: Fields<'CallDialled'>): Decision =>
    s.metaCallId === null ? [{ type: 'CallDialled', ...c }] : [],

  /** A call that already rings was not refused, whatever the answer to our request said. */
  RecordDialRefused: concluding((s, c: Fields<'CallRefused'>) =>
    isOver(s) || s.ringingAt !== null || s.pickedUpAt !== null ? [] : [{ type: 'CallRefused', ...c }],
  ),

  RecordDialUnknown: (s: Call, c: Fields<'DialOutcomeUnknown'>): Decision =>
    s.metaCallId === null && !isOver(s) ? [{ type: 'DialOutcomeUnknown', ...c }] : [],

  RecordSdpAnswer: (s: Call, c: OfMeta & { sdpAnswer: string | null }): Decision => {
    if (s.direction === null) return refuse('call.unknown');
    return s.sdpAnswered ? [] : [{ type: 'SdpAnswerReceived', ...c, customerId: s.parties.customerId }];
  },

  RecordRinging: once(
    (s) => s.ringingAt,
    (_, c) => ({ type: 'CallRinging', ...c }),
  ),

  RecordPickedUp: concluding(
    once(
      (s) => s.pickedUpAt,
      (s, c) => ({ type: 'CallPickedUp', ...c, ticketId: s.ticketId ?? '', agentId: s.agentId ?? '', ...s.parties }),
    ),
  ),

  RecordRejected: concluding(
    once(
      (s) => s.rejectedAt,
      (_, c) => ({ type: 'CallRejected', ...c }),
    ),
  ),

  /** Meta's `terminate` of an outgoing call. */
  TerminateOutgoing: concluding((s, c: Termination & { callId: string }) => {
    if (s.direction === null) return refuse('call.unknown');
    return knowsMore(s, c) ? [{ type: 'CallEnded', ...c, from: 'meta' }] : [];
  }),
};
