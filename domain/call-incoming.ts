import {
  concluding,
  type Decision,
  type Fields,
  knowsMore,
  missed,
  missIfOver,
  queueReason,
  type Termination,
} from './call-ending.ts';
import type { MissReason, Payloads, QueueCause, Staff } from './call-events.ts';
import {
  answering,
  type Call,
  type CallEvent,
  evolve,
  isOver,
  isWaiting,
  nameless,
  ringing,
  tellsOrigin,
} from './call-state.ts';
import { refuse } from './decider.ts';
import { type Instant, seconds } from './time.ts';

/** `staff`: who the agent is whose the call is by turn. */
type Routed = Omit<Fields<'CallRouted'>, 'missReason' | 'journeyId' | 'queued'> & {
  noAgent: MissReason | null;
  staff?: Staff;
} & Partial<Pick<Fields<'CallRouted'>, 'journeyId' | 'queued'>>;
type Missed = { at: Instant; callId: string; reason: MissReason; agentId?: string; staff?: Staff };
type OfAgent = { at: Instant; callId: string; agentId: string };
type OfOffer = { at: Instant; callId: string; offerId: string };

/** What every webhook of an incoming call tells about it, whichever comes first. */
export type IncomingCall = Omit<Fields<'CallReceived'>, 'at' | 'seenBy' | 'sdpOffer'>;

/** A connect older than this when it reaches us, or left lying by us for as long, rings nobody (Meta's caller waits 30 to 60 s). */
const staleAfter = seconds(60);

/** What a webhook that is not the first adds to where the call came from. */
const revealed = (s: Call, { at, callId, ctaPayload, deeplinkPayload }: { at: Instant; callId: string } & Payloads) => {
  const told = { ctaPayload, deeplinkPayload };
  return tellsOrigin(s, told) ? [{ type: 'CallOriginRevealed' as const, at, callId, ...told }] : [];
};

/** Whether an incoming call may still ring at anybody, at an instant. */
export const mayRing = (s: Call, at: Instant) =>
  !isOver(s) && s.receivedAt - s.startedAt <= staleAfter && (s.routed || at - s.receivedAt <= staleAfter);

/** The offer that rings now, if it is this one and the call goes on. */
const openOffer = (s: Call, offerId: string) => {
  const offer = isOver(s) ? undefined : ringing(s);
  return offer?.offerId === offerId ? offer : undefined;
};

/** Once; again only to let it wait, for something else than now, or to end its waiting. */
const mayRoute = (s: Call, waitsFor: QueueCause | undefined) =>
  !s.routed || (isWaiting(s) && s.queue?.because !== waitsFor);

/** The call as that of the agent whose turn it was, if it was anybody's. */
const ofAgent = (s: Call, agentId: string | null | undefined, staff = nameless): Call =>
  agentId ? { ...s, agentId, staff } : s;

const legOf = (s: Call, { at, callId, offerId }: OfOffer, agentId: string) => ({
  at,
  callId,
  offerId,
  agentId,
  ticketId: s.ticketId ?? '',
});

