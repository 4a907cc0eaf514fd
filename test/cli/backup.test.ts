import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { backUp } from '../../cli/backup.ts';
import { completeDocuments, copyDocuments } from '../../cli/copy-documents.ts';
import { withDocuments } from '../../cli/embedded-stores.ts';
import { copyEvents } from '../../cli/event-files.ts';
import { restore } from '../../cli/restore.ts';
import { checkpointsOf } from '../../projections/checkpoints.ts';
import { deliver, incomingConnect, incomingTerminate } from '../support/meta.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { cli } from './cli.ts';

const channelId = '800000000000001';
const owner = { sub: 'owner', role: 'admin' as const };
const asha = { sub: 'asha' };
type Row = {
  callId: string;
  status: string;
  ticketId: string | null;
  customer: { customerId: string; waId: string | null };
  position: string;
};

// whatever servers these tests are told to run against elsewhere
const embedded = { EVENTSTORE_URL: 'embedded', MONGODB_URL: 'embedded' };
const given = (env: Record<string, string>) => {
  for (const [name, value] of Object.entries({ ...embedded, ...env })) vi.stubEnv(name, value);
};

let scratch: string;
let ringbook: Ringbook;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ringbook-backup-'));
  ringbook = await startRingbook(embedded);
  const put = (path: string, body: object) => ringbook.ask(owner, path, { method: 'PUT', body });
  await put(`/v1/channels/${channelId}`, { name: 'Growth', displayPhoneNumber: '+910000000001', wabaId: '9' });
  await put(`/v1/channels/${channelId}/calling`, {
    enabled: true,
    userInitiated: { enabled: true, workingHours: null, holidays: [] },
    callbackRequests: { enabled: false },
  });
  await put('/v1/routing', { mode: 'unassigned' });
}, 60_000);

afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await ringbook?.stop();
  await rm(scratch, { recursive: true, force: true });
});

/** A customer who never called before calls, and gives up. */
const missedCall = async (http: string, i: number) => {
  const waId = `9200${String(i).padStart(8, '0')}`;
  const call = { channelId, metaCallId: `wacid.BACKUP-${i}`, waId, at: Date.now() };
  for (const body of [incomingConnect(call), incomingTerminate(call)])
    expect(await deliver(http, body), `the delivery for ${waId}`).toBe(200);
  return waId;
};

const logsOf = async (of: Ringbook): Promise<Row[]> => {
  const rows: Row[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await of.ask(asha, `/v1/call-logs?limit=200&sort=startedAt${cursor && `&cursor=${cursor}`}`);
    rows.push(...page.body.items);
    cursor = page.body.nextCursor;
  }
  return rows;
};

/** Calls go on coming in, four at a time, until stopped; answers how many there were. */
const traffic = (from: number) => {
  let next = from;
  let goesOn = true;
  const caller = async () => {
    while (goesOn) await missedCall(ringbook.http, next++);
  };
  const callers = Promise.all([caller(), caller(), caller(), caller()]);
  return async () => {
    goesOn = false;
    await callers;
    return next - from;
  };
};

const before = 20;

