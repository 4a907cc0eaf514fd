import { expect } from 'vitest';
import { type Decider, fold, isRefusal } from '../../domain/decider.ts';

/** given(past).when(command).then(events), so that every decider's tests read alike. */
export const scenario = <C, E, S>(decider: Decider<C, E, S>) => ({
  given: (...past: readonly E[]) => ({
    when: (command: C) => {
      const decision = decider.decide(fold(decider, decider.initial, past), command);
      return {
        /** These events, in this order, and no others. */
        // biome-ignore lint/suspicious/noThenProperty: given/when/then is how these tests speak; nobody awaits them
        then: (...events: readonly E[]) => expect(decision).toEqual(events),
        /** Already so: nothing is recorded. */
        thenNothing: () => expect(decision).toEqual([]),
        /** A refusal of this code and, where one is named, this earliest next attempt (`null`: waiting does not help). */
        thenRefused: (refused: string, retryAt?: number | null) => {
          expect(decision).toMatchObject({ refused });
          if (retryAt === null) expect(decision).not.toHaveProperty('retryAt');
          else if (retryAt !== undefined) expect(decision).toMatchObject({ retryAt });
        },
      };
    },
  }),
});

/** What remains of a row of commands, one after another: each event with the state it met. A refusal leaves nothing. */
export const stepsOf = <C, E, S>(
  decider: Decider<C, E, S>,
  commands: Iterable<C | ((state: S) => C)>,
  past: readonly E[] = [],
): readonly { readonly before: S; readonly event: E }[] => {
  let before = fold(decider, decider.initial, past);
  return [...commands].flatMap((next) => {
    const decision = decider.decide(before, next instanceof Function ? next(before) : next);
    return (isRefusal(decision) ? [] : decision).map((event) => {
      const step = { before, event };
      before = decider.evolve(before, event);
      return step;
    });
  });
};

/** The state and the events that a row of commands leaves behind. */
export const history = <C, E, S>(decider: Decider<C, E, S>, commands: Iterable<C>) => {
  const events = stepsOf(decider, commands).map(({ event }) => event);
  return { state: fold(decider, decider.initial, events), events };
};
