import { decider, fold, refuse } from './decider.ts';
import { type OutgoingResult, permissionEvents } from './permission-events.ts';
import { defaultPolicies, type PermissionPolicy, policyAt } from './permission-policy.ts';
import {
  evolvePermission,
  initialPermission,
  type Permission,
  type PermissionEvent,
  type PermissionRequest,
  unansweredStreak,
} from './permission-state.ts';
import { type CallFacts, callRefusal, isGranted, requestRefusal } from './permission-verdict.ts';
import type { Instant } from './time.ts';

type Fields<T extends PermissionEvent['type']> = Omit<Extract<PermissionEvent, { type: T }>, 'type'>;
type Pair = { channelId: string; customerId: string; ticketId: string | null };

/** What a customer (or Meta on their behalf) answered. `messageId` / `callId`: what the answer refers to, if anything. */
export type Reply = {
  readonly at: Instant;
  readonly response: 'accept' | 'reject';
  readonly permanent: boolean;
  readonly until: Instant | null;
  readonly automatic: boolean;
  readonly messageId: string | null;
  readonly callId: string | null;
};

const pairOf = ({ channelId, customerId, ticketId }: Pair): Pair => ({ channelId, customerId, ticketId });
const evolve = (s: Permission, event: PermissionEvent) => evolvePermission[event.type](s, event as never);

const requestOf = (s: Permission, messageId: string | null) =>
  messageId === null ? undefined : s.requests.find((r) => r.messageId === messageId);

/** An answer to one request closes those sent before it. */
const expireOlder = (s: Permission, answered: PermissionRequest | undefined, at: Instant, pair: Pair) =>
  s.requests
    .filter((r) => answered && !r.expired && r.at < answered.at)
    .map(
      ({ requestId }): PermissionEvent => ({
        type: 'PermissionRequestExpired',
        at,
        ...pair,
        requestId,
        because: 'newer_request_answered',
      }),
    );

const sourceOf = (reply: Reply): Fields<'PermissionGranted'>['source'] => {
  if (reply.callId !== null) return 'callback';
  return reply.messageId === null ? 'profile' : 'request';
};

const accepted = (s: Permission, reply: Reply, pair: Pair, policy: PermissionPolicy): readonly PermissionEvent[] => {
  const request = requestOf(s, reply.messageId);
  const until = reply.permanent ? null : (reply.until ?? reply.at + policy.temporaryFor);
  const already = s.grant.kind === (reply.permanent ? 'permanent' : 'temporary') && s.grant.until === until;
  const weaker = s.grant.kind === 'permanent' && reply.automatic;
  if (already || weaker) return [];
  const granted: PermissionEvent = {
    type: 'PermissionGranted',
    at: reply.at,
    ...pair,
    source: sourceOf(reply),
    requestId: request?.requestId ?? null,
    callId: reply.callId,
    permanent: reply.permanent,
    until,
  };
  return [granted, ...expireOlder(s, request, reply.at, pair)];
};

const rejected = (s: Permission, reply: Reply, pair: Pair): readonly PermissionEvent[] => {
  const { at } = reply;
  const request = requestOf(s, reply.messageId);
  const revoked: readonly PermissionEvent[] =
    s.grant.kind === 'none'
      ? []
      : [{ type: 'PermissionRevoked', at, ...pair, because: reply.automatic ? 'unanswered_calls' : 'customer' }];
  if (reply.messageId === null || request?.answeredAt === at) return revoked;
  const declined: PermissionEvent = { type: 'PermissionDeclined', at, ...pair, requestId: request?.requestId ?? null };
  return [declined, ...revoked, ...expireOlder(s, request, at, pair)];
};

/** When a request can no longer be answered, or `null` while that is not known (it was never delivered). */
export const requestExpiresAt = (
  request: PermissionRequest,
  { requestAnswerableFor }: PermissionPolicy,
): Instant | null => {
  const from = request.answeredAt ?? request.deliveredAt;
  return from === null ? null : from + requestAnswerableFor;
};