test('a backup under traffic restores to a working Ringbook with the same call logs', async () => {
  const waIds = await Promise.all(Array.from({ length: before }, (_, i) => missedCall(ringbook.http, i)));
  await eventually(
    () => logsOf(ringbook),
    (rows) => rows.length === before && rows.every(({ status, ticketId }) => status === 'missed' && ticketId !== null),
    40_000,
  );
  const stopTraffic = traffic(before);
  const directory = join(scratch, 'backup');
  const made = await cli(['backup', directory, '--json'], { DATA_DIR: ringbook.dir });
  const during = await stopTraffic();
  expect(made.code, made.err).toBe(0);
  const manifest = JSON.parse(made.out);
  expect(manifest.eventstore.events).toBeGreaterThan(before * 2);
  expect(manifest).toMatchObject(JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')));
  expect((await readdir(directory)).toSorted()).toEqual(['documents', 'eventstore', 'manifest.json']);

  const original = await eventually(
    () => logsOf(ringbook),
    (rows) => rows.length === before + during,
  );
  const dataDir = join(scratch, 'restored');
  const put = await cli(['restore', directory], { DATA_DIR: dataDir });
  expect(put, put.err).toMatchObject({ code: 0, out: expect.stringContaining(manifest.madeAt) });

  const restored = await startRingbook({ ...embedded, DATA_DIR: dataDir });
  try {
    const end = BigInt(manifest.eventstore.end);
    const held = original.filter(({ position }) => BigInt(position) < end);
    const rows = await eventually(
      () => logsOf(restored),
      (found) =>
        held.every((row) => found.some((same) => same.callId === row.callId && same.position === row.position)),
    );
    expect(held.length).toBeGreaterThanOrEqual(before);
    expect(rows.filter(({ callId }) => held.some((row) => row.callId === callId))).toEqual(held);
    expect(rows.filter(({ customer }) => customer.waId === null)).toEqual([]);
    expect(rows.map(({ customer }) => customer.waId)).toEqual(expect.arrayContaining(waIds));

    const known = rows.at(-1)!.customer;
    const call = { channelId, metaCallId: 'wacid.AFTERWARDS', waId: known.waId!, at: Date.now() };
    expect(await deliver(restored.http, incomingConnect(call))).toBe(200);
    const again = await eventually(
      () => restored.ask(asha, `/v1/call-logs?customer=${known.customerId}`),
      ({ body }) => body.items.length === 2,
    );
    expect(again.body.items[0].customer).toEqual(known);
  } finally {
    await restored.stop();
  }
}, 120_000);

test('who calls for the first time between the copies of the two stores is known in the backup', async () => {
  const target = join(scratch, 'between');
  const waId = await withDocuments(ringbook.dir, async ({ db }) => {
    await copyDocuments(db, ringbook.dir, target);
    const newcomer = await missedCall(ringbook.http, 90_000);
    await copyEvents(join(ringbook.dir, 'eventstore'), join(target, 'eventstore'));
    await completeDocuments(db, target);
    return newcomer;
  });
  const copy = await startRingbook({ ...embedded, DATA_DIR: target });
  try {
    const customers = [ringbook, copy].map(async (one) => {
      const ask = () => one.ask(asha, `/v1/call-logs?customer=${waId}`);
      return (await eventually(ask, ({ body }) => body.items?.length === 1)).body.items[0].customer;
    });
    const [known, copied] = await Promise.all(customers);
    expect(copied).toEqual(known);
  } finally {
    await copy.stop();
  }
}, 60_000);

const epochsIn = (dataDir: string) =>
  withDocuments(dataDir, async ({ db }) => (await checkpointsOf(db).find().toArray()).map(({ epoch }) => epoch));

test('a backup of stores that do not run restores too, once, and never over what is there', async () => {
  await ringbook.kill('SIGTERM');
  const directory = join(scratch, 'cold');
  const made = await cli(['backup', directory], { DATA_DIR: ringbook.dir });
  expect(made, made.err).toMatchObject({ code: 0, out: expect.stringMatching(/\d+ events up to position \d+/) });

  const dataDir = join(scratch, 'cold-restored');
  expect(await cli(['restore', directory], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  const epochs = await epochsIn(ringbook.dir);
  expect(epochs.length).toBeGreaterThan(0);
  expect((await epochsIn(dataDir)).filter((epoch) => epochs.includes(epoch))).toEqual([]);
  const held = await digestOf(dataDir);
  given({ DATA_DIR: dataDir });
  await expect(restore(directory, {})).rejects.toThrow(/eventstore exists and is not overwritten/);
  expect(await digestOf(dataDir)).toEqual(held);
  await expect(backUp(directory, {})).rejects.toThrow(/is not empty: name a new directory/);

  await flip(join(directory, 'eventstore', '0000000000000000.seg'));
  const other = join(scratch, 'never');
  given({ DATA_DIR: other });
  await expect(restore(directory, {})).rejects.toThrow(/damaged at offset \d+.*take an older backup/);
  expect(await readdir(other)).toEqual(['auth-secret']);
}, 120_000);

const digestOf = async (dataDir: string) =>
  createHash('sha256')
    .update(await readFile(join(dataDir, 'eventstore', '0000000000000000.seg')))
    .update(await readFile(join(dataDir, 'documents', 'lmdb', 'data.mdb')))
    .digest('hex');

const flip = async (path: string) => {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(path, bytes);
};

test.each([
  ['backup', { EVENTSTORE_URL: 'esdb://127.0.0.1:2113?tls=false' }, /EVENTSTORE_URL.*tools of EventStoreDB/, backUp],
  ['restore', { MONGODB_URL: 'mongodb://127.0.0.1:27017' }, /MONGODB_URL.*mongodump and mongorestore/, restore],
  ['restore', {}, /is not a backup of Ringbook/, restore],
  ['backup', {}, /holds no stores: set DATA_DIR/, backUp],
] as const)('%s says what to do instead, given %j', async (_, env, says, tool) => {
  given({ DATA_DIR: join(scratch, 'empty'), ...env });
  await expect(tool(join(scratch, 'nothing'), {})).rejects.toThrow(says);
  expect(await readdir(scratch)).not.toContain('nothing');
});
