import { connects, type PastCall, type Permission } from './permission-state.ts';
import type { Instant } from './time.ts';

/** The last time both sides spoke, whoever called; it clears the request counters and the unanswered streak. */
export const lastConnectedAt = ({ pastCalls }: Permission): Instant => pastCalls.findLast(connects)?.at ?? -1;

/** Outgoing calls in a row that the customer did not pick up, oldest first. */
export const unansweredStreak = (s: Permission): readonly PastCall[] => {
  const since = Math.max(lastConnectedAt(s), s.streakFrom);
  return s.pastCalls.filter(({ result, at }) => (result === 'unanswered' || result === 'declined') && at > since);
};
