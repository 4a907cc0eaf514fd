import { callEvents, type MissReason } from './call-events.ts';
import { conclusionOf } from './call-outcome.ts';
import { answering, type Call, type CallEvent, evolveCall, initialCall, isOver, ringing } from './call-state.ts';
import { decider, fold, isRefusal, type Refusal, refuse } from './decider.ts';
import { type Instant, seconds } from './time.ts';

type Decision = readonly CallEvent[] | Refusal;
type Fields<T extends CallEvent['type']> = Omit<Extract<CallEvent, { type: T }>, 'type'>;

/** What every webhook of an incoming call tells about it, whichever comes first. */
export type IncomingCall = Omit<Fields<'CallReceived'>, 'at' | 'seenBy' | 'sdpOffer'>;
export type Termination = Omit<Fields<'CallEnded'>, 'callId' | 'from'>;

/** A connect older than this when it reaches us rings nobody (Meta's caller waits 30 to 60 s). */
export const staleAfter = seconds(60);

/** Whether an incoming call may still ring at anybody. */
export const mayRing = (s: Call) => !isOver(s) && s.receivedAt - s.startedAt <= staleAfter;

const evolve = (s: Call, event: CallEvent) => evolveCall[event.type](s, event as never);

/** Adds the conclusion to a decision that ends the call, or that changes how an ended one counts. */
const concluding =
  <C extends { callId: string; at: Instant }>(decide: (s: Call, command: C) => Decision) =>
  (s: Call, command: C): Decision => {
    const events = decide(s, command);
    if (isRefusal(events) || events.length === 0) return events;
    const after = fold({ evolve }, s, events);
    const conclusion = conclusionOf(after);
    if (conclusion === null || JSON.stringify(conclusion) === JSON.stringify(s.conclusion)) return events;
    const { direction, parties, ticketId, agentId } = after;
    return [
      ...events,
      {
        type: 'CallConcluded',
        at: command.at,
        callId: command.callId,
        direction: direction ?? 'incoming',
        ...parties,
        ticketId,
        agentId,
        corrects: s.conclusion !== null,
        ...conclusion,
      },
    ];
  };

const missed = (s: Call, callId: string, at: Instant, reason: MissReason, hangUp: boolean): CallEvent => ({
  type: 'CallMissed',
  at,
  callId,
  ...s.parties,
  ...s.person,
  ticketId: s.ticketId ?? '',
  agentId: s.agentId,
  reason,
  hangUp,
  metaCallId: s.metaCallId ?? '',
});

/** An incoming call that nobody answered is missed as soon as it has ended and the router has spoken, in either order. */
const missIfOver = (
  s: Call,
  events: readonly CallEvent[],
  callId: string,
  because: MissReason,
): readonly CallEvent[] => {
  const after = fold({ evolve }, s, events);
  const open = after.direction === 'incoming' && after.routed && !after.missed && after.answeredAt === null;
  const over = after.ended !== null && after.ended.connectedAt === null && !answering(after);
  if (!open || !over) return events;
  const reason = after.ended?.failed ? 'provider_failure' : because;
  return [...events, missed(after, callId, after.ended?.at ?? after.startedAt, reason, false)];
};

/** Of two terminations of one call, the one that knows more holds. */
const knowsMore = (known: Termination | null, now: Termination) =>
  known === null || (now.durationSeconds ?? -1) > (known.durationSeconds ?? -1);

const closeOffer =
  <T extends 'OfferDeclined' | 'OfferTimedOut' | 'OfferNotAcknowledged'>(type: T) =>
  (s: Call, { at, callId, offerId }: { at: Instant; callId: string; offerId: string }): Decision => {
    const offer = ringing(s);
    if (offer?.offerId !== offerId) return [];
    return [{ type, at, callId, offerId, agentId: offer.agentId, ticketId: s.ticketId ?? '' } as CallEvent];
  };

const statusOnce =
  (
    known: (s: Call) => unknown,
    event: (s: Call, c: { at: Instant; callId: string; metaCallId: string }) => CallEvent,
  ) =>
  (s: Call, c: { at: Instant; callId: string; metaCallId: string }): Decision => {
    if (s.direction === null) return refuse('call.unknown');
    return known(s) === null ? [event(s, c)] : [];
  };

