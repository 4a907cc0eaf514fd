import type { PairLimit, PermissionStanding } from './permission-events.ts';
import { evolve } from './permission-evolve.ts';
import { countingIn, type Usage, usageNow } from './permission-limits.ts';
import type { PermissionPolicy } from './permission-policy.ts';
import { clockSlack, closeEnough, isClose, isOvertaken } from './permission-reply.ts';
import {
  hasSpoken,
  noGrant,
  type Permission,
  type PermissionEvent,
  type PermissionRequest,
} from './permission-state.ts';
import { isGranted } from './permission-verdict.ts';
import { type Instant, minutes } from './time.ts';

/** What Meta said of a permission, asked at `at`; `until` of a temporary one is `null` where it was not told. */
export type MetaReport = PermissionStanding & { readonly at: Instant };

type Pair = { channelId: string; customerId: string; ticketId: string | null };
type Events = readonly PermissionEvent[];
type Limits = readonly PairLimit[];

/** Nobody waits longer for Meta's answer to a request. */
const sentWithin = minutes(2);

/** Whether nobody can say that Meta has it. */
export const isUnsure = ({ counts, messageId, deliveredAt, answeredAt }: PermissionRequest) =>
  counts && messageId === null && deliveredAt === null && answeredAt === null;

/** It was being sent when Meta was asked, so that Meta may have counted it or not. */
const isOnItsWay = (r: PermissionRequest, at: Instant) =>
  r.counts && r.at <= at && r.at > at - sentWithin && (isUnsure(r) || (r.sentAt ?? r.at) > at - clockSlack);

/** What counted when Meta was asked; with `slack`, as it counts so much later. */
const countingAt = (s: Permission, window: Pick<Usage, 'action' | 'period'>, at: Instant, slack = 0) =>
  countingIn(s, window, at + slack).filter((one) => one.at <= at);

/**
 * Requests of unknown fate, where Meta has counted fewer than we: so many of them never reached it. The shortest window that
 * one lies in tells best, for a conversation we have not heard of may have cleared what is older.
 */
const neverArrived = (s: Permission, limits: Limits, at: Instant): readonly PermissionRequest[] => {
  const unsure = s.requests.filter((r) => isUnsure(r) && r.at <= at - sentWithin);
  const fates = new Map<string | null, 'lost' | 'arrived'>();
  for (const limit of limits.toSorted((a, b) => a.period - b.period)) {
    const counting = countingAt(s, limit, at, closeEnough).filter(({ id }) => fates.get(id) !== 'lost');
    const missing = Math.max(0, counting.length - limit.used);
    const isHere = ({ requestId }: PermissionRequest) => counting.some(({ id }) => id === requestId);
    const here = unsure.filter((r) => isHere(r) && !fates.has(r.requestId));
    for (const [n, { requestId }] of here.entries()) fates.set(requestId, n < missing ? 'lost' : 'arrived');
  }
  return unsure.filter(({ requestId }) => fates.get(requestId) === 'lost');
};

/** How the permission itself becomes what Meta says it is. */
const corrected = (s: Permission, { status, until, at }: MetaReport, pair: Pair, policy: PermissionPolicy): Events => {
  const isHeld = isGranted(s, at);
  const ends = s.grant.until;
  if (status === 'none' || (until !== null && until <= at)) {
    if (!isHeld) return [];
    if (ends !== null && isClose(ends, at)) return [{ type: 'PermissionExpired', at, ...pair }];
    return [{ type: 'PermissionRevoked', at, ...pair, because: 'meta', replyId: null }];
  }
  const isSameEnd = until === null || ends === null || isClose(until, ends);
  if (isHeld && s.grant.kind === status && isSameEnd) return [];
  const permanent = status === 'permanent';
  const end = permanent ? null : (until ?? at + policy.temporaryFor);
  const by = { source: 'meta', requestId: null, callId: null, replyId: null } as const;
  return [{ type: 'PermissionGranted', at, ...pair, ...by, permanent, until: end }];
};

