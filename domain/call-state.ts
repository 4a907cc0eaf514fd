import type { Direction } from './agent.ts';
import type { Conclusion, callEvents, MissReason, Payloads, QueueCause, Staff } from './call-events.ts';
import { type EventOf, evolving } from './decider.ts';
import type { Instant } from './time.ts';

export type CallEvent = EventOf<typeof callEvents>;

type OfferState = 'ringing' | 'declined' | 'timed_out' | 'not_acknowledged' | 'answering' | 'answered' | 'failed';
export type Offer = {
  readonly offerId: string;
  readonly agentId: string;
  readonly expiresAt: Instant;
  readonly acknowledged: boolean;
  readonly state: OfferState;
};

type Ended = Omit<Extract<CallEvent, { type: 'CallEnded' }>, 'type' | 'callId'>;
type Parties = { channelId: string; channelName: string; customerId: string };
type Person = { waId: string | null; customerName: string | null };

export type Call = {
  readonly direction: Direction | null;
  readonly parties: Parties;
  readonly person: Person;
  readonly metaCallId: string | null;
  readonly ticketId: string | null;
  readonly agentId: string | null;
  readonly staff: Staff;
  readonly startedAt: Instant;
  readonly receivedAt: Instant;
  readonly payloads: Payloads;
  readonly routed: boolean;
  /** Waiting for an agent: since its last routing, at most until then. */
  readonly queue: { readonly because: QueueCause; readonly until: Instant } | null;
  readonly offers: readonly Offer[];
  readonly missed: { readonly at: Instant; readonly reason: MissReason } | null;
  readonly answeredAt: Instant | null;
  readonly ringingAt: Instant | null;
  readonly pickedUpAt: Instant | null;
  readonly rejectedAt: Instant | null;
  readonly sdpAnswered: boolean;
  readonly endRequestedAt: Instant | null;
  readonly hungUpAt: Instant | null;
  readonly refusedAt: Instant | null;
  readonly ended: Ended | null;
  readonly conclusion: Conclusion | null;
};

export const nameless: Staff = { agentName: null, team: null };

export const initialCall: Call = {
  direction: null,
  parties: { channelId: '', channelName: '', customerId: '' },
  person: { waId: null, customerName: null },
  metaCallId: null,
  ticketId: null,
  agentId: null,
  staff: nameless,
  startedAt: 0,
  receivedAt: 0,
  payloads: { ctaPayload: null, deeplinkPayload: null },
  routed: false,
  queue: null,
  offers: [],
  missed: null,
  answeredAt: null,
  ringingAt: null,
  pickedUpAt: null,
  rejectedAt: null,
  sdpAnswered: false,
  endRequestedAt: null,
  hungUpAt: null,
  refusedAt: null,
  ended: null,
  conclusion: null,
};

const earliest = (known: Instant | null, at: Instant) => (known === null ? at : Math.min(known, at));

/** Of two webhooks either may leave out what the other tells. */
const bothSay = (a: Payloads, b: Payloads): Payloads => ({
  ctaPayload: a.ctaPayload ?? b.ctaPayload,
  deeplinkPayload: a.deeplinkPayload ?? b.deeplinkPayload,
});

const withOffer = (s: Call, offerId: string, change: Partial<Offer>): Call => ({
  ...s,
  offers: s.offers.map((offer) => (offer.offerId === offerId ? { ...offer, ...change } : offer)),
});

