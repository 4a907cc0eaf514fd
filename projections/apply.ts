import type { AnyBulkWriteOperation, Db } from 'mongodb';
import type { Recorded } from '../store/event-log.ts';
import { eventsByKey, foldBatch } from './fold-batch.ts';
import { collectionOf, type Projection, type Stored } from './projection.ts';

/** What the documents that these events touch become; reads each of them once. */
export const changesBy = async (db: Db, p: Projection, events: readonly Recorded[], now: Date) => {
  const keys = [...eventsByKey(p, events).keys()];
  if (keys.length === 0) return [];
  const collection = db.collection<Stored<unknown>>(collectionOf(p));
  const found = await collection.find({ _id: { $in: keys } }).toArray();
  const known = new Map(found.map((stored) => [stored._id, stored]));
  return foldBatch(p, known, events, now);
};

/** Writes documents at once; fails for those of which something newer is there, which stay. */
export const writeChanges = async (db: Db, p: Projection, changed: readonly Stored<unknown>[]) => {
  if (changed.length === 0) return;
  const collection = db.collection<Stored<unknown>>(collectionOf(p));
  await collection.bulkWrite(changed.map(unlessNewer), { ordered: false });
};

// where something newer is there the filter finds nothing, and the upsert fails on the id that is taken
const unlessNewer = ({ _id, ...replacement }: Stored<unknown>): AnyBulkWriteOperation<Stored<unknown>> => ({
  replaceOne: { filter: { _id, at: { $lte: replacement.at } }, replacement, upsert: true },
});

/**
 * Brings the documents of a read model up to a batch: one read of those it touches, one write of those it changes, and
 * nothing where it touches none. Safe to repeat and to interrupt anywhere. No document ever goes back, even when a
 * worker that was paused long ago writes late: such a write fails, and a repeat finds nothing to do.
 */
export const apply = async (db: Db, p: Projection, events: readonly Recorded[], now: Date): Promise<void> =>
  writeChanges(db, p, await changesBy(db, p, events, now));
