import type { AnyBulkWriteOperation, Collection, Db } from 'mongodb';
import type { Batch } from '../store/event-log.ts';
import { eventsByKey, foldBatch } from './fold-batch.ts';
import { type Checkpoint, checkpointId, collectionOf, type Projection, type Stored } from './projection.ts';

type Document = Stored<unknown> | Checkpoint;

/**
 * Brings a read model up to a batch's `upTo`: one read of the touched documents and the checkpoint, one write of what
 * changed and, last, the checkpoint. Safe to repeat and to interrupt anywhere. No document and no checkpoint ever goes
 * back, even when a worker that was paused long ago writes late; such a write fails, and a repeat finds nothing to do.
 */
export const apply = async (db: Db, p: Projection, batch: Batch, now: Date): Promise<void> => {
  const collection = db.collection<Document>(collectionOf(p));
  const keys = [...eventsByKey(p, batch.events).keys()];
  const { known, after } = keys.length > 0 ? await read(collection, keys) : nothingKnown;
  const changed = foldBatch(p, known, { events: batch.events, after, now });
  await collection.bulkWrite([...changed.map(writeDocument), writeCheckpoint(batch)], { ordered: true });
};

const nothingKnown = { known: new Map<string, Stored<unknown>>(), after: 0n };

const isCheckpoint = (document: Document): document is Checkpoint => document._id === checkpointId;

const read = async (collection: Collection<Document>, keys: readonly string[]) => {
  const found = await collection.find({ _id: { $in: [...keys, checkpointId] } }).toArray();
  const known = new Map<string, Stored<unknown>>();
  let after = 0n;
  for (const document of found as Document[]) {
    if (isCheckpoint(document)) after = document.at;
    else known.set(document._id, document);
  }
  return { known, after };
};

const writeDocument = ({ _id, ...replacement }: Stored<unknown>): AnyBulkWriteOperation<Document> => ({
  replaceOne: { filter: { _id, at: { $lte: replacement.at } }, replacement, upsert: true },
});

const writeCheckpoint = ({ events, upTo, live }: Batch): AnyBulkWriteOperation<Document> => {
  const happenedAt = events.at(-1)?.metadata.happenedAt;
  return {
    updateOne: {
      filter: { _id: checkpointId },
      update: { $max: { at: upTo, ...(happenedAt && { happenedAt }) }, ...(live && { $set: { ready: true } }) },
    },
  };
};
