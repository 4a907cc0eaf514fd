import type { CreateIndexesOptions, Db, IndexSpecification } from 'mongodb';
import { randomId } from '../store/ids.ts';
import { type Checkpoint, checkpointId, collectionOf, type Projection } from './projection.ts';

/** How long a client that was away can still learn what was removed, in seconds. */
const tombstonesFor = 24 * 60 * 60;

const common: readonly (readonly [IndexSpecification, CreateIndexesOptions?])[] = [
  [{ at: 1 }],
  [{ store: 1, at: 1 }],
  [{ removedAt: 1 }, { expireAfterSeconds: tombstonesFor }],
  [{ 'quarantine.position': 1 }, { partialFilterExpression: { quarantine: { $exists: true } } }],
];

/** The checkpoint of a read model, begun under a new epoch when there is none. */
export const openCheckpoint = async (db: Db, p: Projection): Promise<Checkpoint> => {
  const begun = { at: 0n, epoch: `${p.name}@${p.version}.${randomId('b').slice(2, 12)}`, ready: false, happenedAt: 0 };
  const checkpoint = await db
    .collection<Checkpoint>(collectionOf(p))
    .findOneAndUpdate({ _id: checkpointId }, { $setOnInsert: begun }, { upsert: true, returnDocument: 'after' });
  return checkpoint ?? { _id: checkpointId, ...begun };
};

/** The indexes that everybody who reads the model needs; cheapest to build once its documents are there. */
export const createIndexes = async (db: Db, p: Projection): Promise<void> => {
  const collection = db.collection(collectionOf(p));
  for (const [keys, options] of [...common, ...p.indexes]) await collection.createIndex(keys, options);
};