/** The state of a call after each event. */
export const evolveCall: { [K in CallEvent['type']]: (s: Call, event: Extract<CallEvent, { type: K }>) => Call } = {
  CallReceived: (s, e) => ({
    ...s,
    direction: 'incoming',
    parties: { channelId: e.channelId, channelName: e.channelName, customerId: e.customerId },
    person: { waId: e.waId, customerName: e.customerName },
    metaCallId: e.metaCallId,
    startedAt: e.at,
    receivedAt: e.receivedAt,
    payloads: bothSay(s.payloads, e),
  }),
  LateConnectReceived: (s, e) => ({ ...s, startedAt: e.at, payloads: bothSay(s.payloads, e) }),
  CallOriginRevealed: (s, e) => ({ ...s, payloads: bothSay(s.payloads, e) }),
  CallRouted: (s, { ticketId, queued }) => ({ ...s, routed: true, ticketId, queue: queued }),
  CallOffered: (s, { offerId, agentId, agentName, team, expiresAt }) => ({
    ...s,
    agentId,
    staff: { agentName, team },
    queue: null,
    offers: [...s.offers, { offerId, agentId, expiresAt, acknowledged: false, state: 'ringing' }],
  }),
  OfferAcknowledged: (s, { offerId }) => withOffer(s, offerId, { acknowledged: true }),
  OfferDeclined: (s, { offerId }) => withOffer(s, offerId, { state: 'declined' }),
  OfferTimedOut: (s, { offerId }) => withOffer(s, offerId, { state: 'timed_out' }),
  OfferNotAcknowledged: (s, { offerId }) => withOffer(s, offerId, { state: 'not_acknowledged' }),
  CallAnswering: (s, { offerId }) => withOffer(s, offerId, { state: 'answering' }),
  CallAnswered: (s, { at, agentId }) => ({
    ...withOffer(s, answering(s)?.offerId ?? '', { state: 'answered' }),
    agentId,
    answeredAt: earliest(s.answeredAt, at),
  }),
  CallAnswerFailed: (s, { offerId }) => withOffer(s, offerId, { state: 'failed' }),
  CallMissed: (s, { at, reason, agentId, agentName, team }) => ({
    ...s,
    agentId,
    staff: { agentName, team },
    missed: { at, reason },
  }),
  CallEndRequested: (s, { at }) => ({ ...s, endRequestedAt: at }),
  CallHungUp: (s, { at }) => ({ ...s, hungUpAt: at }),
  CallEnded: (s, { type: _, callId: __, ...ended }) => ({ ...s, ended }),
  CallPlaced: (s, e) => ({
    ...s,
    direction: 'outgoing',
    parties: { channelId: e.channelId, channelName: e.channelName, customerId: e.customerId },
    person: { waId: e.waId, customerName: e.customerName },
    ticketId: e.ticketId,
    agentId: e.agentId,
    staff: { agentName: e.agentName, team: e.team },
    startedAt: e.at,
    receivedAt: e.at,
  }),
  CallDialled: (s, { metaCallId }) => ({ ...s, metaCallId }),
  CallRefused: (s, { at }) => ({ ...s, refusedAt: at }),
  DialOutcomeUnknown: (s) => s,
  SdpAnswerReceived: (s, { metaCallId }) => ({ ...s, metaCallId, sdpAnswered: true }),
  CallRinging: (s, { at, metaCallId }) => ({ ...s, metaCallId, ringingAt: earliest(s.ringingAt, at) }),
  CallPickedUp: (s, { at, metaCallId }) => ({ ...s, metaCallId, pickedUpAt: earliest(s.pickedUpAt, at) }),
  CallRejected: (s, { at, metaCallId }) => ({ ...s, metaCallId, rejectedAt: earliest(s.rejectedAt, at) }),
  CallConcluded: (s, e) => ({
    ...s,
    conclusion: {
      status: e.status,
      subStatus: e.subStatus,
      missReason: e.missReason,
      startedAt: e.startedAt,
      answeredAt: e.answeredAt,
      endedAt: e.endedAt,
      ringSeconds: e.ringSeconds,
      talkSeconds: e.talkSeconds,
      endedBy: e.endedBy,
    },
  }),
};

/** The state of a call after one more event. */
export const evolve = evolving<CallEvent, Call>(evolveCall);

/** The words that the call button or the deep link carried. */
export const tagsOf = ({ payloads: { ctaPayload, deeplinkPayload } }: Call): readonly string[] =>
  [ctaPayload, deeplinkPayload].flatMap((payload) => payload?.split(/[\s,;]+/).filter(Boolean) ?? []);

/** Whether a webhook tells more of where the call came from than we know. */
export const tellsOrigin = ({ payloads }: Call, told: Payloads): boolean => {
  const { ctaPayload, deeplinkPayload } = bothSay(payloads, told);
  return ctaPayload !== payloads.ctaPayload || deeplinkPayload !== payloads.deeplinkPayload;
};

/** The offer an agent has taken and Meta has not confirmed yet. */
export const answering = (s: Call) => s.offers.find(({ state }) => state === 'answering');
/** The offer that rings at an agent now. */
export const ringing = (s: Call) => s.offers.find(({ state }) => state === 'ringing');
/** Over at Meta, or given up by us: it never reopens. */
export const isOver = (s: Call) => s.ended !== null || s.missed !== null || s.refusedAt !== null;
/** Nobody has it: it rings at no agent, and none has taken it. */
export const isWaiting = (s: Call) => !isOver(s) && !ringing(s) && !answering(s) && s.answeredAt === null;
/** Given up by us, which Meta may not know yet: an agent hung up, or nothing was heard of it for too long. */
export const isGivenUp = ({ ended, endRequestedAt }: Call) =>
  ended === null ? endRequestedAt !== null : ended.from === 'watchdog';
/** Nothing came of a call of ours: Meta refused it, or never said a word about it. */
export const cameToNothing = ({ refusedAt, ended }: Call) => refusedAt !== null || ended?.from === 'watchdog';
