import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventLog, RevisionConflict } from '../../store/event-log.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';
import { activated, addNotes, collect, contextOf, note } from './sample.ts';

let stores: Stores;
let open: Awaited<ReturnType<typeof openStores>>;
beforeAll(async () => {
  stores = await startStores();
  open = await openStores(stores);
});
afterAll(async () => {
  await open?.close();
  await stores?.stop();
});

let streams = 0;
const freshStream = (category = 'ticket') => `${category}-${stores.dbName}.${streams++}`;
const read = async (stream: string, from?: bigint) => collect(open.log.read(stream, from));

test('reads back what was appended, with its place and its metadata', async () => {
  const stream = freshStream();
  const events = [note('first'), note('second')];
  const appended = await open.log.append(stream, events, 'none', contextOf('c1'));
  const [first, second] = await read(stream);
  expect(appended).toEqual({ revision: 1n, position: second!.position });
  expect([first!.event, second!.event]).toEqual(events);
  expect(second).toMatchObject({ stream, revision: 1n });
  expect(second!.position).toBeGreaterThan(first!.position);
  expect(first!.metadata).toEqual({ ...contextOf('c1'), schemaVersion: 1, happenedAt: 1_000 });
});

test('reads nothing from a stream that does not exist', async () => {
  expect(await read(freshStream())).toEqual([]);
});

test('reads on from a revision, over any number of events', async () => {
  const stream = freshStream();
  const texts = Array.from({ length: 700 }, (_, i) => `note ${i}`);
  await open.log.append(stream, texts.map(note), 'none', contextOf('long'));
  expect((await read(stream)).map(({ event }) => event)).toEqual(texts.map(note));
  expect((await read(stream, 698n)).map(({ revision }) => revision)).toEqual([698n, 699n]);
  expect(await read(stream, 700n)).toEqual([]);
});

test('stops reading when the reader has seen enough', async () => {
  const stream = freshStream();
  await open.log.append(
    stream,
    Array.from({ length: 600 }, (_, i) => note(`${i}`)),
    'none',
    contextOf('enough'),
  );
  for await (const { revision } of open.log.read(stream)) if (revision === 3n) break;
  expect(await read(stream, 599n)).toHaveLength(1);
});

test.each([
  ['none', 'none', false],
  ['none', 0n, true],
  ['one event', 'none', true],
  ['one event', 0n, false],
  ['one event', 1n, true],
  ['one event', 'any', false],
] as const)('with a stream of %s, expecting %s, conflicts: %s', async (present, expected, conflicts) => {
  const stream = freshStream();
  if (present === 'one event') await addNotes(open.log, stream, ['first']);
  const appending = open.log.append(stream, [note('next')], expected, contextOf(`next ${stream}`));
  if (conflicts) await expect(appending).rejects.toThrow(RevisionConflict);
  else await expect(appending).resolves.toMatchObject({ revision: present === 'none' ? 0n : 1n });
});

test('lets exactly one of two racing writers through', async () => {
  const stream = freshStream();
  const racers = Array.from({ length: 8 }, (_, i) =>
    open.log.append(stream, [note(`${i}`)], 'none', contextOf(`r${i}`)),
  );
  const outcomes = await Promise.allSettled(racers);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(RevisionConflict);
  expect(await read(stream)).toHaveLength(1);
});

test.each(['none', 'any'] as const)('adds nothing when an append (expecting %s) is repeated', async (expected) => {
  const stream = freshStream();
  const append = () => open.log.append(stream, [note('a'), note('b')], expected, contextOf('repeated'));
  const first = await append();
  await addNotes(open.log, stream, ['by another']);
  expect(await append()).toEqual(first);
  expect(await read(stream)).toHaveLength(3);
});

test('refuses an append of nothing', async () => {
  await expect(open.log.append(freshStream(), [], 'any', contextOf('c'))).rejects.toThrow(/needs an event/);
});

test('knows its last position', async () => {
  const { position } = await open.log.append(freshStream(), [note('last')], 'none', contextOf('head'));
  expect(await open.log.head()).toBe(position);
});

test('reads an event of version 1 as it would be written today', async () => {
  const client = stores.eventstoreUrl.startsWith('unix:')
    ? new EventStoreDBClient({ endpoint: stores.eventstoreUrl }, { insecure: true })
    : EventStoreDBClient.connectionString(stores.eventstoreUrl);
  const stream = freshStream('agent');
  const data = { at: 5, agentId: 'asha', callId: 'call-9' };
  const metadata = { ...contextOf('old'), schemaVersion: 1, happenedAt: 5 };
  await client.appendToStream(stream, jsonEvent({ type: 'AgentReserved', data, metadata }));

  const [old] = await read(stream);
  expect(old!.event).toEqual({ type: 'AgentReserved', ...data, direction: 'outgoing' });
});

test('writes nothing personal in clear to the disk', async () => {
  const stream = freshStream();
  await open.log.append(stream, [note('tr4cer of a secret'), activated('tr4cer in clear')], 'none', contextOf('disk'));
  const folder = join(stores.dir, 'eventstore');
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []); // a real server's disk is not ours
  const bytes = await Promise.all(
    files.filter((f) => f.isFile()).map((f) => readFile(join(f.parentPath, f.name), 'latin1')),
  );
  const all = bytes.join('');
  expect(all).not.toContain('tr4cer of a secret');
  if (files.length > 0) expect(all).toContain('tr4cer in clear');
});

test('survives a crash of the server in the middle of many appends, without loss or repeat', async () => {
  const stream = freshStream();
  // so large that the connection is full when it breaks
  const texts = Array.from({ length: 110 }, (_, i) => `${i}`.padEnd(20_000, '.'));
  let acknowledged = 0;
  const writers = texts.map(async (text, i) => {
    const place = await open.log.append(stream, [note(text)], 'any', contextOf(`crash ${i}`));
    if (++acknowledged === 20) await stores.kill('eventstore').then(() => stores.start('eventstore'));
    return place;
  });
  const places = await Promise.all(writers);
  const stored = await read(stream);
  expect(stored.map(({ event }) => 'text' in event && event.text).sort()).toEqual([...texts].sort());
  expect(new Set(places.map(({ revision }) => revision)).size).toBe(texts.length);
});

test('reads on where it was when the server crashes meanwhile', async () => {
  const stream = freshStream('agent');
  const reasons = Array.from({ length: 900 }, (_, i) => `${i}`.padEnd(2_000, '.'));
  for (let i = 0; i < 900; i += 300)
    await open.log.append(stream, reasons.slice(i, i + 300).map(activated), 'any', contextOf(`${stream} ${i}`));
  const seen: unknown[] = [];
  for await (const { event, revision } of open.log.read(stream)) {
    seen.push('reason' in event && event.reason);
    if (revision === 100n) await stores.kill('eventstore').then(() => stores.start('eventstore'));
  }
  expect(seen).toEqual(reasons);
});

test('goes on for one user of an address when another is done with it', async () => {
  const other = eventLog({ url: stores.eventstoreUrl, keys: open.keys });
  const stream = freshStream();
  const writing = Array.from({ length: 40 }, (_, i) =>
    open.log.append(stream, [note(`${i}`)], 'any', contextOf(`u${i}`)),
  );
  await other.append(freshStream(), [note('mine')], 'none', contextOf('mine'));
  await other.close();
  await Promise.all(writing);
  expect(await read(stream)).toHaveLength(40);
});
