import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Document, MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDocuments } from '../../../engines/documents/server.ts';

const main = new URL('../../../engines/documents/main.ts', import.meta.url).pathname;

let dir: string;
let children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'documents-process-'));
});

afterEach(async () => {
  for (const child of children) await kill(child);
  children = [];
  await rm(dir, { recursive: true, force: true });
});

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
};

const spawnServer = (socket = 'm.sock', ...args: string[]): ChildProcess => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', main, '--dir', join(dir, 'data'), '--socket', join(dir, socket), ...args],
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  children.push(child);
  return child;
};

/** The urls a server announces on its output. */
const urlsOf = async (child: ChildProcess, count = 1): Promise<string[]> => {
  const urls: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    urls.push((JSON.parse(line) as { url: string }).url);
    if (urls.length === count) break;
  }
  return urls;
};

const exitOf = async (child: ChildProcess): Promise<number | null> => {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
};

const connect = (url: string): Promise<MongoClient> =>
  new MongoClient(url, { serverSelectionTimeoutMS: 5000, retryWrites: false }).connect();

describe('the process', () => {
  test('announces a unix socket and a port, on its output and to its parent', async () => {
    const child = spawnServer('m.sock', '--port', '0');
    const told: unknown[] = [];
    child.on('message', (message) => told.push(message));
    const urls = await urlsOf(child, 2);
    expect(urls[0]).toBe(`mongodb://${encodeURIComponent(join(dir, 'm.sock'))}/?directConnection=true`);
    expect(urls[1]).toMatch(/^mongodb:\/\/127\.0\.0\.1:\d+\/\?directConnection=true$/);
    for (const url of urls) {
      const client = await connect(url);
      expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 });
      await client.close();
    }
    expect(told).toEqual(urls.map((url) => ({ msg: 'listening', service: 'documents', url })));
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('stops cleanly on %s', async (signal) => {
    const child = spawnServer();
    await urlsOf(child);
    const exit = exitOf(child);
    child.kill(signal);
    expect(await exit).toBe(0);
    expect(await readdir(join(dir, 'data'))).not.toContain('lock.json');
  });

  test('stops in the middle of work, which either happened or failed', async () => {
    const child = spawnServer();
    const client = await connect((await urlsOf(child))[0]!);
    const docs = client.db('app').collection<{ _id: number; n: number }>('docs');
    await docs.insertMany(Array.from({ length: 3000 }, (_, i) => ({ _id: i, n: 0 })));
    const work = Promise.allSettled([
      docs.createIndex({ n: 1 }),
      docs.updateMany({}, { $inc: { n: 1 } }),
      docs.insertOne({ _id: -1, n: 0 }),
      docs.watch().next(),
    ]);
    const exit = exitOf(child);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    await client.close(true);
    const results = await work;
    const again = spawnServer();
    const second = await connect((await urlsOf(again))[0]!);
    const stored = await second.db('app').collection<{ _id: number }>('docs').countDocuments({ _id: -1 });
    expect(stored).toBeGreaterThanOrEqual(results[2]!.status === 'fulfilled' ? 1 : 0);
    await second.close();
  });

  test('stops when its parent has gone', async () => {
    const child = spawnServer();
    await urlsOf(child);
    const exit = exitOf(child);
    child.disconnect();
    expect(await exit).toBe(0);
  });

  test('refuses a directory that is in use, and says by whom', async () => {
    const first = spawnServer();
    await urlsOf(first);
    const second = spawnServer('n.sock');
    let complaint = '';
    second.stderr!.on('data', (chunk) => {
      complaint += chunk;
    });
    expect(await exitOf(second)).toBe(2);
    expect(complaint).toContain(`in use by process ${first.pid}`);
  });
});

const loops = Number(process.env.DOCUMENTS_CRASH_LOOPS ?? 10);

