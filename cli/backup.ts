import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { completeDocuments, copyDocuments } from './copy-documents.ts';
import { bytesIn, embeddedConfig, namesIn, requireFiles, services, withDocuments } from './embedded-stores.ts';
import { copyEvents } from './event-files.ts';
import { type Manifest, manifestFile } from './manifest.ts';

/** Copies both embedded stores, running or not, into a new or empty directory that `restore` takes. */
export const backUp = async (directory: string, { json }: { json?: boolean }) => {
  const { dataDir } = embeddedConfig();
  const target = resolve(directory);
  if (namesIn(target).length > 0) throw new Error(`${target} is not empty: name a new directory.`);
  requireFiles(dataDir, services);
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

/** The documents first, so that the log holds every event they reflect; then what they lack to go with that log. */
const copyStores = (dataDir: string, target: string): Promise<Manifest> =>
  withDocuments(dataDir, async ({ db }) => {
    const madeAt = new Date().toISOString();
    await copyDocuments(db, dataDir, target);
    const events = await copyEvents(join(dataDir, 'eventstore'), join(target, 'eventstore'));
    const positions = await completeDocuments(db, target);
    const manifest = {
      format: 'ringbook-backup/1',
      madeAt,
      eventstore: { ...events, bytes: bytesIn(join(target, 'eventstore')) },
      documents: { positions, bytes: bytesIn(join(target, 'documents')) },
    } as const;
    writeFileSync(join(target, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  });
