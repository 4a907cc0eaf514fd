import { type AppendExpectedRevision, NO_STREAM, STREAM_EXISTS } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { all, counted, failureOf, freshName, runEventStore, until } from './running.ts';

const running = runEventStore();
const client = () => running.client;

async function revisionsOf(stream: string): Promise<number[]> {
  return (await all(client().readStream(stream))).map(({ event }) => Number(event?.revision));
}

async function streamOf(count: number): Promise<string> {
  const stream = freshName('lösch');
  await client().appendToStream(stream, counted(...Array(count).keys()));
  return stream;
}

const notFound = { type: 'stream-not-found' };
const deleted = (stream: string) => ({ type: 'stream-deleted', streamName: encodeURI(stream) });

describe.each([
  ['ASCII', 'x'.repeat(65_536)],
  ['other', '한'.repeat(20_000)],
])('a stream with a very long name in %s characters', (_title, name) => {
  test('works and fails like any other', async () => {
    await client().appendToStream(name, counted(0));
    expect(await revisionsOf(name)).toEqual([0]);
    const wrong = client().deleteStream(name, { expectedRevision: 7n });
    expect(await failureOf(wrong)).toMatchObject({ type: 'wrong-expected-version', expectedVersion: 7n });
    await client().tombstoneStream(name);
    expect(await failureOf(revisionsOf(name))).toMatchObject({ type: 'stream-deleted' });
  });
});

test.each(['$system', 'a@b', 'a b', 'new\nline', 'nul\0', '%24x', 'a/b?c#d', '어학-😀'])(
  'a stream named "%s" works and fails like any other',
  async (name) => {
    await client().appendToStream(name, counted(0));
    await client().setStreamMetadata(name, { maxCount: 5 });
    expect((await client().getStreamMetadata(name)).metadata).toEqual({ maxCount: 5 });
    expect((await all(client().readStream(name)))[0]?.event?.streamId).toBe(name);
    await client().deleteStream(name);
    expect(await failureOf(revisionsOf(name))).toMatchObject({ ...notFound, streamName: name });
    await client().tombstoneStream(name);
    const message = expect.stringContaining(`Event stream '${name}' is deleted.`);
    expect(await failureOf(revisionsOf(name))).toMatchObject({ type: 'stream-deleted', message });
  },
);

test.each([
  ['deleted', (name: string) => client().deleteStream(name)],
  ['ended', (name: string) => client().tombstoneStream(name)],
])('metadata cannot be %s but with its stream', async (_title, remove) => {
  const stream = await streamOf(1);
  await client().setStreamMetadata(stream, { maxCount: 5 });
  expect(await failureOf(remove(`$$${stream}`))).toMatchObject({ type: 'access-denied' });
  expect(await failureOf(remove('$all'))).toMatchObject({ type: 'unknown' });
});

describe('a deleted stream', () => {
  test('is told by its name, also when that begins or ends with a space', async () => {
    const stream = ` ${freshName('spaced')} `;
    await client().appendToStream(stream, counted(1));
    await client().tombstoneStream(stream);
    expect(await failureOf(revisionsOf(stream))).toMatchObject(deleted(stream));
  });

  test('is not found', async () => {
    const stream = await streamOf(3);
    const { position } = await client().deleteStream(stream);
    expect(position?.commit).toBeGreaterThan(0n);
    expect(await failureOf(revisionsOf(stream))).toMatchObject(notFound);
  });

  test.each<[string, AppendExpectedRevision]>([
    ['any', 'any'],
    ['no_stream', NO_STREAM],
    ['the last revision', 2n],
  ])('comes back with an append that expects %s, its revisions going on', async (_title, expectedRevision) => {
    const stream = await streamOf(3);
    await client().setStreamMetadata(stream, { owner: 'me' });
    await client().deleteStream(stream);
    expect((await client().getStreamMetadata(stream)).metadata).toEqual({ truncateBefore: 2 ** 63 });
    const { nextExpectedRevision } = await client().appendToStream(stream, counted(3, 4), { expectedRevision });
    expect(nextExpectedRevision).toBe(4n);
    expect(await revisionsOf(stream)).toEqual([3, 4]);
    expect((await client().getStreamMetadata(stream)).metadata).toEqual({ truncateBefore: 3 });
  });

  test('comes back empty with new metadata', async () => {
    const stream = await streamOf(3);
    await client().deleteStream(stream);
    const { nextExpectedRevision } = await client().setStreamMetadata(stream, { owner: 'me' });
    expect(nextExpectedRevision).toBe(1n);
    expect(await revisionsOf(stream)).toEqual([]);
    expect((await client().getStreamMetadata(stream)).metadata).toEqual({ owner: 'me', truncateBefore: 3 });
  });

  test('does not exist for an append that expects it', async () => {
    const stream = await streamOf(1);
    await client().deleteStream(stream);
    const append = client().appendToStream(stream, counted(1), { expectedRevision: STREAM_EXISTS });
    expect(await failureOf(append)).toMatchObject({ type: 'stream-deleted' });
  });

  test('can be deleted again, and for good', async () => {
    const stream = await streamOf(1);
    await client().deleteStream(stream);
    await client().deleteStream(stream);
    await client().tombstoneStream(stream);
    expect(await failureOf(revisionsOf(stream))).toMatchObject(deleted(stream));
  });

  test('reaches a subscriber only with what came after', async () => {
    const stream = await streamOf(3);
    await client().deleteStream(stream);
    const seen: number[] = [];
    const subscription = client()
      .subscribeToStream(stream)
      .on('data', ({ event }) => seen.push(Number(event?.revision)));
    await client().appendToStream(stream, counted(3));
    await until(() => seen.length > 0);
    expect(seen).toEqual([3]);
    await subscription.unsubscribe();
  });
});