/** Writes until the server dies; gives what was acknowledged. */
const writeUntilDeath = async (client: MongoClient, worker: number, from: number): Promise<Document[]> => {
  const docs = client.db('crash').collection<Crashing>('docs');
  const acknowledged: Crashing[] = [];
  try {
    for (let n = from; ; n += 1) {
      const doc = { _id: `${worker}-${n}`, worker, n, pad: 'x'.repeat(n % 700) };
      if (n % 5 === 0) await docs.replaceOne({ _id: doc._id }, doc, { upsert: true });
      else if (n % 5 === 1) await docs.bulkWrite([{ insertOne: { document: doc } }]);
      else await docs.insertOne(doc);
      acknowledged.push(doc);
    }
  } catch {
    return acknowledged;
  }
};

type Crashing = { _id: string; worker: number; n: number; pad: string };

/** Throws unless everything acknowledged is stored, and the counts agree with what is there. */
const checkStored = async (client: MongoClient, acknowledged: ReadonlyMap<string, Document>): Promise<void> => {
  const docs = client.db('crash').collection<Crashing>('docs');
  const stored = new Map((await docs.find().toArray()).map((doc) => [doc._id, doc]));
  expect([...acknowledged].filter(([id, doc]) => stored.get(id)?.pad !== doc.pad)).toEqual([]);
  expect(await docs.countDocuments({ worker: { $gte: 0 } })).toBe(stored.size);
  expect(await docs.estimatedDocumentCount()).toBe(stored.size);
};

/** Lets eight writers write until the server is killed; gives what they were told is stored. */
const crash = async (child: ChildProcess, client: MongoClient, loop: number): Promise<Document[]> => {
  const writers = Array.from({ length: 8 }, (_, worker) => writeUntilDeath(client, worker, loop * 100_000));
  setTimeout(() => child.kill('SIGKILL'), 30 + ((loop * 7919) % 250));
  return (await Promise.all(writers)).flat();
};

describe('the data', () => {
  test(
    `keep every acknowledged write through ${loops} times kill -9 under load`,
    async () => {
      const acknowledged = new Map<string, Document>();
      for (let loop = 0; loop <= loops; loop += 1) {
        const child = spawnServer();
        const client = await connect((await urlsOf(child))[0]!);
        await client.db('crash').collection('docs').createIndex({ worker: 1, n: 1 }, { unique: true });
        await checkStored(client, acknowledged);
        for (const doc of loop < loops ? await crash(child, client, loop) : []) acknowledged.set(doc._id, doc);
        await client.close(true);
        await kill(child);
      }
      expect(acknowledged.size).toBeGreaterThan(loops);
    },
    60_000 + loops * 10_000,
  );

  test('are copied consistently while they are written, and the copy opens', async () => {
    const child = spawnServer();
    const client = await connect((await urlsOf(child))[0]!);
    const docs = client.db('app').collection<{ _id: number }>('docs');
    await docs.insertMany(Array.from({ length: 2000 }, (_, i) => ({ _id: i })));
    let next = 2000;
    let isDone = false;
    const writing = (async () => {
      for (; !isDone; next += 1) await docs.insertOne({ _id: next });
    })();
    const path = join(dir, 'copy');
    await client.db('admin').command({ backup: 1, path });
    isDone = true;
    await writing;
    await expect(client.db('admin').command({ backup: 1, path })).rejects.toMatchObject({ code: 2 });
    await client.close();
    const copy = await startDocuments({ dir: join(dir, 'copy'), socket: join(dir, 'copy.sock') });
    const second = await connect(copy.urls[0]!);
    const copied = second.db('app').collection<{ _id: number }>('docs');
    const ids = (await copied.find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id);
    expect(ids.length).toBeGreaterThanOrEqual(2000);
    expect(ids).toEqual(ids.map((_, i) => i));
    expect(await copied.estimatedDocumentCount()).toBe(ids.length);
    await second.close();
    await copy.stop();
  });
});
