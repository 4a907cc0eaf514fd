import type { Capacity } from '../capacity.ts';
import type { Routing } from '../routing.ts';
import { type Behaviour, learn } from './behaviour.ts';
import type { Course } from './course.ts';
import type { Figures } from './figures.ts';
import type { History } from './history.ts';
import { replay } from './replay.ts';

/** What is to be different; what is left out stays as it was at each time. */
export type Asked = Partial<Omit<Routing['rules'], 'capacity'>> & { readonly capacity?: Partial<Capacity> };

/** What happened, what the model makes of it under the rules of then, and what under the rules asked for. */
export type WhatIf = {
  readonly happened: Figures;
  readonly rulesOfThen: Figures;
  readonly rulesAsked: Figures;
  /** Calls that the replay under the rules of then answered by the same agent, or missed for the same reason. */
  readonly replayedAlike: number;
  /** Calls that have not ended yet, and are counted nowhere. */
  readonly ongoing: number;
  readonly basis: Behaviour['basis'];
};

const isAlike = (a: Course, b: Course | undefined) => a.missReason === b?.missReason && a.answeredBy === b.answeredBy;

/** What a history would have been under other rules. `done` is told how much of the work is done, of one. */
export const whatIf = (history: History, asked: Asked, done: (share: number) => void = () => {}): WhatIf => {
  const all = [...history.courses.values()];
  const concluded = all.filter(({ isConcluded }) => isConcluded);
  const behaviour = learn(all);
  const given = history.given.length;
  const then = replay(
    history,
    behaviour,
    (rules) => rules,
    (n) => done(n / given / 2),
  );
  const changed = replay(
    history,
    behaviour,
    (rules) => ({ ...rules, ...asked, capacity: { ...rules.capacity, ...asked.capacity } }),
    (n) => done(0.5 + n / given / 2),
  );
  return {
    happened: history.happened,
    rulesOfThen: then.figures,
    rulesAsked: changed.figures,
    replayedAlike: concluded.filter((course) => isAlike(course, then.courses.get(course.received.callId))).length,
    ongoing: all.length - concluded.length,
    basis: behaviour.basis,
  };
};
