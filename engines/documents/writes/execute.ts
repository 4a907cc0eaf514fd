import type { Store } from '../storage/store.ts';
import { changeLong } from './long.ts';
import type { Change, Operation, Outcome } from './operations.ts';
import { attempt, needsSearch, transactionMillis } from './within.ts';

/** Called at the end of each transaction with what has been done so far, to be remembered with it. */
export type Remember = (outcomes: readonly Outcome[]) => void;

/**
 * Carries out operations in order, many to a transaction, and gives an outcome for each that was tried: after an error
 * an ordered list stops. `done` are the outcomes of an earlier attempt, which are not repeated.
 */
export const execute = async (
  store: Store,
  operations: readonly Operation[],
  isOrdered: boolean,
  remember: Remember,
  done: readonly Outcome[] = [],
): Promise<Outcome[]> => {
  const outcomes = [...done];
  const isOver = (): boolean =>
    outcomes.length === operations.length || (isOrdered && outcomes.at(-1)?.error !== undefined);
  while (!isOver()) {
    const isStuck = await store.write((tx) => {
      let takesLong = false;
      const until = performance.now() + transactionMillis;
      while (!isOver() && performance.now() < until) {
        const outcome = attempt(store, tx, operations[outcomes.length]!);
        takesLong = outcome === needsSearch;
        if (outcome === needsSearch) break;
        outcomes.push(outcome);
      }
      remember(outcomes);
      return takesLong;
    });
    if (!isStuck) continue;
    const op = operations[outcomes.length] as Change;
    outcomes.push(await changeLong(store, op, (outcome) => remember([...outcomes, outcome])));
  }
  return outcomes;
};
