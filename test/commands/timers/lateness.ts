import fc from 'fast-check';
import { expect } from 'vitest';
import type { TimerKind } from '../../../commands/timers/lanes.ts';
import { type Timer, timersOf } from '../../../commands/timers/timers-of.ts';
import { type Decider, isRefusal } from '../../../domain/decider.ts';
import type { DomainEvent } from '../../../domain/index.ts';
import { days, hours, minutes } from '../../../domain/time.ts';

const begin = Date.UTC(2026, 0, 5, 9);

type Firings<C> = Partial<Record<TimerKind, (timer: Timer) => C>>;

const startedBy = (event: DomainEvent) =>
  (timersOf[event.type] as ((event: DomainEvent) => readonly Timer[]) | undefined)?.(event) ?? [];

/**
 * What a history of commands leaves behind when the timers fire before those commands of which `isOnTime` says so, and in
 * any case after the last.
 */
const live = <C extends { readonly at: number }, E extends DomainEvent, S>(
  decider: Decider<C, E, S>,
  firings: Firings<C>,
  commands: readonly C[],
  isOnTime: (n: number) => boolean,
) => {
  let state = decider.initial;
  const events: E[] = [];
  let timers: Timer[] = [];
  const run = (command: C) => {
    const decision = decider.decide(state, command);
    for (const event of isRefusal(decision) ? [] : decision) {
      state = decider.evolve(state, event);
      events.push(event);
      timers = [...timers, ...startedBy(event)].toSorted((a, b) => a.dueAt - b.dueAt);
    }
  };
  const fireDue = (by: number) => {
    for (let next = timers[0]; next && next.dueAt <= by; next = timers[0]) {
      timers = timers.slice(1);
      const command = firings[next.kind]?.(next);
      if (command) run(command);
    }
  };
  for (const [n, command] of commands.entries()) {
    if (isOnTime(n)) fireDue(command.at);
    run(command);
  }
  fireDue(Number.POSITIVE_INFINITY);
  const order = ({ at, type }: E) => `${at} ${type}`;
  return { state, events: events.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)) };
};

/** One command after another, from a minute to nine days apart. */
export const historyOf = <C>(...possible: ((at: number, n: number) => C)[]) =>
  fc
    .array(fc.tuple(fc.constantFrom(...possible), fc.constantFrom(minutes(1), hours(20), days(3), days(7), days(9))), {
      minLength: 1,
      maxLength: 12,
    })
    .map((steps) => {
      let at = begin;
      return steps.map(([commandAt, gap], n) => {
        at += gap;
        return commandAt(at, n);
      });
    });

const late = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });

/** A decider leaves the same behind whether its timers fire on time or late. */
export const sameWhenLate = <C extends { readonly at: number }, E extends DomainEvent, S>(
  decider: Decider<C, E, S>,
  firings: Firings<C>,
  histories: fc.Arbitrary<C[]>,
  seen: (state: S) => unknown = (state) => state,
) => {
  let ended = 0;
  fc.assert(
    fc.property(histories, late, (commands, isOnTime) => {
      const punctual = live(decider, firings, commands, () => true);
      const delayed = live(decider, firings, commands, (n) => isOnTime[n] ?? false);
      expect(delayed.events).toEqual(punctual.events);
      expect(seen(delayed.state)).toEqual(seen(punctual.state));
      ended += punctual.events.filter(({ type }) => /Expired$|RestrictionEnded$/.test(type)).length;
    }),
    { seed: 17, numRuns: 400 },
  );
  expect(ended).toBeGreaterThan(100);
};