test.each<[string, number, AppendExpectedRevision, boolean]>([
  ['any, on nothing', 0, 'any', false],
  ['no_stream, on nothing', 0, NO_STREAM, false],
  ['any, on a stream', 2, 'any', true],
  ['no_stream, on a stream', 2, NO_STREAM, false],
  ['an older revision', 2, 0n, false],
  ['the last revision', 2, 1n, true],
  ['a later revision', 2, 2n, false],
])('a deletion that expects %s: %i events, %s, succeeds %s', async (_title, count, expected, succeeds) => {
  const stream = count === 0 ? freshName() : await streamOf(count);
  const expectedRevision = expected as 'any' | bigint;
  const failure = await failureOf(client().deleteStream(stream, { expectedRevision }));
  if (succeeds) expect(failure).toBeUndefined();
  else {
    const numbers = { any: -2n, no_stream: -1n, stream_exists: -4n };
    expect(failure).toMatchObject({
      type: 'wrong-expected-version',
      message: expect.stringContaining('Delete failed due to WrongExpectedVersion'),
      streamName: encodeURI(stream),
      expectedVersion: typeof expected === 'bigint' ? expected : numbers[expected],
      actualVersion: count === 0 ? NO_STREAM : BigInt(count - 1),
    });
  }
});

test('a stream of which only metadata exists can be deleted', async () => {
  const stream = freshName();
  await client().setStreamMetadata(stream, { owner: 'me' });
  expect(await failureOf(client().deleteStream(stream))).toBeUndefined();
});

describe('a stream ended for good', () => {
  test('refuses everything from then on', async () => {
    const stream = await streamOf(2);
    await client().tombstoneStream(stream, { expectedRevision: 1n });
    const attempts = [
      revisionsOf(stream),
      revisionsOf(`$$${stream}`),
      client().appendToStream(stream, counted(1)),
      client().appendToStream(stream, counted(1), { credentials: { username: 'a', password: 'b' } }),
      client().setStreamMetadata(stream, { maxCount: 1 }),
      client().deleteStream(stream),
      client().tombstoneStream(stream),
      all(client().subscribeToStream(stream)),
    ];
    const failures = await Promise.all(attempts.map(failureOf));
    expect(failures).toEqual(attempts.map(() => expect.objectContaining({ type: 'stream-deleted' })));
  });

  test('sends its live subscribers the end, then the error', async () => {
    const stream = await streamOf(1);
    const seen: string[] = [];
    const subscription = client().subscribeToStream(stream);
    subscription.on('data', ({ event }) => seen.push(`${event?.revision} ${event?.type} ${event?.isJson}`));
    subscription.on('error', (error) => seen.push((error as { type?: string }).type ?? ''));
    await until(() => seen.length === 1);
    await client().tombstoneStream(stream);
    await until(() => seen.length === 3);
    expect(seen).toEqual(['0 Counted true', '9223372036854775807 $streamDeleted false', 'stream-deleted']);
  });

  test('may never have been', async () => {
    const stream = freshName();
    expect(await failureOf(client().tombstoneStream(stream, { expectedRevision: 4n }))).toMatchObject({
      type: 'wrong-expected-version',
    });
    await client().tombstoneStream(stream);
    expect(await failureOf(revisionsOf(stream))).toMatchObject(deleted(stream));
  });
});
