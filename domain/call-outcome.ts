import type { Conclusion } from './call-events.ts';
import { type Call, isOver, ringing } from './call-state.ts';
import { type Instant, notBefore } from './time.ts';

const secondsBetween = (from: Instant, until: Instant) => Math.max(0, Math.round((until - from) / 1_000));

/** Whether Meta (or our watchdog) says that the call failed. */
export const failed = ({ ended }: Call) => ended !== null && (ended.failed || ended.metaErrorCode !== null);
const timed = ({ ended }: Call) => ended !== null && ended.connectedAt !== null;

/** Did anybody speak? Evidence, strongest first: Meta's timing, the customer's ACCEPTED, our own accepted answer. */
const answeredAtOf = (s: Call): Instant | null => s.ended?.connectedAt ?? s.pickedUpAt ?? s.answeredAt;

const incomingStatus = (s: Call) => {
  if (timed(s)) return failed(s) ? 'disconnected' : 'completed';
  return s.answeredAt === null ? 'missed' : 'disconnected';
};

const outgoingStatus = (s: Call) => {
  if (timed(s)) return failed(s) ? 'disconnected' : 'completed';
  return s.pickedUpAt !== null || s.refusedAt !== null || failed(s) ? 'disconnected' : 'unanswered';
};

/** Whichever came first: the customer declined, or we gave up. */
const unansweredBecause = ({ rejectedAt, endRequestedAt }: Call) => {
  if (rejectedAt !== null && (endRequestedAt === null || rejectedAt <= endRequestedAt)) return 'declined';
  return endRequestedAt === null ? 'no_answer' : 'cancelled';
};

/** `unconfirmed`: nobody knows whether Meta ever had the call. */
const subStatusOf = (s: Call, status: Conclusion['status']) => {
  if (status === 'unanswered') return unansweredBecause(s);
  if (status !== 'disconnected') return null;
  if (s.refusedAt !== null) return 'refused';
  if (answeredAtOf(s) !== null) return 'dropped';
  return s.ended?.from === 'watchdog' && s.metaCallId === null ? 'unconfirmed' : 'failed';
};

const endedByOf = (s: Call, missReason: Conclusion['missReason']): Conclusion['endedBy'] => {
  if (failed(s) || s.refusedAt !== null) return 'network';
  if (s.endRequestedAt !== null) return 'agent';
  return missReason === null || missReason === 'caller_hung_up' ? 'customer' : 'system';
};

/** We take a silent caller to have hung up, until Meta says that the call failed. */
const missReasonOf = (s: Call) =>
  s.missed?.reason === 'caller_hung_up' && failed(s) ? 'provider_failure' : (s.missed?.reason ?? null);

/** How a finished call counts, from all that is known of it in whatever order it came; `null` while it goes on. */
export const conclusionOf = (s: Call): Conclusion | null => {
  if (!isOver(s)) return null;
  const status = s.direction === 'incoming' ? incomingStatus(s) : outgoingStatus(s);
  if (status === 'missed' && s.missed === null) return null; // ended before the router knew why nobody could answer
  const missReason = status === 'missed' ? missReasonOf(s) : null;
  const notBeforeStart = notBefore(s.startedAt);
  const saidAnsweredAt = answeredAtOf(s);
  const answeredAt = saidAnsweredAt === null ? null : notBeforeStart(saidAnsweredAt);
  const endedAt = notBeforeStart(s.ended?.disconnectedAt ?? s.ended?.at ?? s.missed?.at ?? s.refusedAt ?? s.startedAt);
  return {
    status,
    subStatus: subStatusOf(s, status),
    missReason,
    startedAt: s.startedAt,
    answeredAt,
    endedAt,
    ringSeconds: secondsBetween(s.startedAt, answeredAt ?? endedAt),
    talkSeconds: s.ended?.durationSeconds ?? secondsBetween(s.ended?.connectedAt ?? endedAt, endedAt),
    endedBy: endedByOf(s, missReason),
  };
};

/** What a call that goes on is doing: `queued`, `ringing`, `dialling` or `in_call`. */
export const progressOf = (s: Call): 'queued' | 'ringing' | 'dialling' | 'in_call' => {
  if (s.answeredAt !== null || s.pickedUpAt !== null) return 'in_call';
  if (s.direction === 'incoming') return ringing(s) ? 'ringing' : 'queued';
  return s.ringingAt === null ? 'dialling' : 'ringing';
};
