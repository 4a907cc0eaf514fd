import { setImmediate as breathe } from 'node:timers/promises';
import { field } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { idKey } from '../key-encoding.ts';
import { planOf, search } from '../query/find.ts';
import { type Budget, type Found, scanOf } from '../query/scan.ts';
import { turn } from '../query/source.ts';
import type { Sort } from '../sort.ts';
import { type Collection, namespaceOf } from '../storage/catalogue.ts';
import type { Store, Transaction } from '../storage/store.ts';
import { applyInsert, applyToFound, applyToNone, type Change, type Operation, type Outcome } from './operations.ts';

const transactionMillis = 12;
const mostInline = 500;
const mostSearches = 3;

/** Called at the end of each transaction with what has been done so far, to be remembered with it. */
export type Remember = (outcomes: readonly Outcome[]) => void;

/** Means that finding the documents takes longer than a transaction may. */
const needsSearch = Symbol('needs search');

const collectionOf = (store: Store, { namespace }: Change): Collection | undefined =>
  store.catalogue.get(namespaceOf(namespace));

const merge = (a: Outcome, b: Outcome): Outcome => ({ ...a, ...b, n: a.n + b.n, modified: a.modified + b.modified });

const firstBySort = (found: readonly Found[], { key }: Sort): Found[] => {
  const keyed = found.map((one) => ({ one, key: key(one.doc) }));
  return keyed.slice(0, 1).map((start) => keyed.reduce((a, b) => (b.key.compare(a.key) < 0 ? b : a), start).one);
};

/** The documents to change, or undefined if finding them takes more than the budget. */
const findWithin = (store: Store, collection: Collection, op: Change, budget: Budget): Found[] | undefined => {
  const plan = planOf(collection, op.request);
  const { sort } = op.request;
  const mustSeeAll = op.isMulti || (sort !== undefined && !plan.isSorted);
  const scan = scanOf(store, collection, plan, op.request.matches, op.timeLimit);
  const found = scan.take({ ...budget, documents: mustSeeAll ? budget.documents : 1 });
  if (!scan.isDone && (mustSeeAll || found.length === 0)) return undefined;
  return sort && mustSeeAll && !op.isMulti ? firstBySort(found, sort) : found;
};

const changeWithin = (store: Store, tx: Transaction, op: Change, budget: Budget): Outcome | typeof needsSearch => {
  const collection = collectionOf(store, op);
  const found = collection ? findWithin(store, collection, op, budget) : [];
  if (!found) return needsSearch;
  if (found.length === 0 || !collection) return applyToNone(store, tx, op);
  let total: Outcome = { n: 0, modified: 0 };
  for (const { id, doc } of found) {
    const done = capture(() => applyToFound(store, tx, collection, op, id, doc))!;
    total = merge(total, done);
    if (done.error) break;
  }
  return total;
};

const attempt = (store: Store, tx: Transaction, op: Operation): Outcome | typeof needsSearch => {
  if (op.kind === 'invalid') return { n: 0, modified: 0, error: op.error };
  try {
    op.timeLimit?.check();
    return op.kind === 'insert' ? applyInsert(store, tx, op) : changeWithin(store, tx, op, turn(mostInline));
  } catch (error) {
    return failed(error);
  }
};

const failed = (error: unknown): Outcome => {
  if (!(error instanceof DocumentError)) throw error;
  return { n: 0, modified: 0, error };
};

const findIds = async (store: Store, op: Change): Promise<Buffer[]> => {
  const request = { ...op.request, limit: op.isMulti ? 0 : 1 };
  const { source } = search(store, collectionOf(store, op), request, op.timeLimit);
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

/** Changes the document a search found before the transaction; undefined if it has changed meanwhile. */
const changeSearched = async (store: Store, op: Change, remember: (outcome: Outcome) => void) => {
  const version = collectionOf(store, op)?.version;
  const [id] = await findIds(store, op);
  return store.write((tx) => {
    const isCurrent = collectionOf(store, op)?.version === version;
    const done = capture(() => {
      if (id) return changeOne(store, tx, op, id);
      return isCurrent || !op.isUpsert ? applyToNone(store, tx, op) : undefined;
    });
    if (done) remember(done);
    return done;
  });
};

const noBudget: Budget = { documents: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY };

/** Searches before the transaction, so as not to hold up others; if the document keeps changing, inside it. */
const changeFirst = async (store: Store, op: Change, remember: (outcome: Outcome) => void): Promise<Outcome> => {
  for (let tries = 0; tries < mostSearches; tries += 1) {
    const outcome = await changeSearched(store, op, remember);
    if (outcome) return outcome;
  }
  return store.write((tx) => {
    const done = capture(() => changeWithin(store, tx, op, noBudget) as Outcome)!;
    remember(done);
    return done;
  });
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

/** Carries out an operation whose documents take long to find. */
const changeLong = async (store: Store, op: Change, remember: (outcome: Outcome) => void): Promise<Outcome> => {
  try {
    return op.isMulti ? await changeMany(store, op) : await changeFirst(store, op, remember);
  } catch (error) {
    return failed(error);
  }
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
