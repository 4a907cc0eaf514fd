import { BACKWARDS, excludeSystemEvents, FORWARDS, jsonEvent, type StreamMetadata } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { all, counted, failureOf, freshName, runEventStore, until } from './running.ts';

const running = runEventStore();

async function revisionsOf(
  stream: string,
  direction: typeof FORWARDS | typeof BACKWARDS = FORWARDS,
): Promise<number[]> {
  const fromRevision = direction === FORWARDS ? 'start' : 'end';
  const events = await all(running.client.readStream(stream, { direction, fromRevision }));
  return events.map(({ event }) => Number(event?.revision));
}

async function tenEvents(metadata?: StreamMetadata): Promise<string> {
  const stream = freshName();
  await running.client.appendToStream(stream, counted(...Array(10).keys()));
  if (metadata !== undefined) await running.client.setStreamMetadata(stream, metadata);
  return stream;
}

test.each<[string, StreamMetadata, number[]]>([
  ['$maxCount below the count', { maxCount: 2 }, [8, 9]],
  ['$maxCount at the count', { maxCount: 10 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ['$tb at the start', { truncateBefore: 0 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ['$tb in the middle', { truncateBefore: 7 }, [7, 8, 9]],
  ['$tb at the last', { truncateBefore: 9 }, [9]],
  ['$tb behind the last', { truncateBefore: 10 }, []],
  ['$maxAge of an hour', { maxAge: 3600 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ['both limits', { maxCount: 5, truncateBefore: 8 }, [8, 9]],
  ['keys of the user only', { colour: 'red' }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
])('%s hides what it should, both ways', async (_title, metadata, expected) => {
  const stream = await tenEvents(metadata);
  expect(await revisionsOf(stream)).toEqual(expected);
  expect(await revisionsOf(stream, BACKWARDS)).toEqual([...expected].reverse());
});

test.each<[string, object]>([
  ['$maxCount of nothing', { $maxCount: 0 }],
  ['$maxAge of nothing', { $maxAge: 0 }],
  ['a negative $tb', { $tb: -1 }],
  ['limits of which one is no whole number', { $maxCount: 2, $tb: '7' }],
  ['a limit that is null', { $maxCount: 2, $maxAge: null }],
])('%s hides nothing', async (_title, data) => {
  const stream = await tenEvents();
  await running.client.appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data: { ...data } }));
  expect(await revisionsOf(stream)).toHaveLength(10);
});

test('metadata keeps what the store does not use', async () => {
  const metadata = { maxCount: 3, acl: { readRoles: ['a'], writeRoles: ['b', 'c'] }, cacheControl: 9, colour: 'red' };
  const stream = await tenEvents(metadata);
  expect((await running.client.getStreamMetadata(stream)).metadata).toEqual(metadata);
});

test('$maxAge hides events once they are older', async () => {
  const stream = await tenEvents({ maxAge: 1 });
  expect(await revisionsOf(stream)).toHaveLength(10);
  const then = Date.now();
  await until(() => Date.now() > then + 1100);
  await running.client.appendToStream(stream, counted(10));
  expect(await revisionsOf(stream)).toEqual([10]);
});

test('truncation hides nothing from a read of everything', async () => {
  const stream = await tenEvents({ truncateBefore: 9, maxCount: 1 });
  const events = await all(running.client.readAll());
  expect(events.filter(({ event }) => event?.streamId === stream)).toHaveLength(10);
});

test('the revisions go on behind truncated events', async () => {
  const stream = await tenEvents({ truncateBefore: 10 });
  const { nextExpectedRevision } = await running.client.appendToStream(stream, counted(10), { expectedRevision: 9n });
  expect(nextExpectedRevision).toBe(10n);
  expect(await revisionsOf(stream)).toEqual([10]);
});

test('a stream of metadata shows its newest event only', async () => {
  const stream = await tenEvents({ maxCount: 3 });
  await running.client.setStreamMetadata(stream, { maxCount: 4 });
  expect(await revisionsOf(`$$${stream}`)).toEqual([1]);
  expect((await running.client.getStreamMetadata(stream)).metadata).toEqual({ maxCount: 4 });
});

test('metadata is checked for the revision it expects', async () => {
  const stream = await tenEvents({ maxCount: 3 });
  const set = (expectedRevision: bigint) =>
    running.client.setStreamMetadata(stream, { maxCount: 9 }, { expectedRevision });
  expect(await failureOf(set(1n))).toMatchObject({ type: 'wrong-expected-version', actualVersion: 0n });
  expect(await failureOf(set(0n))).toBeUndefined();
});

test('metadata before the first event applies to it', async () => {
  const stream = freshName();
  await running.client.setStreamMetadata(stream, { maxCount: 1 });
  expect(await failureOf(revisionsOf(stream))).toMatchObject({ type: 'stream-not-found' });
  await running.client.appendToStream(stream, counted(0, 1), { expectedRevision: 'stream_exists' });
  expect(await revisionsOf(stream)).toEqual([1]);
});

describe('a subscription', () => {
  test('to a truncated stream starts where a read does', async () => {
    const stream = await tenEvents({ maxCount: 2 });
    const seen: number[] = [];
    const subscription = running.client
      .subscribeToStream(stream)
      .on('data', ({ event }) => seen.push(Number(event?.revision)));
    await until(() => seen.length === 2);
    await running.client.appendToStream(stream, counted(10, 11, 12));
    await until(() => seen.length === 5);
    expect(seen).toEqual([8, 9, 10, 11, 12]);
    await subscription.unsubscribe();
  });

  test('without the events of the system sees none', async () => {
    const seen: string[] = [];
    const subscription = running.client.subscribeToAll({ filter: excludeSystemEvents() });
    subscription.on('data', ({ event }) => seen.push(event?.type ?? ''));
    await tenEvents({ maxCount: 1 });
    const last = freshName();
    await running.client.appendToStream(last, counted(1));
    await until(() => seen.length > 10);
    expect(seen.filter((type) => type.startsWith('$'))).toEqual([]);
    await subscription.unsubscribe();
  });
});
