import { type Refusal, refuse } from './decider.ts';
import { lastConnectedAt, unansweredStreak } from './permission-counters.ts';
import type { RevokedBecause } from './permission-events.ts';
import { countingIn, type Usage, usageNow } from './permission-limits.ts';
import type { PermissionPolicy } from './permission-policy.ts';
import type { Permission, PermissionEvent } from './permission-state.ts';
import { days, hours, type Instant } from './time.ts';

/** What the other aggregates say about a call to be placed now; `null` means nothing against it. */
export type CallFacts = {
  readonly channel: Refusal | null;
  readonly agent: Refusal | null;
  /** What the channel will say at a later instant, so that "when may we?" also falls into its hours. */
  readonly channelAt?: (at: Instant) => Refusal | null;
  /** What the channel says about asking (`askingRefusal`), where the verdict is on that too. */
  readonly asking?: Refusal | null;
};

/** An event that a refusal rests on: `id` is the call's or the request's, where it has one. */
type Evidence = {
  readonly type: PermissionEvent['type'];
  readonly at: Instant;
  readonly id?: string;
  readonly because?: RevokedBecause | null;
};

type Answers = readonly (Refusal | null)[];
type CallRule = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) => Refusal | null;
type RequestRule = (s: Permission, now: Instant, policy: PermissionPolicy) => Refusal | null;

const because = (...events: readonly Evidence[]) => ({ facts: { because: events } });
const later = (code: string, retryAt: Instant, ...events: readonly Evidence[]) =>
  refuse(code, { retryAt, ...because(...events) });

/** Whether a permission holds at an instant: a temporary one ends exactly when its time is up. */
export const isGranted = ({ grant }: Permission, now: Instant) =>
  grant.kind === 'permanent' || (grant.kind === 'temporary' && grant.until !== null && now < grant.until);

const permissionHolds: CallRule = (s, _, now) => {
  const { kind, lost, since: at, revokedBecause } = s.grant;
  if (isGranted(s, now)) return null;
  if (kind === 'temporary') return refuse('permission.expired', because({ type: 'PermissionGranted', at }));
  if (lost === 'expired') return refuse('permission.expired', because({ type: 'PermissionExpired', at }));
  if (lost === 'revoked')
    return refuse('permission.revoked', because({ type: 'PermissionRevoked', at, because: revokedBecause }));
  return refuse('permission.none');
};

const limitCode = ({ action, period }: Usage) => {
  if (action === 'call') return 'permission.connected_limit_24h';
  return period > hours(24) ? 'permission.request_limit_7d' : 'permission.request_limit_24h';
};

const countedAs = { request: 'PermissionRequested', call: 'OutgoingCallConnected' } as const;

/** What a limit rests on: our own that count, and Meta's word where it is Meta's. */
const evidenceOf = ({ action, counting, toldAt }: Usage): readonly Evidence[] => [
  ...counting.flatMap(({ at, id }) => (id === null ? [] : [{ type: countedAs[action], at, id }])),
  ...(toldAt === null ? [] : [{ type: 'MetaReportDiffered', at: toldAt } as const]),
];

const toldCode = { request: 'permission.request_limit_24h', call: 'permission.connected_limit_24h' } as const;

/** Every limit on asking or calling that is used up, and what Meta told us to wait for. */
const limitsAgainst = (s: Permission, action: Usage['action'], now: Instant, policy: PermissionPolicy): Answers => {
  const usage = usageNow(s, action, now, policy);
  const full = usage.map((one) => (one.freeAt === null ? null : later(limitCode(one), one.freeAt, ...evidenceOf(one))));
  const wait = s.metaWaits[action];
  const isToldToWait = wait !== null && now < wait.until;
  return [...full, isToldToWait ? later(toldCode[action], wait.until, { type: 'MetaDisagreed', at: wait.at }) : null];
};

const channelIsOpen: CallRule = (_, { channel }) => channel;
const agentIsFree: CallRule = (_, { agent }) => agent;
const noCallIsLive: CallRule = ({ liveCalls: [live] }) =>
  live ? refuse('call.already_live', { facts: { callId: live.callId } }) : null;

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

/** The first reason, with the instant by which all of them have passed (if time alone cures them). */
const combined = (answers: Answers): Refusal | null => {
  const refusals = answers.filter((answer) => answer !== null);
  const [first] = refusals;
  if (!first) return null;
  const waits = refusals.flatMap(({ retryAt }) => retryAt ?? []);
  const { retryAt: _, ...reason } = first;
  return waits.length < refusals.length ? reason : { ...reason, retryAt: Math.max(...waits) };
};

/** Which limit on asking or calling is in the way now, whatever else is, or `null`. */
export const limitRefusal = (s: Permission, action: Usage['action'], now: Instant, policy: PermissionPolicy) =>
  combined(limitsAgainst(s, action, now, policy));

/** A wait that ends outside the hours lasts until they open, and one that outlasts the permission is of no use. */
const withinHours = (refusal: Refusal | null, { grant }: Permission, { channelAt }: CallFacts): Refusal | null => {
  if (refusal?.retryAt === undefined) return refusal;
  const closed = channelAt?.(refusal.retryAt) ?? null;
  const { retryAt, ...reason } = closed ? { ...refusal, retryAt: closed.retryAt } : refusal;
  const inVain = retryAt === undefined || (grant.until !== null && retryAt >= grant.until);
  return inVain ? reason : { ...reason, retryAt };
};

/** Why no call may be placed now, or `null`: first what forbids it for a while, in the order in which it is told. */
export const callRefusal = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) => {
  const says = (rule: CallRule) => rule(s, facts, now, policy);
  const lasting = [says(permissionHolds), ...limitsAgainst(s, 'call', now, policy), says(channelIsOpen)];
  return withinHours(combined(lasting), s, facts) ?? combined(momentaryRules.map(says));
};

/** Why no permission request may be sent now, or `null`. */
export const requestRefusal = (s: Permission, now: Instant, policy: PermissionPolicy) => {
  const says = (rule: RequestRule) => rule(s, now, policy);
  return combined([says(notAlreadyPermanent), says(waitedAfterDecline), ...limitsAgainst(s, 'request', now, policy)]);
};

const answer = (refusal: Refusal | null) => ({
  allowed: refusal === null,
  code: refusal?.refused ?? null,
  nextAllowedAt: refusal?.retryAt ?? null,
  facts: refusal?.facts ?? {},
});

const limitShown = ({ action, period, maxAllowed, counting, freeAt, toldAt }: Usage) => ({
  action,
  period,
  maxAllowed,
  used: counting.length,
  freeAt,
  toldByMetaAt: toldAt,
});

/** May we call, may we ask, and what is left: the answer to "may we call?" with its reasons, counters and limits. */
export const verdictOf = (s: Permission, facts: CallFacts, now: Instant, policy: PermissionPolicy) => {
  const unanswered = unansweredStreak(s).length;
  const used = (action: Usage['action'], period: number) => countingIn(s, { action, period }, now).length;
  return {
    call: answer(callRefusal(s, facts, now, policy)),
    request: answer(facts.asking ?? requestRefusal(s, now, policy)),
    counters: {
      requests24h: used('request', hours(24)),
      requests7d: used('request', days(7)),
      connected24h: used('call', hours(24)),
      unanswered,
    },
    limits: [...usageNow(s, 'request', now, policy), ...usageNow(s, 'call', now, policy)].map(limitShown),
    missesLeft: Math.max(0, policy.revokeAfterUnanswered - unanswered),
  };
};
