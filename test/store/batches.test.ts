import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Batch, type EventLog, eventLog } from '../../store/event-log.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';
import { startProxy } from './proxy.ts';
import { activated, addNotes, contextOf, note, until } from './sample.ts';

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
const freshStream = () => `ticket-${stores.dbName}.${streams++}`;
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${i + from}`);
const textsOf = (batches: readonly Batch[]) =>
  batches.flatMap(({ events }) => events.map(({ event }) => ('text' in event ? event.text : null)));

type Following = { from: bigint | null; types?: readonly string[]; maxBatch?: number };

/** Batches from a position until `enough`; closes the subscription. */
const batchesUntil = async (log: EventLog, options: Following, enough: (batches: Batch[]) => boolean) => {
  const stop = new AbortController();
  const batches: Batch[] = [];
  const all = { types: ['NoteAdded'], maxBatch: 100, ...options, signal: stop.signal };
  for await (const batch of log.batches(all)) {
    batches.push(batch);
    if (enough(batches)) break;
  }
  stop.abort();
  return batches;
};
const isLive = (batches: readonly Batch[]) => batches.at(-1)!.live;

test('catches up in batches of at most the size asked for, then is live', async () => {
  const from = await open.log.head();
  const texts = numbered(250);
  await open.log.append(freshStream(), texts.map(note), 'none', contextOf('catch-up'));
  const head = await open.log.head();

  const batches = await batchesUntil(open.log, { from, maxBatch: 100 }, isLive);
  expect(textsOf(batches)).toEqual(texts);
  for (const { events } of batches) expect(events.length).toBeLessThanOrEqual(100);
  expect(batches.filter(({ live }) => live)).toHaveLength(1);
  expect(batches.at(-1)!.upTo).toBe(head);
});

test('says where each batch reaches: never beyond what it has handed over', async () => {
  const from = await open.log.head();
  await open.log.append(freshStream(), numbered(90).map(note), 'none', contextOf('reach'));
  const batches = await batchesUntil(open.log, { from, maxBatch: 7 }, isLive);
  let reached = from;
  for (const { events, upTo } of batches) {
    for (const { position } of events) expect(position > reached && position <= upTo).toBe(true);
    expect(upTo).toBeGreaterThanOrEqual(reached);
    reached = upTo;
  }
});

test('begins at the beginning of the log when there is no position yet', async () => {
  const [first] = await batchesUntil(open.log, { from: null, maxBatch: 1 }, () => true);
  expect(first!.events[0]!.revision).toBe(0n);
});

test('hands over a new event at once, without waiting for a full batch', async () => {
  const from = await open.log.head();
  const stream = freshStream();
  const batches = await batchesUntil(open.log, { from }, (so) => {
    if (isLive(so) && so.length === 1) void addNotes(open.log, stream, ['now']);
    return textsOf(so).length === 1;
  });
  expect(textsOf(batches)).toEqual(['now']);
  expect(batches.at(-1)!.live).toBe(true);
});

test('moves on over events of other types, once live at every one', async () => {
  const from = await open.log.head();
  const stream = freshStream();
  let position = 0n;
  const batches = await batchesUntil(open.log, { from }, (so) => {
    if (so.length === 1)
      void open.log.append(stream, [activated('x')], 'none', contextOf(stream)).then((at) => (position = at.position));
    return so.length > 1 && so.at(-1)!.upTo === position;
  });
  expect(textsOf(batches)).toEqual([]);
});

test('resumes behind a position it has handed over, with neither gap nor repeat', async () => {
  const from = await open.log.head();
  const texts = numbered(40);
  await open.log.append(freshStream(), texts.map(note), 'none', contextOf('resume'));
  const before = await batchesUntil(open.log, { from, maxBatch: 7 }, (so) => textsOf(so).length >= 14);
  const after = await batchesUntil(open.log, { from: before.at(-1)!.upTo, maxBatch: 7 }, isLive);
  expect(textsOf([...before, ...after])).toEqual(texts);
});

test('ends at once when told to, even while nothing happens', async () => {
  const stop = new AbortController();
  const batches = open.log.batches({
    from: await open.log.head(),
    types: ['NoteAdded'],
    maxBatch: 10,
    signal: stop.signal,
  });
  for await (const { live } of batches) if (live) queueMicrotask(() => stop.abort());
  expect(stop.signal.aborted).toBe(true);
});

test('leaves with the server what a slow reader has not asked for', async () => {
  const from = await open.log.head();
  const large = activated('.'.repeat(3_000));
  for (let i = 0; i < 10; i++)
    await open.log.append(freshStream(), Array(200).fill(large), 'none', contextOf(`large ${i}`));

  const proxy = await startProxy(stores.eventstoreUrl);
  const log = eventLog({ url: proxy.url, keys: open.keys });
  const stop = new AbortController();
  const following = log.batches({ from, types: ['AgentActivated'], maxBatch: 50, signal: stop.signal });
  const reading = following[Symbol.asyncIterator]();
  let read = 0;
  while (read < 50) read += (await reading.next()).value.events.length;
  await until(proxy.received, (bytes, before) => bytes === before);
  expect(proxy.received()).toBeLessThan(2_000_000); // of more than 6 MB

  await addNotes(log, freshStream(), ['written and read meanwhile, over the same connection']);
  expect(await log.head()).toBeGreaterThan(from);

  while (read < 2_000) read += (await reading.next()).value.events.length;
  expect(proxy.received()).toBeGreaterThan(5_000_000);
  stop.abort();
  await log.close();
  proxy.close();
});

describe('when the event store crashes', () => {
  test.each([
    ['while catching up', 20],
    ['while live', 400],
  ])('a subscription goes on %s, with neither gap nor repeat', async (_, crashAfter) => {
    const from = await open.log.head();
    const stream = freshStream();
    const texts = numbered(400);
    await open.log.append(stream, texts.map(note), 'none', contextOf(stream));
    const later = numbered(30, 400);
    let crashed = false;
    const batches = await batchesUntil(open.log, { from, maxBatch: 10 }, (so) => {
      if (!crashed && textsOf(so).length >= crashAfter && (crashAfter < 400 || isLive(so))) {
        crashed = true;
        void stores
          .kill('eventstore')
          .then(() => stores.start('eventstore'))
          .then(() => addNotes(open.log, stream, later));
      }
      return textsOf(so).length >= 430;
    });
    expect(textsOf(batches)).toEqual([...texts, ...later]);
  });
});

test('goes on when only its connection broke, with neither gap nor repeat', async () => {
  const proxy = await startProxy(stores.eventstoreUrl);
  const log = eventLog({ url: proxy.url, keys: open.keys });
  const from = await open.log.head();
  const stream = freshStream();
  const texts = numbered(60);
  const batches = await batchesUntil(log, { from }, (so) => {
    const seen = textsOf(so).length;
    if (isLive(so) && seen % 20 === 0 && seen < 60) {
      proxy.cut();
      void addNotes(open.log, stream, numbered(20, seen));
    }
    return seen === 60;
  });
  expect(textsOf(batches)).toEqual(texts);
  await log.close();
  proxy.close();
});
