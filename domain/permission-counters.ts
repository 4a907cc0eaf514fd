import { connects, type PastCall, type Permission, type PermissionRequest } from './permission-state.ts';
import { hours, type Instant, within } from './time.ts';

/** The last time both sides spoke, whoever called; it clears the request counters and the unanswered streak. */
export const lastConnectedAt = ({ pastCalls }: Permission): Instant => pastCalls.findLast(connects)?.at ?? -1;

/** Outgoing calls in a row that the customer did not pick up, oldest first. */
export const unansweredStreak = (s: Permission): readonly PastCall[] => {
  const since = Math.max(lastConnectedAt(s), s.streakFrom);
  return s.pastCalls.filter(({ result, at }) => (result === 'unanswered' || result === 'declined') && at > since);
};

/** Outgoing calls that connected inside the rolling 24 hours before `now`, oldest first. */
export const connectedToday = ({ pastCalls }: Permission, now: Instant): readonly PastCall[] =>
  pastCalls.filter(({ result, at }) => result === 'connected' && within(hours(24), now)(at));

/** Requests that count towards the limits inside a window of `span` before `now`, oldest first. */
export const requestsWithin = (s: Permission, span: number, now: Instant): readonly PermissionRequest[] =>
  s.requests.filter(({ at, counts }) => counts && at > lastConnectedAt(s) && within(span, now)(at));
