import { unansweredStreak } from './permission-counters.ts';
import { evolve } from './permission-evolve.ts';
import type { PermissionPolicy } from './permission-policy.ts';
import type { Permission, PermissionEvent } from './permission-state.ts';
import type { Instant } from './time.ts';

type Pair = { channelId: string; customerId: string; ticketId: string | null };

const pairOf = ({ channelId, customerId, ticketId }: Pair): Pair => ({ channelId, customerId, ticketId });

/** One more unanswered call: at first a warning, in the end the loss of the permission. */
const afterOneMore = (s: Permission, at: Instant, pair: Pair, policy: PermissionPolicy): readonly PermissionEvent[] => {
  const unanswered = unansweredStreak(s).length;
  if (unanswered === policy.warnAfterUnanswered) return [{ type: 'UnansweredWarningRaised', at, ...pair, unanswered }];
  const hadOne = s.grant.kind !== 'none' || s.grant.lost === 'expired'; // it may run out while the last one rings
  return hadOne && unanswered >= policy.revokeAfterUnanswered
    ? [{ type: 'PermissionRevoked', at, ...pair, because: 'unanswered_calls', replyId: null }]
    : [];
};

/** Late evidence that they did speak before the permission was taken back gives it back. */
const givenBack = (s: Permission, at: Instant, pair: Pair): readonly PermissionEvent[] => {
  if (!s.takenBack?.source || at > s.grant.since) return [];
  const { kind, until, source, callId } = s.takenBack;
  const again = { source, requestId: null, callId, permanent: kind === 'permanent', until, replyId: null };
  return [{ type: 'PermissionGranted', at, ...pair, ...again }];
};

/** A call that counts, with what follows from the change of the unanswered streak. */
export const counted = (
  s: Permission,
  event: PermissionEvent,
  policy: PermissionPolicy,
): readonly PermissionEvent[] => {
  const after = evolve(s, event);
  const more = unansweredStreak(after).length - unansweredStreak(s).length;
  if (more > 0) return [event, ...afterOneMore(after, event.at, pairOf(event), policy)];
  return more < 0 ? [event, ...givenBack(after, event.at, pairOf(event))] : [event];
};
