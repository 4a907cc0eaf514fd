import type { z } from 'zod';
import { type EventOf, evolving } from './decider.ts';
import type { GrantSource, OutgoingResult, permissionEvents } from './permission-events.ts';
import { days, hours, type Instant, within } from './time.ts';

export type PermissionEvent = EventOf<typeof permissionEvents>;

export type PermissionRequest = {
  readonly requestId: string;
  readonly at: Instant;
  readonly messageId: string | null;
  /** False when Meta refused or could not deliver it. */
  readonly counts: boolean;
  readonly deliveredAt: Instant | null;
  readonly answeredAt: Instant | null;
  readonly expired: boolean;
};

type Grant = {
  readonly kind: 'none' | 'temporary' | 'permanent';
  /** When it became so. */
  readonly since: Instant;
  readonly until: Instant | null;
  readonly source: z.infer<typeof GrantSource> | null;
  readonly callId: string | null;
  /** Why there is none. */
  readonly lost: 'never' | 'expired' | 'revoked';
};

/** How a call with the customer ended, or that it connected. */
export type PastCall = {
  readonly callId: string;
  readonly at: Instant;
  readonly result: OutgoingResult | 'incoming_connected' | 'incoming_ended';
};

export type Permission = {
  readonly grant: Grant;
  /** The permission that unanswered calls cost us; it returns if one of them turns out to have been answered. */
  readonly takenBack: Grant | null;
  readonly requests: readonly PermissionRequest[];
  readonly declinedAt: Instant | null;
  readonly lastReply: { readonly at: Instant; readonly accepted: boolean; readonly permanent: boolean } | null;
  readonly liveCalls: readonly { callId: string; direction: 'incoming' | 'outgoing' }[];
  /** In order of time. */
  readonly pastCalls: readonly PastCall[];
  /** Unanswered calls up to here no longer count: a new permission has been granted since. */
  readonly streakFrom: Instant;
  /** What Meta told us to wait for, where it knew better. */
  readonly metaBlocks: { readonly requestUntil: Instant | null; readonly callUntil: Instant | null };
};

const noGrant = { kind: 'none', since: 0, until: null, source: null, callId: null, lost: 'never' } as const;

export const initialPermission: Permission = {
  grant: noGrant,
  takenBack: null,
  requests: [],
  declinedAt: null,
  lastReply: null,
  liveCalls: [],
  pastCalls: [],
  streakFrom: 0,
  metaBlocks: { requestUntil: null, callUntil: null },
};

/** Whether both sides spoke, whoever called. */
export const connects = ({ result }: PastCall) => result === 'connected' || result === 'incoming_connected';

const withRequest = (s: Permission, requestId: string | null, change: Partial<PermissionRequest>): Permission => ({
  ...s,
  requests: s.requests.map((r) => (r.requestId === requestId ? { ...r, ...change } : r)),
});

const lost = (s: Permission, since: Instant, because: Grant['lost']): Permission => ({
  ...s,
  grant: { ...noGrant, since, lost: because },
});

const replied = (s: Permission, at: Instant, accepted: boolean, permanent: boolean): Permission =>
  at < (s.lastReply?.at ?? 0) ? s : { ...s, lastReply: { at, accepted, permanent } };

const hasSpoken = (s: Permission, callId: string) => s.pastCalls.some((c) => c.callId === callId && connects(c));

/** Notes how a call counts; a later word on it replaces the earlier one, except that a conversation stays one. */
const withPastCall = (s: Permission, call: PastCall): Permission => {
  if (hasSpoken(s, call.callId)) return s;
  const others = s.pastCalls.filter(({ callId }) => callId !== call.callId);
  const all = [...others, call].toSorted((a, b) => a.at - b.at || (a.callId < b.callId ? -1 : 1));
  const lastSpoken = all.findLast(connects)?.at ?? 0;
  const stillMatters = (past: PastCall) => past.at >= lastSpoken || within(days(2), call.at)(past.at);
  return { ...s, pastCalls: all.filter(stillMatters) };
};

