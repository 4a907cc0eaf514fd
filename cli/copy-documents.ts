import { join } from 'node:path';
import type { AnyBulkWriteOperation, Db } from 'mongodb';
import { bytesIn, whileCopying, withDocuments } from './embedded-stores.ts';
import { type Manifest, positionsIn } from './manifest.ts';

/** Asks the server of the documents for a consistent copy of them. */
export const copyDocuments = (db: Db, dataDir: string, target: string): Promise<void> => {
  const copied = db.admin().command({ backup: 1, path: join(target, 'documents') });
  return whileCopying('copying documents', target, bytesIn(join(dataDir, 'documents')), copied);
};

/**
 * What is written beside the log rather than made from it, before or just after the events that need it: the people, their
 * keys, and whose a number or a call is. Whatever else the documents hold is caught up from the log.
 */
const besideTheLog = ['keys', 'customers', 'outgoing_calls', 'channels_by_phone'];

/** Adds to the copied documents what the events copied after them need; answers how far into the log the copy is. */
export const completeDocuments = (live: Db, target: string): Promise<Manifest['documents']['positions']> =>
  withDocuments(target, async (copy) => {
    for (const name of besideTheLog) await carryOver(live, copy.db, name);
    return positionsIn(copy.db);
  });

const batchSize = 1_000;

/** Brings a collection of the copy to what it is now: destroyed keys as well as new ones. */
const carryOver = async (live: Db, copy: Db, name: string) => {
  let batch: AnyBulkWriteOperation[] = [];
  const write = async () => {
    if (batch.length > 0) await copy.collection(name).bulkWrite(batch, { ordered: false });
    batch = [];
  };
  for await (const { _id, ...fields } of live.collection(name).find()) {
    batch.push({ replaceOne: { filter: { _id }, replacement: fields, upsert: true } });
    if (batch.length === batchSize) await write();
  }
  await write();
};
