import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Db } from 'mongodb';
import { checkpointsOf } from '../projections/checkpoints.ts';
import { bytesIn, embeddedConfig, namesIn, services, whileCopying, withDocuments } from './embedded-stores.ts';
import { checkEvents } from './event-files.ts';
import { type Manifest, readManifest } from './manifest.ts';

/** Puts a backup into `DATA_DIR`, which must not hold stores yet, and checks that it arrived whole. */
export const restore = async (directory: string, { json }: { json?: boolean }) => {
  const { dataDir } = embeddedConfig();
  const source = resolve(directory);
  const manifest = readManifest(source);
  for (const service of services)
    if (namesIn(join(dataDir, service)).length > 0)
      throw new Error(`${join(dataDir, service)} exists and is not overwritten: move it away or set another DATA_DIR.`);
  const arriving = join(dataDir, 'restoring');
  try {
    await bringIn(source, arriving, manifest);
    for (const service of services) renameSync(join(arriving, service), join(dataDir, service));
    sync(dataDir);
  } finally {
    rmSync(arriving, { recursive: true, force: true });
  }
  if (json) return console.log(JSON.stringify({ dataDir, ...manifest }));
  console.log(
    `${dataDir}: as it was at ${manifest.madeAt}, ${manifest.eventstore.events} events; start Ringbook on it.`,
  );
};

const bringIn = async (source: string, target: string, manifest: Manifest) => {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const copied = cp(source, target, { recursive: true });
  await whileCopying('copying', target, manifest.eventstore.bytes + manifest.documents.bytes, copied);
  for (const service of services)
    if (bytesIn(join(target, service)) !== manifest[service].bytes)
      throw new Error(`${join(source, service)} is not complete: fetch the backup again, or take an older one.`);
  const { damage, events } = await checkEvents(join(target, 'eventstore'));
  if (damage)
    throw new Error(`${damage.segment} is damaged at offset ${damage.offset}, ${damage.reason}: take an older backup.`);
  if (events !== manifest.eventstore.events)
    throw new Error(`${source} holds ${events} events instead of ${manifest.eventstore.events}: take an older backup.`);
  await withDocuments(target, ({ db }) => beginEpochs(db));
  for (const name of namesIn(target)) sync(join(target, name));
};

// a page that saw positions beyond the backup would else take up where the restored log has other events
/** New epochs for all read models: who follows them gets a fresh snapshot. */
const beginEpochs = (db: Db) =>
  checkpointsOf(db).updateMany({}, [{ $set: { epoch: { $concat: ['$epoch', `-${randomUUID().slice(0, 8)}`] } } }]);

const sync = (path: string) => {
  if (!statSync(path).isFile() && !statSync(path).isDirectory()) return; // a socket
  const fd = openSync(path, 'r');
  fsyncSync(fd);
  closeSync(fd);
};