const without = (s: Permission, callId: string): Permission => ({
  ...s,
  liveCalls: s.liveCalls.filter((call) => call.callId !== callId),
});

const withLive = (s: Permission, callId: string, direction: 'incoming' | 'outgoing'): Permission => ({
  ...s,
  liveCalls: [...s.liveCalls, { callId, direction }],
});

/** A conversation clears Meta's wait for a request, as it clears our own counters. */
const spoke = (s: Permission, call: PastCall): Permission =>
  hasSpoken(s, call.callId) ? s : { ...withPastCall(s, call), metaBlocks: { ...s.metaBlocks, requestUntil: null } };

const blocksOf = (s: Permission, metaErrorCode: number, until: Instant) => {
  if (metaErrorCode === 138009) return { ...s.metaBlocks, requestUntil: until };
  if (metaErrorCode === 138012) return { ...s.metaBlocks, callUntil: until };
  return s.metaBlocks;
};

/** The state of a permission after each event. */
export const evolvePermission: {
  [K in PermissionEvent['type']]: (s: Permission, event: Extract<PermissionEvent, { type: K }>) => Permission;
} = {
  PermissionRequested: (s, { at, requestId }) => ({
    ...s,
    requests: [
      ...s.requests.filter((r) => !r.expired || within(days(8), at)(r.at)),
      { requestId, at, messageId: null, counts: true, deliveredAt: null, answeredAt: null, expired: false },
    ],
  }),
  PermissionRequestSent: (s, { requestId, messageId }) => withRequest(s, requestId, { messageId }),
  PermissionRequestRefused: (s, { requestId }) => withRequest(s, requestId, { counts: false, expired: true }),
  PermissionRequestDelivered: (s, { requestId, at }) => withRequest(s, requestId, { deliveredAt: at }),
  PermissionRequestUndelivered: (s, { requestId }) => withRequest(s, requestId, { counts: false, expired: true }),
  PermissionRequestExpired: (s, { requestId }) => withRequest(s, requestId, { expired: true }),
  PermissionGranted: (s, { at, requestId, callId, permanent, until, source }) => ({
    ...withRequest(source === 'meta' ? s : replied(s, at, true, permanent), requestId, { answeredAt: at }),
    grant: { kind: permanent ? 'permanent' : 'temporary', since: at, until, source, callId, lost: 'never' },
    takenBack: null,
    streakFrom: s.grant.lost === 'revoked' ? at : s.streakFrom,
  }),
  PermissionDeclined: (s, { at, requestId }) => ({
    ...withRequest(replied(s, at, false, false), requestId, { answeredAt: at }),
    declinedAt: at,
  }),
  PermissionRevoked: (s, { at, because }) => ({
    ...lost(because === 'meta' ? s : replied(s, at, false, false), at, 'revoked'),
    takenBack: because === 'unanswered_calls' && s.grant.kind !== 'none' ? s.grant : null,
  }),
  PermissionExpired: (s, { at }) => lost(s, at, 'expired'),
  OutgoingCallAuthorised: (s, { callId }) => withLive(s, callId, 'outgoing'),
  OutgoingCallConnected: (s, { callId, at }) => spoke(s, { callId, at, result: 'connected' }),
  OutgoingCallEnded: (s, { callId, at, result }) =>
    (result === 'connected' ? spoke : withPastCall)(without(s, callId), { callId, at, result }),
  IncomingCallBegan: (s, { callId }) => withLive(s, callId, 'incoming'),
  IncomingCallConnected: (s, { callId, at }) => spoke(s, { callId, at, result: 'incoming_connected' }),
  IncomingCallEnded: (s, { callId, at }) => withPastCall(without(s, callId), { callId, at, result: 'incoming_ended' }),
  UnansweredWarningRaised: (s) => s,
  MetaDisagreed: (s, { at, metaErrorCode, nextAllowedAt }) => ({
    ...s,
    metaBlocks: blocksOf(s, metaErrorCode, nextAllowedAt ?? at + hours(24)),
  }),
};

/** The state of a permission after one more event. */
export const evolve = evolving<PermissionEvent, Permission>(evolvePermission);
