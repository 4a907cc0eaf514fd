import type { MissReason } from '../call-events.ts';
import type { Course } from './course.ts';
import type { Shift } from './shift.ts';

/** In seconds, each a value that really occurred. */
export type Spread = { readonly median: number; readonly p90: number; readonly longest: number };

export type AgentFigures = Shift & {
  readonly offered: number;
  readonly answered: number;
  readonly talkSeconds: number;
};

/** How a store's incoming calls went. */
export type Figures = {
  readonly calls: number;
  readonly answered: number;
  readonly missed: number;
  /** Of one; `null` without calls. */
  readonly missedRate: number | null;
  readonly missReasons: { readonly [R in MissReason]?: number };
  /** Calls that had to wait for an agent. */
  readonly queued: number;
  /** From the start of a call until it was answered, or until it was missed. */
  readonly waitSeconds: { readonly answered: Spread | null; readonly missed: Spread | null };
  readonly agents: readonly AgentFigures[];
};

const ofRank = (inOrder: readonly number[], share: number) => inOrder[Math.ceil(inOrder.length * share) - 1] ?? 0;

const spreadOf = (courses: readonly Course[]): Spread | null => {
  if (courses.length === 0) return null;
  const inOrder = courses.map(({ wait }) => wait.after / 1_000).toSorted((a, b) => a - b);
  return { median: ofRank(inOrder, 0.5), p90: ofRank(inOrder, 0.9), longest: ofRank(inOrder, 1) };
};

/** What is said of each name, added up. */
const sumsOf = (said: readonly (readonly [name: string, amount: number])[]): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>();
  for (const [name, amount] of said) sums.set(name, (sums.get(name) ?? 0) + amount);
  return sums;
};

/** What the calls and the agents' shifts come to. */
export const figuresOf = (courses: readonly Course[], shifts: readonly Shift[]): Figures => {
  const answered = courses.filter(({ missReason }) => missReason === null);
  const missed = courses.filter(({ missReason }) => missReason !== null);
  const offers = sumsOf(courses.flatMap(({ legs }) => legs.map(({ agentId }) => [agentId, 1] as const)));
  const answers = sumsOf(answered.map(({ answeredBy }) => [answeredBy ?? '', 1]));
  const talks = sumsOf(answered.map(({ answeredBy, talkSeconds }) => [answeredBy ?? '', talkSeconds]));
  return {
    calls: courses.length,
    answered: answered.length,
    missed: missed.length,
    missedRate: courses.length === 0 ? null : missed.length / courses.length,
    missReasons: Object.fromEntries(sumsOf(missed.map(({ missReason }) => [missReason ?? '', 1]))),
    queued: courses.filter(({ wasQueued }) => wasQueued).length,
    waitSeconds: { answered: spreadOf(answered), missed: spreadOf(missed) },
    agents: shifts.map((shift) => ({
      ...shift,
      offered: offers.get(shift.agentId) ?? 0,
      answered: answers.get(shift.agentId) ?? 0,
      talkSeconds: talks.get(shift.agentId) ?? 0,
    })),
  };
};
