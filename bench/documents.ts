import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'bson';
import { type Database, open } from 'lmdb';
import { type Collection, MongoClient } from 'mongodb';
import { printWhenRun, type Row } from './rig.ts';

/** How many documents there are; 1000000 is worth a longer run. */
const DOCUMENTS = Number(process.env.BENCH_DOCUMENTS ?? 50_000);
const BATCH = 1000;
const STATES = 7;
const MAIN = new URL('../engines/documents/main.ts', import.meta.url).pathname;

interface Measured {
  _id: string;
  state: number;
  at: Date;
  total: number;
  lines: { item: string; n: number }[];
  note: string;
}

const idOf = (n: number): string => `document-${n}`;

/** A document of about 400 bytes. */
const documentOf = (n: number, note = 'x'): Measured => ({
  _id: idOf(n),
  state: n % STATES,
  at: new Date(1_700_000_000_000 + n * 1000),
  total: (n * 7919) % 1000,
  lines: [
    { item: `item-${n % 10}`, n: 1 },
    { item: 'other', n: 2 },
  ],
  note: note.repeat(180),
});

const row = (name: string, value: number, unit: string, baseline: number): Row => {
  const rounded = (figure: number): number => Number(figure.toPrecision(4));
  return { name, value: rounded(value), unit, baseline: rounded(baseline), ratio: rounded(value / baseline) };
};

const quantile = (values: number[], q: number): number =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

const timed = async (work: () => unknown): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

/** How long each of `count` runs takes, in milliseconds. */
const each = async (count: number, work: (n: number) => unknown): Promise<number[]> => {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) times.push(await timed(() => work((n * 7919) % DOCUMENTS)));
  return times;
};

const batches = (count: number): number[] => Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => i * BATCH);

const batchOf = (from: number, note?: string): Measured[] =>
  Array.from({ length: Math.min(BATCH, DOCUMENTS - from) }, (_, i) => documentOf(from + i, note));

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

