import { setImmediate as breathe } from 'node:timers/promises';
import { documentValue, double, encode, encodeElements } from '../bson/build.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { type Collection, namespaceOf } from '../storage/collection.ts';
import { endOfScope, scoped } from '../storage/environment.ts';
import type { Store } from '../storage/store.ts';
import type { Arguments } from './arguments.ts';
import type { Command, Reply } from './context.ts';
import { assertDatabase, collectionName } from './namespace.ts';

const pageBytes = 4096;

/** The size of the file, all databases together. */
const fileSize = (store: Store): number => {
  const stats = store.env.root.getStats() as { root?: { lastPageNumber?: number }; lastPageNumber?: number };
  return (stats.root?.lastPageNumber ?? stats.lastPageNumber ?? 0) * pageBytes;
};

const slice = 2000;

/** The bytes of all keys under a number, counted a little at a time. */
const keyBytes = async (table: Store['env']['entries'], owner: number): Promise<number> => {
  const end = endOfScope(owner);
  let size = 0;
  let last: Buffer | undefined;
  for (;;) {
    const start = last ?? scoped(owner, Buffer.alloc(0));
    const keys = [...table.getKeys({ start, end, limit: slice })].slice(last ? 1 : 0);
    for (const key of keys) size += key.length;
    if (keys.length < slice - 1) return size;
    last = keys[keys.length - 1];
    await breathe();
  }
};

const indexSizes = async ({ env }: Store, collection: Collection): Promise<[string, number][]> => {
  const sizes: [string, number][] = [['_id_', await keyBytes(env.documents, collection.id)]];
  for (const { name, id } of collection.indexes) sizes.push([name, await keyBytes(env.entries, id)]);
  return sizes;
};

const total = (sizes: readonly (readonly [string, number])[]): number => sizes.reduce((n, [, size]) => n + size, 0);

/** By how much sizes are divided, if a command or stage says so. */
export const scaleOf = (args: Arguments): number => args.count('scale', 1, 1);

/** What there is of a collection: sizes in bytes, divided by the scale. */
export const storageStats = async (store: Store, collection: Collection, scale: number): Promise<Reply> => {
  const sizes = await indexSizes(store, collection);
  const { bytes, count } = collection;
  const scaled = (n: number): number => Math.floor(n / scale);
  return {
    size: scaled(bytes),
    count,
    ...(count > 0 ? { avgObjSize: Math.floor(bytes / count) } : {}),
    numOrphanDocs: 0,
    storageSize: scaled(bytes),
    freeStorageSize: 0,
    capped: false,
    nindexes: sizes.length,
    indexBuilds: collection.indexes.filter(({ isBuilding }) => isBuilding).map(({ name }) => name),
    totalIndexSize: scaled(total(sizes)),
    totalSize: scaled(bytes + total(sizes)),
    indexSizes: documentValue(encodeElements(sizes.map(([name, size]) => [name, scaled(size)] as const))),
    scaleFactor: scale,
  };
};

const missingStats = (scale: number): Reply => ({
  size: 0,
  count: 0,
  numOrphanDocs: 0,
  storageSize: 0,
  totalSize: 0,
  nindexes: 0,
  totalIndexSize: 0,
  indexDetails: {},
  indexSizes: {},
  scaleFactor: scale,
});

const collStats: Command = async (call) => {
  const { store } = call.server;
  const ns = `${call.db}.${collectionName(call)}`;
  const collection = store.catalogue.get(ns);
  const scale = scaleOf(call.args);
  return { ns, ...(collection ? await storageStats(store, collection, scale) : missingStats(scale)) };
};

const dbStats: Command = async ({ args, server, db }) => {
  assertDatabase(db);
  const { store } = server;
  const scale = scaleOf(args);
  const collections = store.catalogue.all().filter((collection) => collection.db === db);
  const sum = (of: (collection: Collection) => number): number => collections.reduce((n, one) => n + of(one), 0);
  const [objects, bytes] = [sum(({ count }) => count), sum((one) => one.bytes)];
  let indexBytes = 0;
  for (const collection of collections) indexBytes += total(await indexSizes(store, collection));
  return {
    db,
    collections: BigInt(collections.length),
    views: 0n,
    objects: BigInt(objects),
    avgObjSize: double(objects > 0 ? bytes / objects : 0),
    dataSize: double(bytes / scale),
    storageSize: double(bytes / scale),
    indexes: BigInt(sum(({ indexes }) => indexes.length + 1)),
    indexSize: double(indexBytes / scale),
    totalSize: double((bytes + indexBytes) / scale),
    scaleFactor: BigInt(scale),
  };
};

const listDatabases: Command = ({ args, server, db }) => {
  if (db !== 'admin')
    throw new DocumentError('Unauthorized', 'listDatabases may only be run against the admin database.');
  const all = server.store.catalogue.all();
  const names = [...new Set(all.map((collection) => collection.db))].sort();
  const matches = compileFilter(parseFilter(args.document('filter')));
  const isNameOnly = args.flag('nameOnly');
  const databases = names
    .map((name) => {
      const sizeOnDisk = BigInt(all.reduce((size, one) => size + (one.db === name ? one.bytes : 0), 0));
      return documentValue(encode(isNameOnly ? { name } : { name, sizeOnDisk, empty: false }));
    })
    .filter((doc) => matches(doc));
  if (isNameOnly) return { databases };
  const totalSize = BigInt(fileSize(server.store));
  return { databases, totalSize, totalSizeMb: totalSize / 2n ** 20n };
};

/** Throws unless there is such a collection. */
export const existingCollection = (store: Store, db: string, name: string): Collection => {
  const collection = store.catalogue.get(namespaceOf({ db, name }));
  if (!collection) throw new DocumentError('NamespaceNotFound', `Collection [${db}.${name}] not found.`);
  return collection;
};

/** The commands that tell how much there is. */
export const statisticsCommands: Readonly<Record<string, Command>> = {
  collStats,
  collstats: collStats,
  dbStats,
  dbstats: dbStats,
  listDatabases,
};
