import { type PermissionPolicy, policyAt } from './permission-policy.ts';
import type { Permission, PermissionEvent, PermissionRequest } from './permission-state.ts';
import { type Instant, minutes, notBefore, seconds, wholeSecond } from './time.ts';

/** What a customer (or Meta on their behalf) answered. `messageId` / `callId`: what the answer refers to, if anything. */
export type Reply = {
  /** The same for the same answer, however often we hear of it. */
  readonly replyId: string;
  readonly at: Instant;
  readonly response: 'accept' | 'reject';
  readonly permanent: boolean;
  readonly until: Instant | null;
  readonly automatic: boolean;
  readonly messageId: string | null;
  readonly callId: string | null;
};

type Pair = { channelId: string; customerId: string; ticketId: string | null };
type Events = readonly PermissionEvent[];

/**
 * Whether an answer is older than the last one we know, or one that we have heard. Of one second of Meta's clock nobody
 * knows the order: what we hear last is taken for the last.
 */
const isOldNews = ({ lastReply }: Permission, { at, replyId }: Reply): boolean => {
  if (lastReply === null || wholeSecond(at) > wholeSecond(lastReply.at)) return false;
  return wholeSecond(at) < wholeSecond(lastReply.at) || lastReply.heard.includes(replyId);
};

/** Meta tells whole seconds of its own clock, and counts a request when it gets it: closer than this is the same. */
export const closeEnough = minutes(1);
export const isClose = (a: Instant, b: Instant): boolean => Math.abs(a - b) < closeEnough;

/** Whether Meta tells what we knew by ourselves: that a call gave this permission, which ends then. */
const isKnownFromCall = ({ grant }: Permission, { callId }: Reply, until: Instant | null): boolean => {
  const isOfThisCall = callId !== null && grant.callId === callId;
  return isOfThisCall && grant.until !== null && until !== null && isClose(grant.until, until);
};

/** Meta's clock is not ours: what lies closer together than this may have come in either order. */
export const clockSlack = seconds(5);

/** Whether Meta, when we asked it, already knew this. */
export const isInReport = ({ reportedAt }: Permission, at: Instant): boolean => at < reportedAt - clockSlack;

/** Whether we have heard of the permission since we asked Meta: then it may not have known that yet. */
export const isOvertaken = ({ lastReply, grant }: Permission, askedAt: Instant): boolean =>
  Math.max(lastReply?.at ?? -clockSlack, grant.since) >= askedAt - clockSlack;

/** The request that is answered: the one named, or one whose message id has not reached us yet. */
const requestOf = (s: Permission, messageId: string | null) => {
  if (messageId === null) return undefined;
  const mayBe = (r: PermissionRequest) => r.messageId === null && (r.failure === 'lost' || (r.counts && !r.expired));
  return s.requests.find((r) => r.messageId === messageId) ?? s.requests.findLast(mayBe);
};

/** Whoever answers a request has it, even if it was taken for lost. */
const arrival = (answered: PermissionRequest | undefined, at: Instant, pair: Pair): Events =>
  answered?.failure === 'lost' || answered?.failure === 'undelivered'
    ? [{ type: 'PermissionRequestDelivered', at, ...pair, requestId: answered.requestId }]
    : [];

/** An answer to one request closes those sent before it. */
const expireOlder = (s: Permission, answered: PermissionRequest | undefined, at: Instant, pair: Pair): Events =>
  s.requests
    .filter((r) => answered && !r.expired && r.at < answered.at)
    .map(({ requestId }) => ({
      type: 'PermissionRequestExpired',
      at,
      ...pair,
      requestId,
      because: 'newer_request_answered',
    }));

/** What Meta grants by itself it grants for a callback: after a call, or when one was asked for without any. */
const sourceOf = ({ callId, messageId, automatic }: Reply) => {
  if (automatic || callId !== null) return 'callback';
  return messageId === null ? 'profile' : 'request';
};

const accepted = (s: Permission, reply: Reply, pair: Pair, policy: PermissionPolicy): Events => {
  const { at, callId, permanent, replyId } = reply;
  const request = requestOf(s, reply.messageId);
  const until = permanent ? null : (reply.until ?? at + policy.temporaryFor);
  const already = s.grant.kind === (permanent ? 'permanent' : 'temporary') && s.grant.until === until;
  const isWeaker = s.grant.kind === 'permanent' && reply.automatic;
  if (isWeaker || isKnownFromCall(s, reply, until) || (isInReport(s, at) && !already)) return [];
  const requestId = request?.requestId ?? null;
  return [
    ...arrival(request, at, pair),
    { type: 'PermissionGranted', at, ...pair, source: sourceOf(reply), requestId, callId, permanent, until, replyId },
    ...expireOlder(s, request, at, pair),
  ];
};

/** A customer's own "no" is always a fact, even where there was nothing to revoke: an older "yes" may still arrive. */
const revoked = (s: Permission, { at, automatic, messageId, replyId }: Reply, pair: Pair): Events => {
  const isNothingNew = automatic ? s.grant.lost === 'revoked' : messageId !== null && s.grant.kind === 'none';
  const because = automatic ? 'unanswered_calls' : 'customer';
  return isNothingNew ? [] : [{ type: 'PermissionRevoked', at, ...pair, because, replyId }];
};

/** A decline is told even late, for a wait begins with it; what else a late "no" would change is known better by then. */
const rejected = (s: Permission, reply: Reply, pair: Pair, isOld: boolean): Events => {
  const { at, messageId, replyId } = reply;
  const isLate = isOld || isInReport(s, at);
  const isDecline = messageId !== null && (!isLate || at > (s.declinedAt ?? -1));
  if (isLate && !isDecline) return [];
  const request = requestOf(s, messageId);
  const requestId = request?.requestId ?? null;
  return [
    ...arrival(request, at, pair),
    ...(isDecline ? [{ type: 'PermissionDeclined', at, ...pair, requestId, replyId } as const] : []),
    ...(isLate ? [] : revoked(s, reply, pair)),
    ...expireOlder(s, request, at, pair),
  ];
};

/** What an answer changes; nothing when it is older than the last one known, or the same one again. */
export const answered = (s: Permission, reply: Reply, pair: Pair, policy: PermissionPolicy): Events => {
  const isOld = isOldNews(s, reply);
  const asked = requestOf(s, reply.messageId)?.at ?? 0;
  const heard = { ...reply, at: notBefore(isOld ? asked : Math.max(asked, s.lastReply?.at ?? 0))(reply.at) };
  if (heard.response === 'reject') return rejected(s, heard, pair, isOld);
  return isOld ? [] : accepted(s, heard, pair, policy);
};

/** When a request can no longer be answered, or `null` while that is not known (it was never delivered). */
export const requestExpiresAt = (
  { answeredAt, deliveredAt }: PermissionRequest,
  policies: readonly PermissionPolicy[],
): Instant | null => {
  const from = answeredAt ?? deliveredAt;
  return from === null ? null : from + policyAt(policies, from).requestAnswerableFor;
};