/** The consequences of one more unanswered call: a warning, then the loss of the permission. */
const consequences = (s: Permission, at: Instant, pair: Pair, policy: PermissionPolicy): readonly PermissionEvent[] => {
  const unanswered = unansweredStreak(s);
  if (unanswered === policy.warnAfterUnanswered) return [{ type: 'UnansweredWarningRaised', at, ...pair, unanswered }];
  const revoke = unanswered >= policy.revokeAfterUnanswered && s.grant.kind !== 'none';
  return revoke ? [{ type: 'PermissionRevoked', at, ...pair, because: 'unanswered_calls' }] : [];
};

const resultOf = (s: Permission, callId: string) => s.pastCalls.find((call) => call.callId === callId)?.result;
const isLive = (s: Permission, callId: string) => s.liveCalls.some((call) => call.callId === callId);

const onRequest =
  <C extends { requestId: string }>(
    event: (s: Permission, request: PermissionRequest, c: C) => PermissionEvent | null,
  ) =>
  (s: Permission, c: C): readonly PermissionEvent[] => {
    const request = s.requests.find((r) => r.requestId === c.requestId);
    const happened = request && event(s, request, c);
    return happened ? [happened] : [];
  };

/** The decider under a given history of policies; `permission` is the one in force. */
export const permissionUnder = (policies: readonly PermissionPolicy[]) =>
  decider({ category: 'permission', events: permissionEvents, initial: initialPermission })
    .decide({
      RequestPermission: (s, { windowIsOpen, ...c }: Fields<'PermissionRequested'> & { windowIsOpen: boolean }) => {
        if (s.requests.some((r) => r.requestId === c.requestId)) return [];
        const refusal = requestRefusal(s, c.at, policyAt(policies, c.at));
        if (refusal) return refusal;
        if (c.method === 'free_form' && !windowIsOpen) return refuse('permission.window_closed');
        return [{ type: 'PermissionRequested', ...c }];
      },

      RecordRequestSent: onRequest<Fields<'PermissionRequestSent'>>((_, request, c) =>
        request.messageId === null ? { type: 'PermissionRequestSent', ...c } : null,
      ),
      RecordRequestRefused: onRequest<Fields<'PermissionRequestRefused'>>((_, request, c) =>
        request.counts && request.messageId === null ? { type: 'PermissionRequestRefused', ...c } : null,
      ),
      RecordRequestDelivered: onRequest<Fields<'PermissionRequestDelivered'>>((_, request, c) =>
        request.deliveredAt === null && request.counts ? { type: 'PermissionRequestDelivered', ...c } : null,
      ),
      RecordRequestUndelivered: onRequest<Fields<'PermissionRequestUndelivered'>>((_, request, c) =>
        request.counts && request.deliveredAt === null ? { type: 'PermissionRequestUndelivered', ...c } : null,
      ),
      /** Fired by a timer: 7 days after the answer, or after delivery without one. */
      ExpireRequest: onRequest<{ at: Instant; requestId: string } & Pair>((_, request, c) => {
        const expiresAt = requestExpiresAt(request, policyAt(policies, request.at));
        if (request.expired || expiresAt === null || c.at < expiresAt) return null;
        const because = request.answeredAt === null ? 'no_answer' : 'answered_long_ago';
        return { type: 'PermissionRequestExpired', ...c, because };
      }),

      /** An answer older than the last one we know, or the same one again, changes nothing. */
      RecordReply: (s, { channelId, customerId, ticketId, ...reply }: Reply & Pair) => {
        const pair = { channelId, customerId, ticketId };
        if (reply.at < s.lastReplyAt) return [];
        return reply.response === 'accept'
          ? accepted(s, reply, pair, policyAt(policies, reply.at))
          : rejected(s, reply, pair);
      },

      /** The customer called us, and the channel turns that into a temporary permission. */
      GrantByCallback: (s, c: { at: Instant; callId: string } & Pair) => {
        const until = c.at + policyAt(policies, c.at).temporaryFor;
        if (s.grant.kind === 'permanent' || (s.grant.until ?? 0) >= until) return [];
        return [{ type: 'PermissionGranted', ...c, source: 'callback', requestId: null, permanent: false, until }];
      },

      /** Fired by a timer at the moment a temporary permission ends. */
      ExpirePermission: (s, c: { at: Instant } & Pair) =>
        s.grant.kind === 'temporary' && !isGranted(s, c.at) ? [{ type: 'PermissionExpired', ...c }] : [],

      /** The one gate through which every outgoing call passes. */
      AuthoriseCall: (
        s,
        { facts, ...c }: { at: Instant; callId: string; agentId: string; facts: CallFacts } & Pair,
      ) => {
        if (isLive(s, c.callId)) return [];
        return callRefusal(s, facts, c.at, policyAt(policies, c.at)) ?? [{ type: 'OutgoingCallAuthorised', ...c }];
      },

      RecordOutgoingConnected: (s, c: { at: Instant; callId: string } & Pair) =>
        resultOf(s, c.callId) === 'connected' ? [] : [{ type: 'OutgoingCallConnected', ...c }],

      /** `at` is when it ended; a later word that contradicts the first replaces it. */
      RecordOutgoingEnded: (s, c: { at: Instant; callId: string; result: OutgoingResult } & Pair) => {
        const known = resultOf(s, c.callId);
        if (!isLive(s, c.callId) && (known === c.result || known === 'connected')) return [];
        const ended: PermissionEvent = { type: 'OutgoingCallEnded', ...c };
        const counts = c.result === 'unanswered' || c.result === 'declined';
        const policy = policyAt(policies, c.at);
        return counts ? [ended, ...consequences(evolve(s, ended), c.at, pairOf(c), policy)] : [ended];
      },

      RecordIncomingBegan: (s, c: { at: Instant; callId: string } & Pair) =>
        isLive(s, c.callId) ? [] : [{ type: 'IncomingCallBegan', ...c }],

      RecordIncomingConnected: (s, c: { at: Instant; callId: string } & Pair) =>
        resultOf(s, c.callId) === 'incoming_connected' ? [] : [{ type: 'IncomingCallConnected', ...c }],

      RecordIncomingEnded: (s, c: { at: Instant; callId: string } & Pair) =>
        isLive(s, c.callId) ? [{ type: 'IncomingCallEnded', ...c }] : [],

      /** Meta wins: 138006 no permission, 138009 asked too often, 138012 connected too often, 138017 already permanent. */
      RecordMetaRefusal: (s, c: { at: Instant; metaErrorCode: number; nextAllowedAt: Instant | null } & Pair) => {
        const { at, metaErrorCode } = c;
        const pair = pairOf(c);
        const disagreed: PermissionEvent = { type: 'MetaDisagreed', ...c };
        if (metaErrorCode === 138006 && s.grant.kind !== 'none')
          return [disagreed, { type: 'PermissionRevoked', at, ...pair, because: 'meta' }];
        if (metaErrorCode === 138017 && s.grant.kind !== 'permanent') {
          const permanent = { requestId: null, callId: null, permanent: true, until: null };
          return [disagreed, { type: 'PermissionGranted', at, ...pair, source: 'meta', ...permanent }];
        }
        return [disagreed];
      },
    })
    .evolve(evolvePermission);

/** May this business call this customer, and may it ask to? Stream `permission-<channelId>.<customerId>`. */
export const permission = permissionUnder(defaultPolicies);

/** The state after more events, for readers that fold the stream themselves. */
export const foldPermission = (s: Permission, events: Iterable<PermissionEvent>) => fold({ evolve }, s, events);
