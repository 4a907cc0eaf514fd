import { type Refusal, refuse } from './decider.ts';
import type { PermissionPolicy } from './permission-policy.ts';
import {
  connectedToday,
  lastConnectedAt,
  type Permission,
  requestsWithin,
  unansweredStreak,
} from './permission-state.ts';
import { days, hours, type Instant } from './time.ts';

/** What the other aggregates say about a call to be placed now; `null` means nothing against it. */
export type CallFacts = { readonly channel: Refusal | null; readonly agent: Refusal | null };

type CallRule = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) => Refusal | null;
type RequestRule = (s: Permission, now: Instant, policy: PermissionPolicy) => Refusal | null;

const later = (code: string, retryAt: Instant) => refuse(code, { retryAt });

/** Whether a permission holds at an instant: a temporary one ends exactly when its time is up. */
export const isGranted = ({ grant }: Permission, now: Instant) =>
  grant.kind === 'permanent' || (grant.kind === 'temporary' && grant.until !== null && now < grant.until);

const permissionHolds: CallRule = (s, _, now) => {
  if (isGranted(s, now)) return null;
  if (s.grant.kind === 'temporary' || s.grant.lost === 'expired') return refuse('permission.expired');
  return refuse(s.grant.lost === 'revoked' ? 'permission.revoked' : 'permission.none');
};

const underConnectedLimit: CallRule = (s, _, now, { connectedPer24h }) => {
  const today = connectedToday(s, now);
  const blocking = today.at(-connectedPer24h);
  if (blocking !== undefined) return later('permission.connected_limit_24h', blocking + hours(24));
  const { callUntil } = s.metaBlocks;
  return callUntil !== null && now < callUntil ? later('permission.connected_limit_24h', callUntil) : null;
};

const channelIsOpen: CallRule = (_, { channel }) => channel;
const agentIsFree: CallRule = (_, { agent }) => agent;
const noCallIsLive: CallRule = ({ liveCalls: [live] }) =>
  live ? refuse('call.already_live', { facts: { callId: live.callId } }) : null;

/** Everything that can forbid an outgoing call, in the order in which it is told. */
const callRules: readonly CallRule[] = [permissionHolds, underConnectedLimit, channelIsOpen, agentIsFree, noCallIsLive];

const notAlreadyPermanent: RequestRule = ({ grant }) =>
  grant.kind === 'permanent' ? refuse('permission.already_permanent') : null;

const waitedAfterDecline: RequestRule = (s, now, { waitAfterDecline }) => {
  if (s.declinedAt === null || s.declinedAt <= lastConnectedAt(s)) return null;
  const until = s.declinedAt + waitAfterDecline;
  return now < until ? later('permission.declined_wait_24h', until) : null;
};

const underRequestLimit =
  (code: string, span: number, limitOf: (policy: PermissionPolicy) => number): RequestRule =>
  (s, now, policy) => {
    const blocking = requestsWithin(s, span, now).at(-limitOf(policy));
    return blocking === undefined ? null : later(code, blocking + span);
  };

const metaAllowsRequest: RequestRule = ({ metaBlocks: { requestUntil } }, now) =>
  requestUntil !== null && now < requestUntil ? later('permission.request_limit_24h', requestUntil) : null;

/** Everything that can forbid a permission request, in the order in which it is told. */
const requestRules: readonly RequestRule[] = [
  notAlreadyPermanent,
  waitedAfterDecline,
  underRequestLimit('permission.request_limit_24h', hours(24), (policy) => policy.requestsPer24h),
  underRequestLimit('permission.request_limit_7d', days(7), (policy) => policy.requestsPer7d),
  metaAllowsRequest,
];

/** The first reason, with the instant by which all of them have passed (if time alone cures them). */
const combined = (refusals: readonly Refusal[]): Refusal | null => {
  const [first] = refusals;
  if (!first) return null;
  const { refused, facts } = first;
  const waits = refusals.map(({ retryAt }) => retryAt);
  const curable = waits.every((wait) => wait !== undefined);
  return { refused, ...(facts && { facts }), ...(curable && { retryAt: Math.max(...(waits as number[])) }) };
};

const isRefused = (value: Refusal | null): value is Refusal => value !== null;

/** Why no call may be placed now, or `null`. */
export const callRefusal = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) =>
  combined(callRules.map((rule) => rule(s, facts, now, policy)).filter(isRefused));

/** Why no permission request may be sent now, or `null`. */
export const requestRefusal = (s: Permission, now: Instant, policy: PermissionPolicy) =>
  combined(requestRules.map((rule) => rule(s, now, policy)).filter(isRefused));

/** May we call, may we ask, and what is left: the answer to "may we call?" with its reasons and counters. */
export const verdictOf = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) => {
  const call = callRefusal(s, facts, now, policy);
  const request = requestRefusal(s, now, policy);
  const unanswered = unansweredStreak(s);
  return {
    call: { allowed: call === null, code: call?.refused ?? null, nextAllowedAt: call?.retryAt ?? null },
    request: { allowed: request === null, code: request?.refused ?? null, nextAllowedAt: request?.retryAt ?? null },
    counters: {
      requests24h: requestsWithin(s, hours(24), now).length,
      requests7d: requestsWithin(s, days(7), now).length,
      connected24h: connectedToday(s, now).length,
      unanswered,
    },
    missesLeft: Math.max(0, policy.revokeAfterUnanswered - unanswered),
  };
};
