import { planOf } from '../query/find.ts';
import { scanOf } from '../query/run-plan.ts';
import type { Budget, Found } from '../query/scan.ts';
import { turn } from '../query/source.ts';
import type { Sort } from '../sort.ts';
import { type Collection, namespaceOf } from '../storage/collection.ts';
import type { Store } from '../storage/store.ts';
import type { Transaction } from '../storage/transactions.ts';
import { applyInsert, applyToFound, applyToNone, type Change, type Operation, type Outcome } from './operations.ts';
import { capture, failed, merge } from './outcomes.ts';

/** How long a transaction may hold up others. */
export const transactionMillis = 12;

const mostInline = 500;

/** Means that finding the documents takes longer than a transaction may. */
export const needsSearch = Symbol('needs search');

/** The collection an operation is about, if it exists. */
export const collectionOf = (store: Store, { namespace }: Change): Collection | undefined =>
  store.catalogue.get(namespaceOf(namespace));

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

/** Finds and changes documents inside a transaction. */
export const changeWithin = (
  store: Store,
  tx: Transaction,
  op: Change,
  budget: Budget,
): Outcome | typeof needsSearch => {
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

/** Carries out an operation inside a transaction, if its documents are found soon enough. */
export const attempt = (store: Store, tx: Transaction, op: Operation): Outcome | typeof needsSearch => {
  if (op.kind === 'invalid') return { n: 0, modified: 0, error: op.error };
  try {
    op.timeLimit?.check();
    return op.kind === 'insert' ? applyInsert(store, tx, op) : changeWithin(store, tx, op, turn(mostInline));
  } catch (error) {
    return failed(error);
  }
};
