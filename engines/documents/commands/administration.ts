import { hostname, totalmem } from 'node:os';
import { backup } from '../backup.ts';
import { date, documentValue, encode, objectId, timestamp, type Writable } from '../bson/build.ts';
import { compileFilter } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { sessionOf } from '../sessions.ts';
import type { Collection } from '../storage/catalogue.ts';
import { endOfScope, scoped } from '../storage/environment.ts';
import type { Store } from '../storage/store.ts';
import type { Command, Reply } from './context.ts';
import { collectionName } from './namespace.ts';

/** The version of MongoDB this server speaks like. */
const version = '8.0.0';

const electionId = objectId(Buffer.from('7fffffff0000000000000001', 'hex'));

const hello: Command = ({ server, address, connectionId, args }) => {
  const now = new Date();
  const opTime = { ts: timestamp(server.store.oplog.committed), t: 1n };
  return {
    helloOk: true,
    ...(args.command === 'hello' ? { isWritablePrimary: true } : { ismaster: true }),
    secondary: false,
    hosts: [address],
    setName: 'rs0',
    setVersion: 1,
    primary: address,
    me: address,
    electionId,
    lastWrite: { opTime, lastWriteDate: now, majorityOpTime: opTime, majorityWriteDate: now },
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: now,
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: 25,
    readOnly: false,
  };
};

const buildInfo: Command = () => ({
  version,
  gitVersion: 'embedded',
  modules: [],
  allocator: 'system',
  javascriptEngine: 'none',
  sysInfo: 'deprecated',
  versionArray: [8, 0, 0, 0],
  bits: 64,
  debug: false,
  maxBsonObjectSize: 16 * 1024 * 1024,
  storageEngines: ['lmdb'],
});

const nothing: Command = () => ({});

const endSessions: Command = ({ args, server }) => {
  for (const lsid of args.list('endSessions')) {
    const session = sessionOf(lsid);
    if (session) server.cursors.closeSession(session.toString('hex'));
  }
  return {};
};

const pageBytes = 4096;

const databaseSize = (store: Store): number => {
  const stats = store.env.root.getStats() as { root?: { lastPageNumber?: number }; lastPageNumber?: number };
  return (stats.root?.lastPageNumber ?? stats.lastPageNumber ?? 0) * pageBytes;
};

const databaseNames = (store: Store): string[] => [...new Set(store.catalogue.all().map(({ db }) => db))].sort();

const listDatabases: Command = ({ args, server }) => {
  const matches = compileFilter(parseFilter(args.document('filter')));
  const all = databaseNames(server.store).map((name) => {
    const fields = { name, sizeOnDisk: databaseSize(server.store), empty: false };
    return documentValue(encode(args.flag('nameOnly') ? { name } : fields));
  });
  const databases = all.filter((doc) => matches(doc));
  return args.flag('nameOnly') ? { databases } : { databases, totalSize: databaseSize(server.store), totalSizeMb: 0 };
};

const sizeOf = ({ env }: Store, collection: Collection): number => {
  let size = 0;
  const range = { start: scoped(collection.id, Buffer.alloc(0)), end: endOfScope(collection.id), limit: 1000 };
  let seen = 0;
  for (const { value } of env.documents.getRange(range)) {
    size += value.length;
    seen += 1;
  }
  return seen === 0 ? 0 : Math.round((size / seen) * collection.count);
};

const collStats: Command = (call): Reply => {
  const { store } = call.server;
  const collection = store.catalogue.get(`${call.db}.${collectionName(call)}`);
  const size = collection ? sizeOf(store, collection) : 0;
  return {
    ns: `${call.db}.${collectionName(call)}`,
    count: collection?.count ?? 0,
    size,
    avgObjSize: collection && collection.count > 0 ? Math.round(size / collection.count) : 0,
    storageSize: size,
    capped: false,
    nindexes: collection ? collection.indexes.length + 1 : 0,
    totalIndexSize: 0,
    indexSizes: {},
  };
};

const dbStats: Command = ({ server, db }) => {
  const collections = server.store.catalogue.all().filter((collection) => collection.db === db);
  const sum = (of: (collection: Collection) => number): number => collections.reduce((n, one) => n + of(one), 0);
  return {
    db,
    collections: collections.length,
    views: 0,
    objects: sum(({ count }) => count),
    dataSize: sum((one) => sizeOf(server.store, one)),
    storageSize: databaseSize(server.store),
    indexes: sum(({ indexes }) => indexes.length + 1),
    indexSize: 0,
  };
};

const serverStatus: Command = ({ server }) => ({
  host: hostname(),
  version,
  process: 'documents',
  pid: BigInt(process.pid),
  uptime: (Date.now() - server.startedAt) / 1000,
  localTime: new Date(),
  mem: { bits: 64, resident: Math.round(process.memoryUsage.rss() / 2 ** 20) },
  metrics: { cursor: { open: { total: server.cursors.count } } },
  storageEngine: { name: 'lmdb', supportsCommittedReads: true, persistent: true },
});

const replSetGetStatus: Command = ({ address }) => ({
  set: 'rs0',
  date: date(new Date()),
  myState: 1,
  members: [{ _id: 0, name: address, health: 1, state: 1, stateStr: 'PRIMARY', self: true }],
});

const connectionStatus: Command = () => ({
  authInfo: { authenticatedUsers: [], authenticatedUserRoles: [], authenticatedUserPrivileges: [] },
});

const hostInfo: Command = () => ({
  system: { currentTime: new Date(), hostname: hostname(), memSizeMB: Math.round(totalmem() / 2 ** 20) },
  os: { type: process.platform },
});

const backupCommand: Command = async ({ args, server }) => {
  const path = args.text('path');
  await backup(server.store.env.root, path);
  return { path };
};

const getParameter: Command = ({ args }) => {
  const known: Readonly<Record<string, Writable>> = { featureCompatibilityVersion: { version: '8.0' } };
  const wanted = args.names().filter((name) => name in known);
  return Object.fromEntries(wanted.map((name) => [name, known[name]]));
};

/** Handshake, diagnosis and the rest that tools ask for. */
export const administrationCommands: Readonly<Record<string, Command>> = {
  hello,
  ismaster: hello,
  isMaster: hello,
  ping: nothing,
  buildInfo,
  buildinfo: buildInfo,
  endSessions,
  refreshSessions: nothing,
  killSessions: nothing,
  listDatabases,
  collStats,
  collstats: collStats,
  dbStats,
  dbstats: dbStats,
  serverStatus,
  replSetGetStatus,
  connectionStatus,
  hostInfo,
  getCmdLineOpts: () => ({ argv: [], parsed: {} }),
  getLog: () => ({ totalLinesWritten: 0, log: [] }),
  getParameter,
  whatsmyuri: ({ address }) => ({ you: address }),
  backup: backupCommand,
};
