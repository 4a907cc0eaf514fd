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

export type History<E, S> = { readonly state: S; readonly events: readonly E[] };

/** What remains of a row of commands, one after another; a refused one leaves nothing. */
export const history = <C, E, S>(decider: Decider<C, E, S>, commands: Iterable<C>): History<E, S> => {
  let state = decider.initial;
  const events: E[] = [];
  for (const command of commands) {
    const decision = decider.decide(state, command);
    if (isRefusal(decision)) continue;
    state = fold(decider, state, decision);
    events.push(...decision);
  }
  return { state, events };
};
