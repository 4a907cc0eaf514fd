import type { Conclusion, MissReason } from './call-events.ts';
import { conclusionOf, failed } from './call-outcome.ts';
import { answering, type Call, type CallEvent, evolve, isOver } from './call-state.ts';
import { fold, isRefusal, type Refusal, refuse, same } from './decider.ts';
import type { Instant } from './time.ts';

export type Decision = readonly CallEvent[] | Refusal;
export type Fields<T extends CallEvent['type']> = Omit<Extract<CallEvent, { type: T }>, 'type'>;

/** What Meta's `terminate` tells. */
export type Termination = Omit<Fields<'CallEnded'>, 'callId' | 'from'>;

/** Adds the conclusion to a decision that ends the call, or that changes how an ended one counts. */
export const concluding =
  <C extends { callId: string; at: Instant }>(decide: (s: Call, command: C) => Decision) =>
  (s: Call, command: C): Decision => {
    const events = decide(s, command);
    if (isRefusal(events) || events.length === 0) return events;
    const after = fold({ evolve }, s, events);
    const conclusion = conclusionOf(after);
    if (conclusion === null || (s.conclusion !== null && same(conclusion, s.conclusion))) return events;
    const { at, callId } = command;
    const { direction, parties, ticketId, agentId } = after;
    const whose = { direction: direction ?? 'incoming', ...parties, ticketId, agentId };
    return [...events, { type: 'CallConcluded', at, callId, ...whose, corrects: s.conclusion !== null, ...conclusion }];
  };

/** The call is missed. `hangUp`: the caller may still be ringing. */
export const missed = (s: Call, callId: string, at: Instant, reason: MissReason, hangUp: boolean): CallEvent => ({
  type: 'CallMissed',
  at,
  callId,
  ...s.parties,
  ...s.person,
  ticketId: s.ticketId ?? '',
  agentId: s.agentId,
  ...s.staff,
  reason,
  hangUp,
  metaCallId: s.metaCallId ?? '',
});

/** Why a call that waited as long as it may is missed. */
export const queueReason = ({ because }: NonNullable<Call['queue']>): MissReason =>
  because === 'capacity_full' ? 'capacity_full' : 'queue_timeout';

/** Who hangs up when the wait is over anyway has waited in vain, whichever we hear of first. */
const endedBecause = (s: Call, at: Instant): MissReason => {
  if (failed(s)) return 'provider_failure';
  return s.queue !== null && at >= s.queue.until ? queueReason(s.queue) : 'caller_hung_up';
};

/**
 * An incoming call that nobody answered is missed as soon as it has ended and the router has spoken, in either order.
 * `noAgent`: what the router says if nobody could have had it; else it failed, or the caller gave up.
 */
export const missIfOver = (
  s: Call,
  events: readonly CallEvent[],
  callId: string,
  noAgent: MissReason | null,
): readonly CallEvent[] => {
  const after = fold({ evolve }, s, events);
  const { direction, routed, ended, answeredAt } = after;
  const isOpen = direction === 'incoming' && routed && after.missed === null && answeredAt === null;
  if (!isOpen || ended === null || ended.connectedAt !== null || answering(after)) return events;
  return [...events, missed(after, callId, ended.at, noAgent ?? endedBecause(after, ended.at), false)];
};

/** Of two ends of one call the one that knows more holds: Meta's before our own guess, then the longer conversation. */
export const knowsMore = ({ ended }: Call, now: Termination) =>
  ended === null || ended.from === 'watchdog' || (now.durationSeconds ?? -1) > (ended.durationSeconds ?? -1);

const nothingKnown = { connectedAt: null, disconnectedAt: null, durationSeconds: null, metaErrorCode: null };

/** The end of a call of which Meta says nothing. */
export const endUnheard = (callId: string, at: Instant, failed: boolean): CallEvent => ({
  ...{ type: 'CallEnded', at, callId, from: 'watchdog', ...nothingKnown },
  failed,
});

/**
 * How a call counts that is over: as Meta told, or as far as we know when it has only taken our end of it yet. `null` while
 * it goes on.
 */
export const outcomeOf = (s: Call): Conclusion | null => {
  if (s.conclusion !== null || s.hungUpAt === null) return s.conclusion;
  return conclusionOf({ ...s, ended: { at: s.hungUpAt, from: 'watchdog', ...nothingKnown, failed: false } });
};

/** How a call of either direction is brought to its end from our side. */
export const endingCommands = {
  RequestEnd: (s: Call, { at, callId, agentId }: { at: Instant; callId: string; agentId: string }): Decision => {
    if (s.direction === null) return refuse('call.unknown');
    if (s.agentId !== agentId || (s.direction === 'incoming' && s.answeredAt === null))
      return isOver(s) ? refuse('call.ended') : refuse('call.not_yours');
    if (s.endRequestedAt !== null) return [];
    return isOver(s)
      ? refuse('call.ended')
      : [{ type: 'CallEndRequested', at, callId, agentId, metaCallId: s.metaCallId }];
  },

  /** Meta took the end that was asked for. */
  RecordHungUp: (s: Call, { at, callId }: { at: Instant; callId: string }): Decision =>
    s.endRequestedAt === null || s.hungUpAt !== null || isOver(s) || s.agentId === null
      ? []
      : [{ type: 'CallHungUp', at, callId, agentId: s.agentId, ...s.parties }],

  /** Nothing was heard of the call for so long that it cannot go on: it failed, unless we had asked for its end. */
  GiveUpCall: concluding((s, { at, callId }: { at: Instant; callId: string }) => {
    if (s.direction === null || s.conclusion !== null) return [];
    const ended = s.ended ? [] : [endUnheard(callId, at, s.endRequestedAt === null)];
    const unconfirmed = answering(s);
    if (!unconfirmed) return missIfOver(s, ended, callId, null);
    const { offerId, agentId } = unconfirmed;
    const leg = { at, callId, offerId, agentId, ticketId: s.ticketId ?? '', metaErrorCode: null };
    return missIfOver(s, [...ended, { type: 'CallAnswerFailed', ...leg }], callId, null);
  }),
};
