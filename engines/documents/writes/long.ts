import { setImmediate as breathe } from 'node:timers/promises';
import { idOf } from '../bson/value.ts';
import { idKey } from '../key-encoding.ts';
import { search } from '../query/find.ts';
import type { Budget } from '../query/scan.ts';
import { turn } from '../query/source.ts';
import type { Store } from '../storage/store.ts';
import type { Transaction } from '../storage/transactions.ts';
import { applyToFound, applyToNone, type Change, type Outcome } from './operations.ts';
import { capture, failed, merge } from './outcomes.ts';
import { changeWithin, collectionOf, transactionMillis } from './within.ts';

const mostSearches = 3;

const findIds = async (store: Store, op: Change): Promise<Buffer[]> => {
  const request = { ...op.request, limit: op.isMulti ? 0 : 1 };
  const { source } = search(store, collectionOf(store, op), request, op.timeLimit);
  const ids: Buffer[] = [];
  while (!source.isDone) {
    for (const doc of source.pull(turn(1000))) ids.push(idKey(idOf(doc)!));
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
export const changeLong = async (store: Store, op: Change, remember: (outcome: Outcome) => void): Promise<Outcome> => {
  try {
    return op.isMulti ? await changeMany(store, op) : await changeFirst(store, op, remember);
  } catch (error) {
    return failed(error);
  }
};
