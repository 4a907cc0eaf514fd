import type { EventOf } from './decider.ts';
import type { OutgoingResult, permissionEvents } from './permission-events.ts';
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
  readonly since: Instant;
  readonly until: Instant | null;
  readonly source: string | null;
  /** Why there is none. */
  readonly lost: 'never' | 'expired' | 'revoked';
};

/** How a call with the customer ended, or that it connected; ordered by `at`. */
type PastCall = {
  readonly callId: string;
  readonly at: Instant;
  readonly result: OutgoingResult | 'incoming_connected';
};

export type Permission = {
  readonly grant: Grant;
  readonly requests: readonly PermissionRequest[];
  readonly declinedAt: Instant | null;
  readonly lastReplyAt: Instant;
  readonly liveCalls: readonly { callId: string; direction: 'incoming' | 'outgoing' }[];
  readonly pastCalls: readonly PastCall[];
  /** Unanswered calls up to here no longer count: the permission was revoked for them. */
  readonly streakFrom: Instant;
  /** What Meta told us to wait for, where it knew better. */
  readonly metaBlocks: { readonly requestUntil: Instant | null; readonly callUntil: Instant | null };
};

export const initialPermission: Permission = {
  grant: { kind: 'none', since: 0, until: null, source: null, lost: 'never' },
  requests: [],
  declinedAt: null,
  lastReplyAt: 0,
  liveCalls: [],
  pastCalls: [],
  streakFrom: 0,
  metaBlocks: { requestUntil: null, callUntil: null },
};

const connects = ({ result }: PastCall) => result === 'connected' || result === 'incoming_connected';
const wasUnanswered = ({ result }: PastCall) => result === 'unanswered' || result === 'declined';

/** The last time both sides spoke, whoever called; it clears the request counters and the unanswered streak. */
export const lastConnectedAt = ({ pastCalls }: Permission): Instant => pastCalls.findLast(connects)?.at ?? -1;

/** Outgoing calls in a row that the customer did not pick up. */
export const unansweredStreak = (s: Permission): number => {
  const since = Math.max(lastConnectedAt(s), s.streakFrom);
  return s.pastCalls.filter((call) => wasUnanswered(call) && call.at > since).length;
};

/** Outgoing calls that connected inside the rolling 24 hours before `now`, oldest first. */
export const connectedToday = ({ pastCalls }: Permission, now: Instant): readonly Instant[] =>
  pastCalls.filter(({ result, at }) => result === 'connected' && within(hours(24), now)(at)).map(({ at }) => at);

/** Requests that count towards the limits inside a window of `span` before `now`, oldest first. */
export const requestsWithin = (s: Permission, span: number, now: Instant): readonly Instant[] =>
  s.requests.filter(({ at, counts }) => counts && at > lastConnectedAt(s) && within(span, now)(at)).map(({ at }) => at);

const withRequest = (s: Permission, requestId: string, change: Partial<PermissionRequest>): Permission => ({
  ...s,
  requests: s.requests.map((r) => (r.requestId === requestId ? { ...r, ...change } : r)),
});

const lost = (s: Permission, because: Grant['lost']): Permission => ({
  ...s,
  grant: { kind: 'none', since: 0, until: null, source: null, lost: because },
});

/** Notes how a call counts, in order of time; a later word on the same call replaces the earlier one. */
const withPastCall = (s: Permission, call: PastCall): Permission => {
  const others = s.pastCalls.filter(({ callId }) => callId !== call.callId);
  const all = [...others, call].sort((a, b) => a.at - b.at || (a.callId < b.callId ? -1 : 1));
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

/** Requests and refusals of long ago no longer decide anything. */
const recent = (s: Permission, now: Instant): Permission => ({
  ...s,
  requests: s.requests.filter((r) => !r.expired || within(days(8), now)(r.at)),
});

const blocksOf = (s: Permission, metaErrorCode: number, nextAllowedAt: Instant | null) => {
  if (metaErrorCode === 138009) return { ...s.metaBlocks, requestUntil: nextAllowedAt };
  if (metaErrorCode === 138012) return { ...s.metaBlocks, callUntil: nextAllowedAt };
  return s.metaBlocks;
};

/** The state of a permission after each event. */
export const evolvePermission: {
  [K in PermissionEvent['type']]: (s: Permission, event: Extract<PermissionEvent, { type: K }>) => Permission;
} = {
  PermissionRequested: (s, { at, requestId }) => ({
    ...recent(s, at),
    requests: [
      ...recent(s, at).requests,
      { requestId, at, messageId: null, counts: true, deliveredAt: null, answeredAt: null, expired: false },
    ],
  }),
  PermissionRequestSent: (s, { requestId, messageId }) => withRequest(s, requestId, { messageId }),
  PermissionRequestRefused: (s, { requestId }) => withRequest(s, requestId, { counts: false, expired: true }),
  PermissionRequestDelivered: (s, { requestId, at }) => withRequest(s, requestId, { deliveredAt: at }),
  PermissionRequestUndelivered: (s, { requestId }) => withRequest(s, requestId, { counts: false, expired: true }),
  PermissionRequestExpired: (s, { requestId }) => withRequest(s, requestId, { expired: true }),
  PermissionGranted: (s, { at, requestId, permanent, until, source }) => ({
    ...(requestId ? withRequest(s, requestId, { answeredAt: at }) : s),
    grant: { kind: permanent ? 'permanent' : 'temporary', since: at, until, source, lost: 'never' },
    lastReplyAt: source === 'callback' ? s.lastReplyAt : at,
  }),
  PermissionDeclined: (s, { at, requestId }) => ({
    ...(requestId ? withRequest(s, requestId, { answeredAt: at }) : s),
    declinedAt: at,
    lastReplyAt: at,
  }),
  PermissionRevoked: (s, { at, because }) => ({
    ...lost(s, 'revoked'),
    streakFrom: at,
    lastReplyAt: because === 'customer' ? at : s.lastReplyAt,
  }),
  PermissionExpired: (s) => lost(s, 'expired'),
  OutgoingCallAuthorised: (s, { callId }) => withLive(s, callId, 'outgoing'),
  OutgoingCallConnected: (s, { callId, at }) => withPastCall(s, { callId, at, result: 'connected' }),
  OutgoingCallEnded: (s, { callId, at, result }) =>
    result === 'connected' ? without(s, callId) : withPastCall(without(s, callId), { callId, at, result }),
  IncomingCallBegan: (s, { callId }) => withLive(s, callId, 'incoming'),
  IncomingCallConnected: (s, { callId, at }) => withPastCall(s, { callId, at, result: 'incoming_connected' }),
  IncomingCallEnded: (s, { callId }) => without(s, callId),
  UnansweredWarningRaised: (s) => s,
  MetaDisagreed: (s, { metaErrorCode, nextAllowedAt }) => ({
    ...s,
    metaBlocks: blocksOf(s, metaErrorCode, nextAllowedAt),
  }),
};
