import { lastConnectedAt } from './permission-counters.ts';
import type { PairLimit } from './permission-events.ts';
import type { PermissionPolicy } from './permission-policy.ts';
import type { Counting, MetaLimit, Permission } from './permission-state.ts';
import { days, hours, type Instant, within } from './time.ts';

type Action = PairLimit['action'];
type Window = Pick<PairLimit, 'action' | 'period'>;

/** A limit in force with what counts towards it; `freeAt`: when there is room again, `toldAt`: when Meta said so. */
export type Usage = Window & {
  readonly maxAllowed: number;
  readonly counting: readonly Counting[];
  readonly freeAt: Instant | null;
  readonly toldAt: Instant | null;
};

/** Which limit stands behind a refusal of Meta: 138009 asked too often, 138012 connected too often. */
export const refusedAction: ReadonlyMap<number | null, Action> = new Map([
  [138009, 'request'],
  [138012, 'call'],
]);

const policyLimits = ({ requestsPer24h, requestsPer7d, connectedPer24h }: PermissionPolicy) =>
  [
    { action: 'request', period: hours(24), maxAllowed: requestsPer24h },
    { action: 'request', period: days(7), maxAllowed: requestsPer7d },
    { action: 'call', period: hours(24), maxAllowed: connectedPer24h },
  ] as const;

const wordOn = ({ metaLimits }: Permission, { action, period }: Window) =>
  metaLimits.find((word) => word.action === action && word.period === period);

/** All we know of ourselves, each with the moment from which Meta surely knew it too. */
const ours = (s: Permission, action: Action): readonly (Counting & { knownAt: Instant })[] =>
  action === 'call'
    ? s.pastCalls.flatMap(({ result, at, callId: id }) => (result === 'connected' ? [{ at, id, knownAt: at }] : []))
    : s.requests.flatMap(({ counts, at, requestId: id, sentAt, deliveredAt }) =>
        counts ? [{ at, id, knownAt: sentAt ?? deliveredAt ?? at }] : [],
      );

/** What counts inside a window before `now`, oldest first: by Meta's last word what was before it, by ours what came since. */
export const countingIn = (s: Permission, window: Window, now: Instant): readonly Counting[] => {
  const word = wordOn(s, window);
  const clearedAt = window.action === 'request' ? lastConnectedAt(s) : -1;
  const hasFailed = (id: string | null) => s.requests.some((r) => r.requestId === id && !r.counts);
  const told = word && word.at >= clearedAt ? word.counting.filter(({ id }) => !hasFailed(id)) : [];
  const since = ours(s, window.action)
    .filter(({ at, knownAt }) => at > clearedAt && knownAt > (word?.at ?? -1))
    .map(({ at, id }) => ({ at, id }));
  return [...told, ...since].filter(({ at }) => within(window.period, now)(at)).toSorted((a, b) => a.at - b.at);
};

const usageOf = (s: Permission, limit: Omit<Usage, 'counting' | 'freeAt'>, now: Instant): Usage => {
  const counting = countingIn(s, limit, now);
  const blocking = counting.at(-limit.maxAllowed);
  return { ...limit, counting, freeAt: blocking ? blocking.at + limit.period : null };
};

/** The limits in force on asking or calling: the policy's, or Meta's where it said otherwise under that policy. */
export const usageNow = (s: Permission, action: Action, now: Instant, policy: PermissionPolicy): readonly Usage[] => {
  const limits = policyLimits(policy).filter((limit) => limit.action === action);
  const isMetasOwn = (word: MetaLimit) =>
    word.action === action && !limits.some(({ period }) => period === word.period);
  return [...limits, ...s.metaLimits.filter(isMetasOwn)].map(({ period, maxAllowed }) => {
    const word = wordOn(s, { action, period });
    const isTold = word !== undefined && word.at >= policy.effectiveFrom;
    const rule = isTold ? { maxAllowed: word.maxAllowed, toldAt: word.at } : { maxAllowed, toldAt: null };
    return usageOf(s, { action, period, ...rule }, now);
  });
};

/** What Meta says of a limit, as it counts from then on: the newest of ours that it can mean, and others of its own. */
export const toldLimit = (s: Permission, said: PairLimit, at: Instant): MetaLimit => {
  const { action, period, maxAllowed, used, freeAt } = said;
  const known = countingIn(s, said, at).filter((one) => one.at <= at);
  const meant = known.slice(Math.max(0, known.length - used));
  const strangers = Array.from({ length: used - meant.length }, () => ({ at, id: null }));
  const counting = [...meant, ...strangers];
  const isFull = used >= maxAllowed && freeAt !== null;
  return { action, period, maxAllowed, at, counting: isFull ? freeing(counting, said, freeAt) : counting };
};

/** The one that stands in the way leaves when Meta says that there is room again; others before or after it. */
const freeing = (counting: readonly Counting[], { period, maxAllowed, used }: PairLimit, freeAt: Instant) => {
  const blocking = used - maxAllowed;
  const leaving = freeAt - period;
  return counting.map(({ at, id }, n) => {
    if (n === blocking) return { at: leaving, id };
    return { at: n < blocking ? Math.min(at, leaving) : Math.max(at, leaving), id };
  });
};
