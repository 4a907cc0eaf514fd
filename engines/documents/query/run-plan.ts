import { DocumentError } from '../errors.ts';
import type { Matcher } from '../filter/matcher.ts';
import { type Collection, type Index, namespaceOf } from '../storage/collection.ts';
import type { Store } from '../storage/store.ts';
import { IdScan, UnionScan } from './list-scan.ts';
import type { Plan } from './plan.ts';
import { CollectionScan, IndexScan } from './range-scan.ts';
import type { Scan } from './scan.ts';
import type { TimeLimit } from './time-limit.ts';

const indexesOf = (plan: Plan): Index[] => {
  if (plan.kind === 'union') return plan.plans.flatMap(indexesOf);
  return plan.kind === 'index' ? [plan.index] : [];
};

/** A scan that fails, and does not just end early, once its collection or an index it reads is dropped. */
const guarded = (
  scan: Scan,
  store: Store,
  collection: Collection,
  indexes: readonly Index[],
  timeLimit: TimeLimit | undefined,
): Scan => ({
  get examined() {
    return scan.examined;
  },
  get isDone() {
    return scan.isDone;
  },
  take: (budget) => {
    store.assertRunning();
    timeLimit?.check();
    const isThere = store.catalogue.get(namespaceOf(collection)) === collection;
    if (!isThere || indexes.some((index) => !collection.indexes.includes(index))) {
      throw new DocumentError(
        'QueryPlanKilled',
        'query plan killed :: the collection or an index was dropped meanwhile',
      );
    }
    return scan.take(budget);
  },
});

/** Counts the use of an index, or of the `_id`s. */
const noteUse = (collection: Collection, plan: Plan): void => {
  if (plan.kind === 'index') plan.index.uses += 1;
  else if (plan.kind === 'ids') collection.uses += 1;
  else if (plan.kind === 'union') for (const part of plan.plans) noteUse(collection, part);
};

/** Carries out a plan; every document is checked against the whole filter. */
export const scanOf = (
  store: Store,
  collection: Collection,
  plan: Plan,
  matches: Matcher,
  timeLimit?: TimeLimit,
): Scan => {
  noteUse(collection, plan);
  return guarded(bareScan(store, collection, plan, matches), store, collection, indexesOf(plan), timeLimit);
};

const bareScan = (store: Store, collection: Collection, plan: Plan, matches: Matcher): Scan => {
  switch (plan.kind) {
    case 'ids':
      return new IdScan(store, collection, plan.ids, matches);
    case 'collection':
      return new CollectionScan(store, collection, plan.ranges, plan.isReverse, matches);
    case 'index':
      return new IndexScan(store, collection, plan, matches);
    case 'union':
      return new UnionScan(plan.plans.map((part) => bareScan(store, collection, part, matches)));
    case 'nothing':
      return new UnionScan([]);
  }
};