/** One call, incoming or outgoing, from its first sign to how it counts. Stream `call-<callId>`. */
export const call = decider({ category: 'call', events: callEvents, initial: initialCall })
  .decide({
    /** Meta's `connect` of an incoming call. `at` is Meta's time, `receivedAt` ours. */
    ReceiveCall: concluding((s, c: IncomingCall & { at: Instant; sdpOffer: string | null }) => {
      if (s.direction === null) return [{ type: 'CallReceived', ...c, seenBy: 'connect' }];
      if (s.startedAt <= c.at) return [];
      const { at, callId, ctaPayload, deeplinkPayload } = c;
      return [{ type: 'LateConnectReceived', at, callId, ctaPayload, deeplinkPayload }];
    }),

    /** The router's decision, made once; for a call that is already over it only tells why it was missed. */
    RouteCall: concluding(
      (s, { noAgent, ...c }: Omit<Fields<'CallRouted'>, 'missReason'> & { noAgent: MissReason | null }) => {
        if (s.routed || s.direction !== 'incoming') return [];
        const routed: CallEvent = { type: 'CallRouted', ...c, missReason: noAgent };
        const reason = noAgent ?? 'caller_hung_up';
        if (s.ended) return missIfOver(s, [routed], c.callId, reason);
        if (mayRing(s) && noAgent === null) return [routed];
        return [routed, missed(evolve(s, routed), c.callId, c.at, reason, true)];
      },
    ),

    OfferCall: (s, c: Omit<Fields<'CallOffered'>, 'ticketId'>) => {
      if (s.offers.some(({ offerId }) => offerId === c.offerId)) return [];
      if (!s.routed || isOver(s) || ringing(s) || answering(s) || s.answeredAt !== null)
        return refuse('call.not_offerable');
      return [{ type: 'CallOffered', ...c, ticketId: s.ticketId ?? '' }];
    },

    AcknowledgeOffer: (
      s,
      { at, callId, offerId, agentId }: { at: Instant; callId: string; offerId: string; agentId: string },
    ) => {
      const offer = ringing(s);
      if (offer?.offerId !== offerId || offer.agentId !== agentId || offer.acknowledged) return [];
      return [{ type: 'OfferAcknowledged', at, callId, offerId, agentId, ticketId: s.ticketId ?? '' }];
    },

    DeclineOffer: (s, c: { at: Instant; callId: string; agentId: string }) => {
      const offer = ringing(s);
      if (offer?.agentId === c.agentId) return closeOffer('OfferDeclined')(s, { ...c, offerId: offer.offerId });
      if (s.direction === null) return refuse('call.unknown');
      return s.offers.some((o) => o.agentId === c.agentId && o.state === 'declined') ? [] : refuse('call.not_offered');
    },

    TimeOutOffer: closeOffer('OfferTimedOut'),
    GiveUpUnacknowledged: (s, c: { at: Instant; callId: string; offerId: string }) =>
      ringing(s)?.acknowledged ? [] : closeOffer('OfferNotAcknowledged')(s, c),

    /** Nobody is left to offer it to, or time is up. */
    MissCall: concluding((s, { at, callId, reason }: { at: Instant; callId: string; reason: MissReason }) =>
      isOver(s) || answering(s) || s.answeredAt !== null || !s.routed ? [] : [missed(s, callId, at, reason, true)],
    ),

    /** The offered agent takes the call. */
    AnswerCall: (s, { at, callId, agentId }: { at: Instant; callId: string; agentId: string }) => {
      if (s.direction === null) return refuse('call.unknown');
      if (s.answeredAt !== null && s.agentId === agentId) return [];
      if (isOver(s)) return refuse('call.ended');
      const offer = ringing(s);
      if (answering(s)?.agentId === agentId) return refuse('call.being_answered');
      if (offer?.agentId !== agentId) return refuse('call.not_offered');
      return [{ type: 'CallAnswering', at, callId, offerId: offer.offerId, agentId, ticketId: s.ticketId ?? '' }];
    },

    ConfirmAnswer: concluding((s, { at, callId, agentId }: { at: Instant; callId: string; agentId: string }) =>
      s.answeredAt === null && answering(s)?.agentId === agentId
        ? [{ type: 'CallAnswered', at, callId, ticketId: s.ticketId ?? '', agentId, ...s.parties }]
        : [],
    ),

    /** Meta did not take our answer. */
    FailAnswer: concluding((s, c: { at: Instant; callId: string; agentId: string; metaErrorCode: number | null }) => {
      const offer = answering(s);
      if (offer?.agentId !== c.agentId) return [];
      const failed: CallEvent = { type: 'CallAnswerFailed', ...c, offerId: offer.offerId, ticketId: s.ticketId ?? '' };
      if (s.ended) return missIfOver(s, [failed], c.callId, 'caller_hung_up');
      return [failed, missed(evolve(s, failed), c.callId, c.at, 'provider_failure', true)];
    }),

    RequestEnd: (s, { at, callId, agentId }: { at: Instant; callId: string; agentId: string }) => {
      if (s.direction === null) return refuse('call.unknown');
      if (isOver(s)) return refuse('call.ended');
      if (s.agentId !== agentId || (s.direction === 'incoming' && s.answeredAt === null))
        return refuse('call.not_yours');
      return s.endRequestedAt === null
        ? [{ type: 'CallEndRequested', at, callId, agentId, metaCallId: s.metaCallId }]
        : [];
    },

    /** Meta's `terminate` of an incoming call; it may overtake the `connect`. */
    TerminateIncoming: concluding((s, { seen, ...c }: Termination & { callId: string; seen: IncomingCall }) => {
      if (!knowsMore(s.ended, c)) return [];
      const received: CallEvent[] =
        s.direction === null ? [{ type: 'CallReceived', at: c.at, ...seen, seenBy: 'terminate', sdpOffer: null }] : [];
      return missIfOver(s, [...received, { type: 'CallEnded', ...c, from: 'meta' }], c.callId, 'caller_hung_up');
    }),

    /** Meta's `terminate` of an outgoing call. */
    TerminateOutgoing: concluding((s, c: Termination & { callId: string }) => {
      if (s.direction === null) return refuse('call.unknown');
      return knowsMore(s.ended, c) ? [{ type: 'CallEnded', ...c, from: 'meta' }] : [];
    }),

    /** Nothing was heard of the call for so long that it cannot go on. */
    GiveUpCall: concluding((s, { at, callId }: { at: Instant; callId: string }) => {
      if (s.direction === null || isOver(s)) return [];
      const nothing = { connectedAt: null, disconnectedAt: null, durationSeconds: null, metaErrorCode: null };
      const ended: CallEvent = { type: 'CallEnded', at, callId, from: 'watchdog', ...nothing, failed: true };
      return missIfOver(s, [ended], callId, 'provider_failure');
    }),

    PlaceCall: (s, c: Fields<'CallPlaced'>) => (s.direction === null ? [{ type: 'CallPlaced', ...c }] : []),

    RecordDialled: (s, c: Fields<'CallDialled'>) => (s.metaCallId === null ? [{ type: 'CallDialled', ...c }] : []),

    RecordDialRefused: concluding((s, c: Fields<'CallRefused'>) => (isOver(s) ? [] : [{ type: 'CallRefused', ...c }])),

    RecordDialUnknown: (s, c: Fields<'DialOutcomeUnknown'>) =>
      s.metaCallId === null && !isOver(s) ? [{ type: 'DialOutcomeUnknown', ...c }] : [],

    RecordSdpAnswer: (s, c: { at: Instant; callId: string; metaCallId: string; sdpAnswer: string | null }) => {
      if (s.direction === null) return refuse('call.unknown');
      return s.sdpAnswered ? [] : [{ type: 'SdpAnswerReceived', ...c, customerId: s.parties.customerId }];
    },

    RecordRinging: statusOnce(
      (s) => s.ringingAt,
      (_, c) => ({ type: 'CallRinging', ...c }),
    ),

    RecordPickedUp: concluding(
      statusOnce(
        (s) => s.pickedUpAt,
        (s, c) => ({ type: 'CallPickedUp', ...c, ticketId: s.ticketId ?? '', agentId: s.agentId ?? '', ...s.parties }),
      ),
    ),

    RecordRejected: concluding(
      statusOnce(
        (s) => s.rejectedAt,
        (_, c) => ({ type: 'CallRejected', ...c }),
      ),
    ),
  })
  .evolve(evolveCall);
