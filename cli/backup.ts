import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AnyBulkWriteOperation, Db } from 'mongodb';
import { backup } from '../engines/eventstore/backup.ts';
import { bytesIn, embeddedConfig, namesIn, services, withDocuments } from './embedded-stores.ts';
import { type Manifest, manifestFile, positionsIn } from './manifest.ts';
import { progress } from './progress.ts';

/**
 * What is written beside the log rather than made from it, before or just after the events that need it: the people, their
 * keys, and whose a number or a call is. Whatever else the documents hold is caught up from the log.
 */
const besideTheLog = ['keys', 'customers', 'outgoing_calls', 'channels_by_phone'];

/** Copies both embedded stores, running or not, into a new or empty directory that `restore` takes. */
export const backUp = async (directory: string, { json }: { json?: boolean }) => {
  const { dataDir } = embeddedConfig();
  const target = resolve(directory);
  if (namesIn(target).length > 0) throw new Error(`${target} is not empty: name a new directory.`);
  if (!services.every((service) => namesIn(join(dataDir, service)).length > 0))
    throw new Error(`${dataDir} holds no stores: set DATA_DIR to the directory that Ringbook runs on.`);
  const manifest = await whole(target, (partial) => copyStores(dataDir, partial));
  if (json) return console.log(JSON.stringify({ directory: target, ...manifest }));
  const { eventstore, documents } = manifest;
  console.log(
    `${target}: ${eventstore.events} events up to position ${eventstore.end}, ${mib(documents.bytes)} of documents`,
  );
};

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Makes a directory that has its name only once it is complete. */
const whole = async <T>(target: string, fill: (partial: string) => Promise<T>): Promise<T> => {
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  try {
    const made = await fill(partial);
    if (namesIn(target).length === 0) rmSync(target, { recursive: true, force: true });
    renameSync(partial, target);
    return made;
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
};

/** The documents first, so that the log holds every event they reflect; then what is beside the log, as it needs it. */
const copyStores = (dataDir: string, target: string): Promise<Manifest> =>
  withDocuments(dataDir, async (live) => {
    const madeAt = new Date().toISOString();
    await copyDocuments(live.db, dataDir, target);
    const events = await copyEvents(dataDir, target);
    const positions = await withDocuments(target, async (copy) => {
      for (const name of besideTheLog) await carryOver(live.db, copy.db, name);
      return positionsIn(copy.db);
    });
    const manifest = {
      format: 'ringbook-backup/1',
      madeAt,
      eventstore: { ...events, bytes: bytesIn(join(target, 'eventstore')) },
      documents: { positions, bytes: bytesIn(join(target, 'documents')) },
    } as const;
    writeFileSync(join(target, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  });

const copyDocuments = async (db: Db, dataDir: string, target: string) => {
  const total = bytesIn(join(dataDir, 'documents'));
  const bar = progress({ doing: 'copying documents', total, unit: 'MiB', perUnit: 2 ** 20 });
  const watch = setInterval(() => bar.at(bytesIn(target)), 500);
  await db
    .admin()
    .command({ backup: 1, path: join(target, 'documents') })
    .finally(() => clearInterval(watch));
  bar.end();
};

const copyEvents = async (dataDir: string, target: string) => {
  const total = bytesIn(join(dataDir, 'eventstore'));
  const bar = progress({ doing: 'copying events', total, unit: 'MiB', perUnit: 2 ** 20 });
  let copied = 0;
  const events = await backup(join(dataDir, 'eventstore'), join(target, 'eventstore'), (bytes) => {
    copied += bytes;
    bar.at(copied);
  });
  bar.end();
  return events;
};

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
