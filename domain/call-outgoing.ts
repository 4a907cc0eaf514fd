import { concluding, type Decision, endUnheard, type Fields, knowsMore, type Termination } from './call-ending.ts';
import { type Call, type CallEvent, isOver } from './call-state.ts';
import { refuse } from './decider.ts';
import { type Instant, notBefore } from './time.ts';

type OfMeta = { at: Instant; callId: string; metaCallId: string };

/** Decides for a call we placed; what is told of any other is not known here. */
const ofPlaced =
  <C>(decide: (s: Call, command: C) => readonly CallEvent[]) =>
  (s: Call, command: C): Decision =>
    s.direction === 'outgoing' ? decide(s, command) : refuse('call.unknown');

/** Decides on what Meta tells of a call we placed. */
const ofHeard = (decide: (s: Call, told: OfMeta) => readonly CallEvent[]) =>
  ofPlaced((s, told: OfMeta) => decide(s, { ...told, at: notBefore(s.startedAt)(told.at) }));

/** What may be said of a call we place: dialled or refused, then what Meta tells of it, in any order. */
export const outgoingCommands = {
  PlaceCall: (s: Call, c: Fields<'CallPlaced'>): Decision =>
    s.direction === null ? [{ type: 'CallPlaced', ...c }] : [],

  /** It was never placed, and is not to be any more: Meta was not asked. `at` is when that was noticed. */
  AbandonCall: concluding((s, { authorisedAt, ...c }: { authorisedAt: Instant } & Fields<'CallPlaced'>) =>
    s.direction === null ? [{ type: 'CallPlaced', ...c, at: authorisedAt }, endUnheard(c.callId, c.at, true)] : [],
  ),

  RecordDialled: ofPlaced((s, c: Fields<'CallDialled'>) =>
    s.metaCallId === null ? [{ type: 'CallDialled', ...c }] : [],
  ),

  /** A call that already rings was not refused, whatever the answer to our request said. */
  RecordDialRefused: concluding(
    ofPlaced((s, c: Fields<'CallRefused'>) =>
      isOver(s) || s.ringingAt !== null || s.pickedUpAt !== null ? [] : [{ type: 'CallRefused', ...c }],
    ),
  ),

  RecordDialUnknown: ofPlaced((s, c: Fields<'DialOutcomeUnknown'>) =>
    s.metaCallId === null && !isOver(s) ? [{ type: 'DialOutcomeUnknown', ...c }] : [],
  ),

  RecordSdpAnswer: ofPlaced((s, c: OfMeta & { sdpAnswer: string | null }) =>
    s.sdpAnswered ? [] : [{ type: 'SdpAnswerReceived', ...c, customerId: s.parties.customerId }],
  ),

  RecordRinging: ofHeard((s, told) => (s.ringingAt === null ? [{ type: 'CallRinging', ...told }] : [])),

  RecordPickedUp: concluding(
    ofHeard((s, told) => {
      const { parties, ticketId, agentId } = s;
      const whose = { ...parties, ticketId: ticketId ?? '', agentId: agentId ?? '' };
      return s.pickedUpAt === null ? [{ type: 'CallPickedUp', ...told, ...whose }] : [];
    }),
  ),

  RecordRejected: concluding(ofHeard((s, told) => (s.rejectedAt === null ? [{ type: 'CallRejected', ...told }] : []))),

  /** Meta's `terminate` of an outgoing call. */
  TerminateOutgoing: concluding(
    ofPlaced((s, c: Termination & { callId: string }) =>
      knowsMore(s, c) ? [{ type: 'CallEnded', ...c, from: 'meta' }] : [],
    ),
  ),
};