/** Whether Meta stands by the customer's last word after all, where only a refusal of its own had made us doubt it. */
const isConfirmed = ({ grant, lastReply }: Permission, { status }: MetaReport): boolean =>
  status !== 'none' && grant.revokedBecause === 'meta' && lastReply?.accepted === true;

/** A limit as we believe it to be, in Meta's words. */
const believedLimit = (s: Permission, usage: Usage, at: Instant): PairLimit => {
  const { action, period, maxAllowed, freeAt } = usage;
  const wait = s.metaWaits[action];
  const until = wait !== null && wait.until > at ? wait.until : 0;
  const used = countingAt(s, usage, at).length;
  return { action, period, maxAllowed, used, freeAt: Math.max(freeAt ?? 0, until) || null };
};

/** Whether Meta may count so many and mean the same: some come or leave just now, of some calls nobody has told us the fate. */
const meansTheSame = (s: Permission, { used, ...limit }: PairLimit, at: Instant) => {
  const isUntold = ({ callId, direction }: Permission['liveCalls'][number]) =>
    direction === 'outgoing' && !hasSpoken(s, callId);
  const untold = limit.action === 'call' ? s.liveCalls.filter(isUntold).length : 0;
  const least = countingAt(s, limit, at, closeEnough).filter((one) => one.at <= at - clockSlack);
  const most = countingAt(s, limit, at, -closeEnough);
  return least.length <= used && used <= most.length + untold;
};

const roomAt = (limits: Limits, at: Instant) => Math.max(at, ...limits.map(({ freeAt }) => freeAt ?? at));

/** Whether both say the same of asking, or of calling: of each limit, and of when there is room again. */
const agrees = (s: Permission, said: Limits, believed: Limits, at: Instant): boolean => {
  const pairs = said.map((limit) => [limit, believed.find(({ period }) => period === limit.period)] as const);
  if (!pairs.every(([a, b]) => a.maxAllowed === b?.maxAllowed && meansTheSame(s, a, at))) return false;
  const saysWhen = pairs.every(([a, b]) => a.used === b?.used && (a.used < a.maxAllowed || a.freeAt !== null));
  return !saysWhen || isClose(roomAt(said, at), roomAt(believed, at));
};

/** What was told of asking, or of calling, beside what we believe of it; nothing where nothing was told. */
const besideOurs = (s: Permission, said: Limits, at: Instant, policy: PermissionPolicy) =>
  said.slice(0, 1).map(({ action }) => {
    const believed = usageNow(s, action, at, policy).map((usage) => believedLimit(s, usage, at));
    return { said, believed };
  });

/** What follows from Meta's word: nothing where it agrees; else what it said, what we believed, and what changes. */
export const reported = (before: Permission, report: MetaReport, pair: Pair, policy: PermissionPolicy): Events => {
  const { at, status, until } = report;
  if (at < before.reportedAt) return []; // Meta has been asked again since
  const told = (action: PairLimit['action']) => report.limits.filter((limit) => limit.action === action);
  const requests = before.requests.some((r) => isOnItsWay(r, at)) ? [] : told('request');
  const lost = neverArrived(before, requests, at).map(
    ({ requestId }) => ({ type: 'PermissionRequestNeverArrived', at, ...pair, requestId }) as const,
  );
  const s = lost.reduce<Permission>(evolve, before);
  const news = isOvertaken(s, at) && !isConfirmed(s, report) ? [] : corrected(s, report, pair, policy);
  const limits = [requests, told('call')].flatMap((said) => besideOurs(s, said, at, policy));
  if (news.length === 0 && limits.every(({ said, believed }) => agrees(s, said, believed, at))) return lost;
  const grant = isGranted(s, at) ? s.grant : noGrant;
  const said = { status, until, limits: limits.flatMap((one) => one.said) };
  const believed = { status: grant.kind, until: grant.until, limits: limits.flatMap((one) => one.believed) };
  return [...lost, { type: 'MetaReportDiffered', at, ...pair, said, believed }, ...news];
};
