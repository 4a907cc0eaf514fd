import { randomUUID } from 'node:crypto';
import {
  ANY,
  type AppendExpectedRevision,
  binaryEvent,
  DeadlineExceededError,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { all, type Counted, counted, failureOf, freshName, runEventStore } from './running.ts';

const running = runEventStore({ maxAppendSize: 10_000 });
const credentials = { username: 'admin', password: 'changeit' };

/** The official client takes one method for appends without credentials and the other for those with. */
const methods = [
  ['BatchAppend', {}],
  ['Append', { credentials }],
] as const;

async function numbersIn(stream: string): Promise<unknown[]> {
  return (await all(running.client.readStream<Counted>(stream))).map(({ event }) => event?.data.number);
}

async function countOf(stream: string): Promise<number> {
  const events = await all(running.client.readAll());
  return events.filter(({ event }) => event?.streamId === stream).length;
}

describe.each(methods)('an append by %s', (_, how) => {
  const append = (
    stream: string,
    events: Parameters<typeof running.client.appendToStream>[1],
    expectedRevision: AppendExpectedRevision = ANY,
  ) => running.client.appendToStream(stream, events, { expectedRevision, ...how });

  test('returns the revision and the position of its last event', async () => {
    const stream = freshName();
    const first = await append(stream, counted(1, 2, 3));
    const second = await append(stream, counted(4));
    expect(first.nextExpectedRevision).toBe(2n);
    expect(second.nextExpectedRevision).toBe(3n);
    const events = await all(running.client.readStream(stream));
    expect(events.map(({ event }) => event?.revision)).toEqual([0n, 1n, 2n, 3n]);
    expect(events[2]?.event?.position).toEqual(first.position);
    expect(events[3]?.event?.position).toEqual(second.position);
  });

  test.each<[string, number, AppendExpectedRevision, boolean]>([
    ['no_stream on nothing', 0, NO_STREAM, true],
    ['no_stream on a stream', 1, NO_STREAM, false],
    ['stream_exists on nothing', 0, STREAM_EXISTS, false],
    ['stream_exists on a stream', 1, STREAM_EXISTS, true],
    ['any on nothing', 0, ANY, true],
    ['any on a stream', 2, ANY, true],
    ['a revision on nothing', 0, 0n, false],
    ['the revision before the last', 3, 1n, false],
    ['the last revision', 3, 2n, true],
    ['the revision after the last', 3, 3n, false],
  ])('with %s: %i events, %s, succeeds %s', async (_title, count, expected, succeeds) => {
    const stream = freshName();
    if (count > 0) await append(stream, counted(...Array(count).keys()));
    const failure = await failureOf(append(stream, counted(99), expected));
    expect(await countOf(stream)).toBe(count + Number(succeeds));
    if (succeeds) expect(failure).toBeUndefined();
    else {
      expect(failure).toBeInstanceOf(WrongExpectedVersionError);
      const { actualVersion, expectedVersion, streamName } = failure as WrongExpectedVersionError;
      expect({ actualVersion, expectedVersion, streamName }).toEqual({
        actualVersion: count === 0 ? NO_STREAM : BigInt(count - 1),
        expectedVersion: expected,
        streamName: stream,
      });
    }
  });

  test.each<[string, AppendExpectedRevision]>([
    ['any', ANY],
    ['stream_exists', STREAM_EXISTS],
    ['the revision it had', 0n],
  ])('writes a repeated append once, expecting %s', async (_title, expected) => {
    const stream = freshName();
    await append(stream, counted(0), NO_STREAM);
    const events = counted(1, 2);
    const first = await append(stream, events, expected);
    await append(stream, counted(3));
    const again = await append(stream, events, expected);
    expect(again).toEqual(first);
    expect(await numbersIn(stream)).toEqual([0, 1, 2, 3]);
  });

  test('writes a repeated beginning of a stream once', async () => {
    const stream = freshName();
    const events = counted(1, 2);
    expect(await append(stream, events, NO_STREAM)).toEqual(await append(stream, events, NO_STREAM));
    expect(await numbersIn(stream)).toEqual([1, 2]);
  });

  test.each<[string, AppendExpectedRevision]>([
    ['any', ANY],
    ['stream_exists', STREAM_EXISTS],
    ['no_stream', NO_STREAM],
    ['the revision it had', 0n],
  ])('refuses one that repeats an earlier one in part, expecting %s', async (_title, expected) => {
    const stream = freshName();
    const before = expected === NO_STREAM ? [] : [0];
    if (before.length > 0) await append(stream, counted(0));
    const [known, ...others] = counted(1, 2, 3);
    await append(stream, [known!], expected);
    expect(await failureOf(append(stream, [known!, ...others], expected))).toBeInstanceOf(WrongExpectedVersionError);
    expect(await numbersIn(stream)).toEqual([...before, 1]);
  });

  test('writes events of one id within it each, and their repetition once', async () => {
    const [stream, id] = [freshName(), randomUUID()];
    const events = counted(1, 2).map((event) => ({ ...event, id }));
    expect(await append(stream, events)).toEqual(await append(stream, events));
    expect(await numbersIn(stream)).toEqual([1, 2]);
  });

  test.each([2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 64n - 1n])(
    'tells the revision %s as it was given',
    async (revision) => {
      const failure = await failureOf(append(freshName(), counted(1), revision));
      expect(failure).toMatchObject({ type: 'wrong-expected-version', expectedVersion: revision });
    },
  );

  test('takes the same event id in two streams', async () => {
    const events = counted(1);
    const [one, other] = [freshName(), freshName()];
    await append(one, events);
    await append(other, events);
    expect(await numbersIn(other)).toEqual([1]);
  });

  test('without events changes nothing', async () => {
    const stream = freshName();
    await append(stream, counted(1));
    expect((await append(stream, [])).nextExpectedRevision).toBe(0n);
    expect(await failureOf(append(stream, [], NO_STREAM))).toBeInstanceOf(WrongExpectedVersionError);
    expect(await numbersIn(stream)).toEqual([1]);
  });

  test.each([
    ['at the limit', [4000, 6000], 0, true],
    ['one byte above', [4000, 6001], 0, false],
    ['at the limit with metadata', [4000, 5000], 500, true],
    ['one byte above with metadata', [4000, 5001], 500, false],
  ])('%s of its size', async (_title, sizes, metadataSize, succeeds) => {
    const stream = freshName();
    const metadata = new Uint8Array(metadataSize);
    const events = sizes.map((size) => binaryEvent({ type: 'Big', data: new Uint8Array(size), metadata }));
    const failure = await failureOf(append(stream, events));
    if (succeeds) expect(failure).toBeUndefined();
    else expect(failure).toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: 10_000 });
    expect(failure instanceof MaxAppendSizeExceededError).toBe(!succeeds);
  });

  test('keeps data, metadata, id, type and time as given', async () => {
    const stream = freshName('straße-어학');
    const id = randomUUID();
    const before = Date.now();
    await append(stream, [
      jsonEvent({ id, type: 'Überraschung', data: { text: 'é😀', empty: null }, metadata: { cause: 7 } }),
      binaryEvent({ type: 'Raw', data: Uint8Array.from([0, 255, 128]), metadata: Uint8Array.from([1, 2]) }),
      jsonEvent({ type: 'Bare', data: {} }),
      binaryEvent({ type: 'Empty', data: new Uint8Array(0), metadata: new Uint8Array(0) }),
    ]);
    const [json, raw, bare, empty] = (await all(running.client.readStream(stream))).map(({ event }) => event!);
    expect(json).toMatchObject({ streamId: stream, id, type: 'Überraschung', data: { text: 'é😀', empty: null } });
    expect(json).toMatchObject({ metadata: { cause: 7 }, isJson: true, revision: 0n });
    expect(json!.created.getTime()).toBeGreaterThanOrEqual(before);
    expect(json!.created.getTime()).toBeLessThanOrEqual(Date.now());
    expect(raw).toMatchObject({
      isJson: false,
      data: Uint8Array.from([0, 255, 128]),
      metadata: Uint8Array.from([1, 2]),
    });
    expect(bare).toMatchObject({ type: 'Bare', data: {}, metadata: undefined });
    expect(empty).toMatchObject({ type: 'Empty', isJson: false, data: new Uint8Array(0), metadata: undefined });
  });

  test.each([
    ['no type', { type: '' }, 'type of an event is empty'],
    ['an id of nothing but zeros', { id: '00000000-0000-0000-0000-000000000000' }, 'id of an event is empty'],
    ['an id that is none', { id: 'not-an-id' }, 'is not a UUID'],
  ])('refuses an event with %s', async (_title, fields, words) => {
    const [event] = counted(1);
    const failure = await failureOf(append(freshName(), { ...event!, ...fields }));
    expect(failure).toMatchObject({ type: 'unknown', message: expect.stringContaining(words) });
  });

  test.each([
    ['empty', ''],
    ["nobody's metadata", '$$'],
    ['everything', '$all'],
    ['metadata of metadata', '$$$$x'],
    ['too long', 'x'.repeat(65_537)],
  ])('refuses a stream name that is %s', async (_title, name) => {
    expect(await failureOf(append(name, counted(1)))).toMatchObject({ type: 'unknown' });
  });
});

test('an append whose deadline is past is not made', async () => {
  const stream = freshName();
  const deadline = -1000;
  expect(await failureOf(running.client.appendToStream(stream, counted(1), { deadline }))).toBeInstanceOf(
    DeadlineExceededError,
  );
  expect(await countOf(stream)).toBe(0);
});

test('appends at the same time get distinct revisions', async () => {
  const stream = freshName();
  const results = await Promise.all(
    counted(...Array(200).keys()).map((event) => running.client.appendToStream(stream, event)),
  );
  expect(new Set(results.map(({ nextExpectedRevision }) => nextExpectedRevision)).size).toBe(200);
  expect(await numbersIn(stream)).toHaveLength(200);
});

test('of two appends that expect the same revision one succeeds', async () => {
  const stream = freshName();
  const racers = counted(...Array(20).keys()).map((event) =>
    failureOf(running.client.appendToStream(stream, event, { expectedRevision: NO_STREAM })),
  );
  expect((await Promise.all(racers)).filter((failure) => failure === undefined)).toHaveLength(1);
});
