import { type Refusal, refuse } from './decider.ts';
import { connectedToday, lastConnectedAt, requestsWithin, unansweredStreak } from './permission-counters.ts';
import type { PermissionPolicy } from './permission-policy.ts';
import type { Permission, PermissionEvent } from './permission-state.ts';
import { days, hours, type Instant } from './time.ts';

/** What the other aggregates say about a call to be placed now; `null` means nothing against it. */
export type CallFacts = {
  readonly channel: Refusal | null;
  readonly agent: Refusal | null;
  /** What the channel will say at a later instant, so that "when may we?" also falls into its hours. */
  readonly channelAt?: (at: Instant) => Refusal | null;
};

/** An event that a refusal rests on: `id` is the call's or the request's, where it has one. */
type Evidence = { readonly type: PermissionEvent['type']; readonly at: Instant; readonly id?: string };

type CallRule = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) => Refusal | null;
type RequestRule = (s: Permission, now: Instant, policy: PermissionPolicy) => Refusal | null;

const because = (...events: readonly Evidence[]) => ({ facts: { because: events } });
const later = (code: string, retryAt: Instant, ...events: readonly Evidence[]) =>
  refuse(code, { retryAt, ...because(...events) });

/** Whether a permission holds at an instant: a temporary one ends exactly when its time is up. */
export const isGranted = ({ grant }: Permission, now: Instant) =>
  grant.kind === 'permanent' || (grant.kind === 'temporary' && grant.until !== null && now < grant.until);

const permissionHolds: CallRule = (s, _, now) => {
  const { kind, lost, since: at } = s.grant;
  if (isGranted(s, now)) return null;
  if (kind === 'temporary') return refuse('permission.expired', because({ type: 'PermissionGranted', at }));
  if (lost === 'expired') return refuse('permission.expired', because({ type: 'PermissionExpired', at }));
  if (lost === 'revoked') return refuse('permission.revoked', because({ type: 'PermissionRevoked', at }));
  return refuse('permission.none');
};

const underConnectedLimit: CallRule = (s, _, now, { connectedPer24h }) => {
  const today = connectedToday(s, now);
  const blocking = today.at(-connectedPer24h);
  if (!blocking) return null;
  const evidence = today.map(({ at, callId }): Evidence => ({ type: 'OutgoingCallConnected', at, id: callId }));
  return later('permission.connected_limit_24h', blocking.at + hours(24), ...evidence);
};

const metaAllowsCall: CallRule = ({ metaBlocks: { callUntil } }, _, now) =>
  callUntil !== null && now < callUntil ? later('permission.connected_limit_24h', callUntil) : null;

const channelIsOpen: CallRule = (_, { channel }) => channel;
const agentIsFree: CallRule = (_, { agent }) => agent;
const noCallIsLive: CallRule = ({ liveCalls: [live] }) =>
  live ? refuse('call.already_live', { facts: { callId: live.callId } }) : null;

/** What forbids an outgoing call for a while, in the order in which it is told. */
const lastingRules = [permissionHolds, underConnectedLimit, metaAllowsCall, channelIsOpen];
/** What may be otherwise in a moment; told only if nothing else is in the way. */
const momentaryRules = [agentIsFree, noCallIsLive];

const notAlreadyPermanent: RequestRule = ({ grant: { kind, since } }) =>
  kind === 'permanent'
    ? refuse('permission.already_permanent', because({ type: 'PermissionGranted', at: since }))
    : null;

const waitedAfterDecline: RequestRule = (s, now, { waitAfterDecline }) => {
  if (s.declinedAt === null || s.declinedAt <= lastConnectedAt(s)) return null;
  const until = s.declinedAt + waitAfterDecline;
  const evidence: Evidence = { type: 'PermissionDeclined', at: s.declinedAt };
  return now < until ? later('permission.declined_wait_24h', until, evidence) : null;
};

const underRequestLimit =
  (code: string, span: number, limitOf: (policy: PermissionPolicy) => number): RequestRule =>
  (s, now, policy) => {
    const counting = requestsWithin(s, span, now);
    const blocking = counting.at(-limitOf(policy));
    if (!blocking) return null;
    const evidence = counting.map(
      ({ at, requestId }): Evidence => ({ type: 'PermissionRequested', at, id: requestId }),
    );
    return later(code, blocking.at + span, ...evidence);
  };

const metaAllowsRequest: RequestRule = ({ metaBlocks: { requestUntil } }, now) =>
  requestUntil !== null && now < requestUntil ? later('permission.request_limit_24h', requestUntil) : null;

/** Everything that can forbid a permission request, in the order in which it is told. */
const requestRules = [
  notAlreadyPermanent,
  waitedAfterDecline,
  underRequestLimit('permission.request_limit_24h', hours(24), (policy) => policy.requestsPer24h),
  underRequestLimit('permission.request_limit_7d', days(7), (policy) => policy.requestsPer7d),
  metaAllowsRequest,
];

/** The first reason, with the instant by which all of them have passed (if time alone cures them). */
const combined = (answers: readonly (Refusal | null)[]): Refusal | null => {
  const refusals = answers.filter((answer) => answer !== null);
  const [first] = refusals;
  if (!first) return null;
  const waits = refusals.flatMap(({ retryAt }) => retryAt ?? []);
  const { retryAt: _, ...reason } = first;
  return waits.length < refusals.length ? reason : { ...reason, retryAt: Math.max(...waits) };
};

/** A wait that ends outside the hours lasts until they open, and one that outlasts the permission is of no use. */
const withinHours = (refusal: Refusal | null, { grant }: Permission, { channelAt }: CallFacts): Refusal | null => {
  if (refusal?.retryAt === undefined) return refusal;
  const closed = channelAt?.(refusal.retryAt) ?? null;
  const { retryAt, ...reason } = closed ? { ...refusal, retryAt: closed.retryAt } : refusal;
  const inVain = retryAt === undefined || (grant.until !== null && retryAt >= grant.until);
  return inVain ? reason : { ...reason, retryAt };
};

/** Why no call may be placed now, or `null`. */
export const callRefusal = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) => {
  const answersOf = (rules: readonly CallRule[]) => rules.map((rule) => rule(s, facts, now, policy));
  return withinHours(combined(answersOf(lastingRules)), s, facts) ?? combined(answersOf(momentaryRules));
};

/** Why no permission request may be sent now, or `null`. */
export const requestRefusal = (s: Permission, now: Instant, policy: PermissionPolicy) =>
  combined(requestRules.map((rule) => rule(s, now, policy)));

const answer = (refusal: Refusal | null) => ({
  allowed: refusal === null,
  code: refusal?.refused ?? null,
  nextAllowedAt: refusal?.retryAt ?? null,
  facts: refusal?.facts ?? {},
});

/** May we call, may we ask, and what is left: the answer to "may we call?" with its reasons and counters. */
export const verdictOf = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) => {
  const unanswered = unansweredStreak(s).length;
  return {
    call: answer(callRefusal(s, facts, now, policy)),
    request: answer(requestRefusal(s, now, policy)),
    counters: {
      requests24h: requestsWithin(s, hours(24), now).length,
      requests7d: requestsWithin(s, days(7), now).length,
      connected24h: connectedToday(s, now).length,
      unanswered,
    },
    missesLeft: Math.max(0, policy.revokeAfterUnanswered - unanswered),
  };
};
