import { evolving } from './decider.ts';
import { refusedAction, toldLimit } from './permission-limits.ts';
import {
  connects,
  hasSpoken,
  noGrant,
  type PastCall,
  type Permission,
  type PermissionEvent,
  type PermissionRequest,
} from './permission-state.ts';
import { days, hours, type Instant, wholeSecond, within } from './time.ts';

const withRequest = (s: Permission, requestId: string | null, change: Partial<PermissionRequest>): Permission => ({
  ...s,
  requests: s.requests.map((r) => (r.requestId === requestId ? { ...r, ...change } : r)),
});

/** A request that arrived after all counts again. */
const withArrival = (s: Permission, requestId: string, arrived: Partial<PermissionRequest>): Permission =>
  withRequest(s, requestId, { ...arrived, counts: true, failure: null, expired: false });

const failureOf = (s: Permission, requestId: string) => s.requests.find((r) => r.requestId === requestId)?.failure;

const withAnswer = (s: Permission, requestId: string | null, at: Instant): Permission => {
  const before = s.requests.find((r) => r.requestId === requestId)?.answeredAt ?? 0;
  return withRequest(s, requestId, { answeredAt: Math.max(at, before) });
};

type Word = { at: Instant; accepted: boolean; permanent: boolean; replyId: string | null };

const replied = (s: Permission, { replyId, ...word }: Word): Permission => {
  const last = s.lastReply;
  if (last !== null && word.at < last.at) return s;
  const sameSecond = last !== null && wholeSecond(last.at) === wholeSecond(word.at) ? last.heard : [];
  const heard = replyId === null || sameSecond.includes(replyId) ? sameSecond : [...sameSecond, replyId];
  return { ...s, lastReply: { ...word, heard } };
};

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
  hasSpoken(s, call.callId) ? s : { ...withPastCall(s, call), metaWaits: { ...s.metaWaits, request: null } };

/** The state of a permission after each event. */
export const evolvePermission: {
  [K in PermissionEvent['type']]: (s: Permission, event: Extract<PermissionEvent, { type: K }>) => Permission;
} = {
  PermissionRequested: (s, { at, requestId }) => ({
    ...s,
    requests: [
      ...s.requests.filter((r) => !r.expired || within(days(8), at)(r.at)),
      {
        requestId,
        at,
        messageId: null,
        counts: true,
        failure: null,
        sentAt: null,
        deliveredAt: null,
        answeredAt: null,
        expired: false,
      },
    ],
  }),
  PermissionRequestSent: (s, { requestId, messageId, at }) => {
    const sent = { messageId, sentAt: at };
    return failureOf(s, requestId) === 'lost' ? withArrival(s, requestId, sent) : withRequest(s, requestId, sent);
  },
  PermissionRequestRefused: (s, { requestId }) =>
    withRequest(s, requestId, { counts: false, failure: 'refused', expired: true }),
  PermissionRequestDelivered: (s, { requestId, at }) =>
    failureOf(s, requestId)
      ? withArrival(s, requestId, { deliveredAt: at })
      : withRequest(s, requestId, { deliveredAt: at }),
  PermissionRequestUndelivered: (s, { requestId }) =>
    withRequest(s, requestId, { counts: false, failure: 'undelivered', expired: true }),
  PermissionRequestNeverArrived: (s, { requestId }) =>
    withRequest(s, requestId, { counts: false, failure: 'lost', expired: true }),
  PermissionRequestExpired: (s, { requestId }) => withRequest(s, requestId, { expired: true }),
  PermissionGranted: (s, { at, requestId, callId, permanent, until, source, replyId }) => ({
    ...withAnswer(source === 'meta' ? s : replied(s, { at, accepted: true, permanent, replyId }), requestId, at),
    grant: { ...noGrant, kind: permanent ? 'permanent' : 'temporary', since: at, until, source, callId },
    takenBack: null,
    streakFrom: s.grant.lost === 'revoked' ? at : s.streakFrom,
  }),
  PermissionDeclined: (s, { at, requestId, replyId }) => ({
    ...withAnswer(replied(s, { at, accepted: false, permanent: false, replyId }), requestId, at),
    declinedAt: Math.max(at, s.declinedAt ?? 0),
  }),
  PermissionRevoked: (s, { at, because, replyId }) => ({
    ...(because === 'meta' ? s : replied(s, { at, accepted: false, permanent: false, replyId })),
    grant: { ...noGrant, since: at, lost: 'revoked', revokedBecause: because },
    takenBack: because === 'unanswered_calls' && s.grant.kind !== 'none' ? s.grant : null,
  }),
  PermissionExpired: (s, { at }) => ({ ...s, grant: { ...noGrant, since: at, lost: 'expired' } }),
  OutgoingCallAuthorised: (s, { callId }) => withLive(s, callId, 'outgoing'),
  OutgoingCallConnected: (s, { callId, at }) => spoke(s, { callId, at, result: 'connected' }),
  OutgoingCallEnded: (s, { callId, at, result }) =>
    (result === 'connected' ? spoke : withPastCall)(without(s, callId), { callId, at, result }),
  IncomingCallBegan: (s, { callId }) => withLive(s, callId, 'incoming'),
  IncomingCallConnected: (s, { callId, at }) => spoke(s, { callId, at, result: 'incoming_connected' }),
  IncomingCallEnded: (s, { callId, at }) => withPastCall(without(s, callId), { callId, at, result: 'incoming_ended' }),
  UnansweredWarningRaised: (s) => s,
  MetaDisagreed: (s, { at, metaErrorCode, nextAllowedAt }) => {
    const action = refusedAction.get(metaErrorCode);
    if (action === undefined) return s;
    return { ...s, metaWaits: { ...s.metaWaits, [action]: { at, until: nextAllowedAt ?? at + hours(24) } } };
  },
  MetaReportDiffered: (s, { at, said: { limits } }) => {
    const isTold = (action: keyof Permission['metaWaits']) => limits.some((limit) => limit.action === action);
    const { request, call } = s.metaWaits;
    return {
      ...s,
      reportedAt: at,
      metaLimits: [
        ...s.metaLimits.filter(({ action }) => !isTold(action)),
        ...limits.map((limit) => toldLimit(s, limit, at)),
      ],
      metaWaits: { request: isTold('request') ? null : request, call: isTold('call') ? null : call },
    };
  },
};

/** The state of a permission after one more event. */
export const evolve = evolving<PermissionEvent, Permission>(evolvePermission);