const startServer = async (dir: string): Promise<Server> => {
  const child = fork(MAIN, ['--dir', dir, '--socket', join(dir, 'bench.sock')], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [message] = (await once(child, 'message')) as [{ url: string }];
  return { child, url: message.url };
};

const stopServer = async ({ child }: Server): Promise<void> => {
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
};

/** The same documents in bare lmdb, without protocol, indexes or oplog: what the disk and the tree allow. */
interface Bare {
  readonly table: Database<Buffer, string>;
  readonly write: (from: number) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

const openBare = (path: string): Bare => {
  const table = open<Buffer, string>({ path, encoding: 'binary', overlappingSync: false });
  const write = (from: number): Promise<unknown> => {
    const values = batchOf(from).map((doc) => [doc._id, Buffer.from(serialize(doc))] as const);
    return table.transaction(() => values.forEach(([id, bytes]) => void table.putSync(id, bytes)));
  };
  return { table, write, close: () => table.close() };
};

const perSecond = (count: number, millis: number): number => (count * 1000) / millis;

const inOrder = async (list: readonly number[], work: (from: number) => Promise<unknown>): Promise<void> => {
  for (const from of list) await work(from);
};

const load = async (docs: Collection<Measured>, bare: Bare): Promise<Row[]> => {
  const all = batches(DOCUMENTS);
  const bareTime = await timed(() => inOrder(all, bare.write));
  const time = await timed(() => inOrder(all, (from) => docs.insertMany(batchOf(from))));
  const indexTime = await timed(() => docs.createIndex({ state: 1, at: -1 }));
  return [
    row('insert, 1000 at a time', perSecond(DOCUMENTS, time), 'documents/s', perSecond(DOCUMENTS, bareTime)),
    row('index of a full collection', perSecond(DOCUMENTS, indexTime), 'documents/s', perSecond(DOCUMENTS, bareTime)),
  ];
};

const reads = async (docs: Collection<Measured>, { table }: Bare): Promise<Row[]> => {
  const byId = await each(1000, (n) => docs.findOne({ _id: idOf(n) }));
  const bareById = await each(1000, (n) => table.getBinary(idOf(n)));
  const page = await each(300, (n) =>
    docs
      .find({ state: n % STATES })
      .sort({ at: -1 })
      .limit(20)
      .toArray(),
  );
  const barePage = await each(300, (n) => [...table.getRange({ start: idOf(n), limit: 20 })]);
  return [
    row('read by _id, median', quantile(byId, 0.5), 'ms', quantile(bareById, 0.5)),
    row('page of 20 from an index, median', quantile(page, 0.5), 'ms', quantile(barePage, 0.5)),
  ];
};

const replace = (docs: Collection<Measured>, from: number): Promise<unknown> => {
  const operations = batchOf(from, 'y').map((replacement) => ({
    replaceOne: { filter: { _id: replacement._id }, replacement, upsert: true },
  }));
  return docs.bulkWrite(operations, { ordered: false });
};

const writes = async (docs: Collection<Measured>, bare: Bare): Promise<Row[]> => {
  const some = batches(Math.min(DOCUMENTS, 10_000));
  const count = some.length * BATCH;
  const bareBulk = await timed(() => inOrder(some, bare.write));
  const bulk = await timed(() => inOrder(some, (from) => replace(docs, from)));
  const one = await each(50, (n) => docs.replaceOne({ _id: idOf(n) }, documentOf(n, 'z')));
  const bareOne = await each(50, (n) => bare.table.put(idOf(n), Buffer.from(serialize(documentOf(n, 'z')))));
  return [
    row('replace, 1000 at a time', perSecond(count, bulk), 'documents/s', perSecond(count, bareBulk)),
    row('replace one, durable, median', quantile(one, 0.5), 'ms', quantile(bareOne, 0.5)),
  ];
};

const changes = async (docs: Collection<Measured>): Promise<Row> => {
  const stream = docs.watch();
  await stream.tryNext();
  const delays: number[] = [];
  const acknowledgements = await each(100, async (n) => {
    const told = stream.next().then(() => performance.now());
    await docs.updateOne({ _id: idOf(n) }, { $set: { note: String(performance.now()) } });
    const acknowledgedAt = performance.now();
    delays.push((await told) - acknowledgedAt);
  });
  await stream.close();
  return row(
    'change stream after the acknowledgement, p99',
    quantile(delays, 0.99),
    'ms',
    quantile(acknowledgements, 0.5),
  );
};

/** Reads by `_id` as long as something else goes on. */
const readsDuring = async (docs: Collection<Measured>, work: Promise<unknown>): Promise<number[]> => {
  let isDone = false;
  const ended = work.finally(() => {
    isDone = true;
  });
  const times: number[] = [];
  while (!isDone) times.push(...(await each(1, () => docs.findOne({ _id: idOf(times.length % DOCUMENTS) }))));
  await ended;
  return times;
};

const latencies = async (docs: Collection<Measured>): Promise<Row[]> => {
  const idle = quantile(await each(500, (n) => docs.findOne({ _id: idOf(n) })), 0.99);
  const scan = docs.countDocuments({ 'lines.item': 'item-3', note: { $ne: 'none' } });
  const duringScan = await readsDuring(docs, scan);
  const duringBuild = await readsDuring(docs, docs.createIndex({ total: 1 }));
  return [
    row('read by _id during a full scan, p99', quantile(duringScan, 0.99), 'ms', idle),
    row('read by _id during an index build, p99', quantile(duringBuild, 0.99), 'ms', idle),
  ];
};

const size = async (client: MongoClient, dir: string): Promise<Row> => {
  const { mem } = await client.db('admin').command({ serverStatus: 1 });
  const { size: bytes } = await stat(join(dir, 'lmdb', 'data.mdb'));
  return row('memory, against the file', mem.resident, 'MiB', bytes / 2 ** 20);
};

const reopen = async (dir: string, barePath: string): Promise<Row> => {
  let server: Server | undefined;
  const time = await timed(async () => {
    server = await startServer(dir);
  });
  await stopServer(server!);
  const bareTime = await timed(() => openBare(barePath).close());
  return row('start of the process on these data', time, 'ms', bareTime);
};

/** Measures the document store through the official driver, each figure beside what bare lmdb does. */
export const benchDocuments = async (): Promise<Row[]> => {
  const dir = await mkdtemp(join(tmpdir(), 'bench-documents-'));
  const barePath = join(dir, 'bare');
  const bare = openBare(barePath);
  const server = await startServer(join(dir, 'data'));
  const client = await new MongoClient(server.url).connect();
  const docs = client.db('bench').collection<Measured>('documents');
  const rows = [
    ...(await load(docs, bare)),
    ...(await reads(docs, bare)),
    ...(await writes(docs, bare)),
    await changes(docs),
    ...(await latencies(docs)),
    await size(client, join(dir, 'data')),
  ];
  await client.close();
  await stopServer(server);
  await bare.close();
  rows.push(await reopen(join(dir, 'data'), barePath));
  await rm(dir, { recursive: true, force: true });
  return rows;
};

await printWhenRun(import.meta.url, benchDocuments);
