import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consume } from '../../store/consume.ts';
import type { Batch } from '../../store/event-log.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';
import { addNotes, contextOf, note } from './sample.ts';

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
const textOf = ({ events }: Batch) => events.map(({ event }) => ('text' in event ? event.text : null));

/** Consumes notes from a position with this handler until it stops the loop itself. */
const consuming = async (
  from: bigint | null,
  handle: (batch: Batch, stop: () => void) => Promise<void>,
  report: (fault: unknown, failures: number) => void = () => {},
) => {
  const stop = new AbortController();
  await consume({
    log: open.log,
    from,
    types: ['NoteAdded'],
    maxBatch: 5,
    signal: stop.signal,
    handle: (batch) => handle(batch, () => stop.abort()),
    report,
  });
};

test('handles every batch in order and one at a time', async () => {
  const from = await open.log.head();
  const texts = Array.from({ length: 22 }, (_, i) => `${i}`);
  await open.log.append(freshStream(), texts.map(note), 'none', contextOf('in order'));
  const handled: unknown[] = [];
  let busy = 0;
  await consuming(from, async (batch, stop) => {
    expect(++busy).toBe(1);
    await open.log.head();
    handled.push(...textOf(batch));
    busy--;
    if (batch.live) stop();
  });
  expect(handled).toEqual(texts);
});

test('tries a batch again that could not be handled, reports it, and skips nothing', async () => {
  const from = await open.log.head();
  await open.log.append(freshStream(), ['a', 'b', 'c', 'd', 'e', 'f'].map(note), 'none', contextOf('again'));
  const handled: unknown[] = [];
  const reports: unknown[] = [];
  let failuresLeft = 3;
  await consuming(
    from,
    async (batch, stop) => {
      if (textOf(batch).includes('f') && failuresLeft-- > 0) throw new Error('not now');
      handled.push(...textOf(batch));
      if (batch.live) stop();
    },
    (fault, failures) => reports.push([String(fault), failures]),
  );
  expect(handled).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  expect(reports).toEqual([1, 2, 3].map((failures) => ['Error: not now', failures]));
});

test('goes on through a crash of the event store', async () => {
  const from = await open.log.head();
  const stream = freshStream();
  const handled: unknown[] = [];
  await consuming(from, async (batch, stop) => {
    handled.push(...textOf(batch));
    if (batch.live && handled.length === 0) void addNotes(open.log, stream, ['before', 'before too']);
    if (handled.length === 2) {
      await stores.kill('eventstore');
      await stores.start('eventstore');
      void addNotes(open.log, stream, ['after']);
    }
    if (handled.length === 3) stop();
  });
  expect(handled).toEqual(['before', 'before too', 'after']);
});

test('reports an event it cannot read, again and again, and never passes it by', async () => {
  const from = await open.log.head();
  const client = stores.eventstoreUrl.startsWith('unix:')
    ? new EventStoreDBClient({ endpoint: stores.eventstoreUrl }, { insecure: true })
    : EventStoreDBClient.connectionString(stores.eventstoreUrl);
  const { type, ...data } = note('in clear');
  const metadata = { ...contextOf('clear'), schemaVersion: 1, happenedAt: 1 };
  await client.appendToStream(freshStream(), jsonEvent({ type, data, metadata }));

  const stop = new AbortController();
  const reports: string[] = [];
  await consume({
    log: open.log,
    from,
    types: ['NoteAdded'],
    maxBatch: 5,
    signal: stop.signal,
    handle: async ({ events }) => expect(events).toEqual([]),
    report(fault) {
      reports.push(String(fault));
      if (reports.length === 3) stop.abort();
    },
  });
  for (const report of reports) expect(report).toMatch(/text stands in clear/);
});