/** What may be said of an incoming call: its first sign, its routing, its offers, its answer. */
export const incomingCommands = {
  /** Meta's `connect` of an incoming call. `at` is Meta's time, `receivedAt` ours. */
  ReceiveCall: concluding((s, c: IncomingCall & { at: Instant; sdpOffer: string | null }) => {
    if (s.direction === null) return [{ type: 'CallReceived', ...c, seenBy: 'connect' }];
    if (s.direction === 'outgoing') return refuse('call.unknown');
    if (s.startedAt <= c.at) return revealed(s, c);
    const { at, callId, ctaPayload, deeplinkPayload } = c;
    return [{ type: 'LateConnectReceived', at, callId, ctaPayload, deeplinkPayload }];
  }),

  /**
   * The router's decision, made once, or again for a call that waits or is to wait; for a call that is already over it
   * only tells why it was missed. `noAgent` beside `chosen`: it is that agent's, who could not take it.
   */
  RouteCall: concluding((s, { noAgent, staff, journeyId = null, queued = null, ...c }: Routed) => {
    if (s.direction !== 'incoming' || !mayRoute(s, queued?.because)) return [];
    const routed: CallEvent = { type: 'CallRouted', ...c, journeyId, queued, missReason: noAgent };
    const turnOf = noAgent === null ? null : c.chosen;
    if (s.ended) return missIfOver(ofAgent(s, turnOf, staff), [routed], c.callId, noAgent);
    const rings = mayRing(s, c.at);
    if (rings && noAgent === null) return [routed];
    const after = ofAgent(evolve(s, routed), turnOf, staff);
    return [routed, missed(after, c.callId, c.at, noAgent ?? 'caller_hung_up', rings)];
  }),

  /** It waited as long as it may. */
  TimeOutQueue: concluding((s, { at, callId }: { at: Instant; callId: string }) => {
    if (s.queue === null || !isWaiting(s) || at < s.queue.until) return [];
    return [missed(s, callId, at, queueReason(s.queue), true)];
  }),

  OfferCall: (s: Call, c: Omit<Fields<'CallOffered'>, 'ticketId'>): Decision => {
    if (s.offers.some(({ offerId }) => offerId === c.offerId)) return [];
    if (!s.routed || !isWaiting(s)) return refuse('call.not_offerable');
    return [{ type: 'CallOffered', ...c, ticketId: s.ticketId ?? '' }];
  },

  AcknowledgeOffer: (s: Call, c: OfOffer & OfAgent): Decision => {
    const offer = openOffer(s, c.offerId);
    const isNews = offer?.agentId === c.agentId && !offer.acknowledged;
    return isNews ? [{ type: 'OfferAcknowledged', ...legOf(s, c, c.agentId) }] : [];
  },

  DeclineOffer: (s: Call, c: OfAgent): Decision => {
    if (s.direction === null) return refuse('call.unknown');
    const mine = s.offers.filter(({ agentId }) => agentId === c.agentId);
    if (mine.length === 0) return refuse('call.not_offered');
    if (isOver(s)) return [];
    const open = mine.find(({ state }) => state === 'ringing');
    if (open) return [{ type: 'OfferDeclined', ...legOf(s, { ...c, offerId: open.offerId }, c.agentId) }];
    return mine.some(({ state }) => state === 'declined') ? [] : refuse('call.not_offered');
  },

  TimeOutOffer: (s: Call, c: OfOffer): Decision => {
    const offer = openOffer(s, c.offerId);
    return offer ? [{ type: 'OfferTimedOut', ...legOf(s, c, offer.agentId) }] : [];
  },

  GiveUpUnacknowledged: (s: Call, c: OfOffer): Decision => {
    const offer = openOffer(s, c.offerId);
    return offer && !offer.acknowledged ? [{ type: 'OfferNotAcknowledged', ...legOf(s, c, offer.agentId) }] : [];
  },

  /** The page at which it rings has gone and did not come back. */
  LoseOffer: (s: Call, c: { at: Instant; callId: string; agentId: string }): Decision => {
    const offer = ringing(s);
    if (offer?.agentId !== c.agentId) return [];
    return [{ type: 'OfferNotAcknowledged', ...legOf(s, { ...c, offerId: offer.offerId }, offer.agentId) }];
  },

  /** Nobody is left to offer it to, or time is up. `agentId`: whose it was by turn, if they were not even offered it. */
  MissCall: concluding((s, { at, callId, reason, agentId, staff }: Missed) =>
    isOver(s) || answering(s) || s.answeredAt !== null || !s.routed
      ? []
      : [missed(ofAgent(s, agentId, staff), callId, at, reason, true)],
  ),

  /** The offered agent takes the call. */
  AnswerCall: (s: Call, c: OfAgent): Decision => {
    if (s.direction === null) return refuse('call.unknown');
    if (s.answeredAt !== null && s.agentId === c.agentId) return [];
    if (isOver(s)) return refuse('call.ended');
    if (answering(s)?.agentId === c.agentId) return refuse('call.being_answered');
    const offer = ringing(s);
    if (offer?.agentId !== c.agentId) return refuse('call.not_offered');
    return [{ type: 'CallAnswering', ...legOf(s, { ...c, offerId: offer.offerId }, c.agentId) }];
  },

  ConfirmAnswer: concluding((s, c: OfAgent) =>
    s.answeredAt === null && answering(s)?.agentId === c.agentId
      ? [{ type: 'CallAnswered', ...c, ticketId: s.ticketId ?? '', ...s.parties }]
      : [],
  ),

  /** Meta did not take our answer. */
  FailAnswer: concluding((s, { metaErrorCode, ...c }: OfAgent & { metaErrorCode: number | null }) => {
    const offer = answering(s);
    if (offer?.agentId !== c.agentId) return [];
    const leg = legOf(s, { ...c, offerId: offer.offerId }, c.agentId);
    const failed: CallEvent = { type: 'CallAnswerFailed', ...leg, metaErrorCode };
    if (s.ended) return missIfOver(s, [failed], c.callId, null);
    return [failed, missed(evolve(s, failed), c.callId, c.at, 'provider_failure', true)];
  }),

  /** Meta's `terminate` of an incoming call; it may overtake the `connect`. */
  TerminateIncoming: concluding((s, { seen, ...c }: Termination & { callId: string; seen: IncomingCall }) => {
    if (s.direction === 'outgoing') return refuse('call.unknown');
    const first: CallEvent[] =
      s.direction === null
        ? [{ type: 'CallReceived', at: c.at, ...seen, seenBy: 'terminate', sdpOffer: null }]
        : revealed(s, { at: c.at, ...seen });
    if (!knowsMore(s, c)) return first;
    return missIfOver(s, [...first, { type: 'CallEnded', ...c, from: 'meta' }], c.callId, null);
  }),
};
