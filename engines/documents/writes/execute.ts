import { setImmediate as breathe } from 'node:timers/promises';
import { field } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { idKey } from '../key-encoding.ts';
import { planOf, search } from '../query/find.ts';
import { scanOf } from '../query/scan.ts';
import { turn } from '../query/source.ts';
import { type Collection, namespaceOf } from '../storage/catalogue.ts';
import type { Store, Transaction } from '../storage/store.ts';
import { applyInsert, applyToFound, applyToNone, type Change, type Operation, type Outcome } from './operations.ts';

const transactionMillis = 12;
const mostInline = 500;
const mostAttempts = 8;

/** Called at the end of each transaction with what has been done so far, to be remembered with it. */
export type Remember = (outcomes: readonly Outcome[]) => void;

/** Means that finding the documents takes longer than a transaction may. */
const needsSearch = Symbol('needs search');

const collectionOf = (store: Store, { namespace }: Operation): Collection | undefined =>
  store.catalogue.get(namespaceOf(namespace));

const merge = (a: Outcome, b: Outcome): Outcome => ({ ...a, ...b, n: a.n + b.n, modified: a.modified + b.modified });

const findInline = (store: Store, collection: Collection, op: Change) => {
  const plan = planOf(collection, op.request);
  if (op.request.sort && !plan.isSorted) return undefined;
  const scan = scanOf(store, collection, plan, op.request.matches);
  const found = scan.take(turn(op.isMulti ? mostInline : 1));
  return scan.isDone || (!op.isMulti && found.length > 0) ? found : undefined;
};

const changeInline = (store: Store, tx: Transaction, op: Change): Outcome | typeof needsSearch => {
  const collection = collectionOf(store, op);
  const found = collection ? findInline(store, collection, op) : [];
  if (!found) return needsSearch;
  if (found.length === 0 || !collection) return applyToNone(store, tx, op);
  return found.map(({ id, doc }) => applyToFound(store, tx, collection, op, id, doc)).reduce(merge);
};

const attempt = (store: Store, tx: Transaction, op: Operation): Outcome | typeof needsSearch => {
  try {
    return op.kind === 'insert' ? applyInsert(store, tx, op) : changeInline(store, tx, op);
  } catch (error) {
    return failed(error);
  }
};

const failed = (error: unknown): Outcome => {
  if (!(error instanceof DocumentError)) throw error;
  return { n: 0, modified: 0, error };
};

const findIds = async (store: Store, op: Change): Promise<Buffer[]> => {
  const { source } = search(store, collectionOf(store, op), { ...op.request, limit: op.isMulti ? 0 : 1 });
  const ids: Buffer[] = [];
  while (!source.isDone) {
    for (const doc of source.pull(turn(1000))) ids.push(idKey(field(doc, '_id')!));
    await breathe();
  }
  return ids;
};

/** Changes the document of this key if it still is there and matches. */
const changeOne = (store: Store, tx: Transaction, op: Change, id: Buffer): Outcome | undefined => {
  const collection = collectionOf(store, op);
  const doc = collection && store.get(collection, id);
  if (!collection || !doc || !op.request.matches(doc)) return undefined;
  return applyToFound(store, tx, collection, op, id, doc);
};

const changeFirst = async (store: Store, op: Change, remember: (outcome: Outcome) => void): Promise<Outcome> => {
  for (let tries = 1; ; tries += 1) {
    const version = collectionOf(store, op)?.version;
    const [id] = await findIds(store, op);
    const outcome = await store.write((tx) => {
      const isCurrent = collectionOf(store, op)?.version === version || tries === mostAttempts;
      const done = capture(() => {
        if (id) return changeOne(store, tx, op, id) ?? (tries === mostAttempts ? { n: 0, modified: 0 } : undefined);
        return isCurrent || !op.isUpsert ? applyToNone(store, tx, op) : undefined;
      });
      if (done) remember(done);
      return done;
    });
    if (outcome) return outcome;
  }
};

const capture = (work: () => Outcome | undefined): Outcome | undefined => {
  try {
    return work();
  } catch (error) {
    return failed(error);
  }
};

const changeMany = async (store: Store, op: Change): Promise<Outcome> => {
  const ids = await findIds(store, op);
  if (ids.length === 0) return store.write((tx) => capture(() => applyToNone(store, tx, op))!);
  let total: Outcome = { n: 0, modified: 0 };
  for (let at = 0; at < ids.length && !total.error; ) {
    await store.write((tx) => {
      const until = performance.now() + transactionMillis;
      for (; at < ids.length && !total.error && performance.now() < until; at += 1) {
        const done = capture(() => changeOne(store, tx, op, ids[at]!));
        if (done) total = merge(total, done);
      }
    });
    await breathe();
  }
  return total;
};

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
      const until = performance.now() + transactionMillis;
      while (!isOver() && performance.now() < until) {
        const outcome = attempt(store, tx, operations[outcomes.length]!);
        if (outcome === needsSearch) return true;
        outcomes.push(outcome);
      }
      remember(outcomes);
      return false;
    });
    if (!isStuck) continue;
    const op = operations[outcomes.length] as Change;
    outcomes.push(
      op.isMulti
        ? await changeMany(store, op)
        : await changeFirst(store, op, (outcome) => remember([...outcomes, outcome])),
    );
  }
  return outcomes;
};
