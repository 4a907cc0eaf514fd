import type { Db } from 'mongodb';
import { collectionOf, type Index, type Projection } from './projection.ts';

/** How long a client that was away can still learn what was removed, in seconds. */
const tombstonesFor = 24 * 60 * 60;

const common: readonly Index[] = [
  [{ at: 1 }],
  [{ store: 1, at: 1 }],
  [{ removedAt: 1 }, { expireAfterSeconds: tombstonesFor }],
  [{ 'quarantine.position': 1 }, { partialFilterExpression: { quarantine: { $exists: true } } }],
];

/** The indexes that everybody who reads the model needs; cheapest to build once its documents are there. */
export const createIndexes = async (db: Db, p: Projection): Promise<void> => {
  const indexes = [...common, ...p.indexes].map(([key, options]) => ({ ...options, key }));
  await db.collection(collectionOf(p)).createIndexes(indexes);
};
