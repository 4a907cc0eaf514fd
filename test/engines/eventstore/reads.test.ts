import {
  BACKWARDS,
  END,
  FORWARDS,
  type JSONEventType,
  jsonEvent,
  type ReadAllOptions,
  START,
  StreamNotFoundError,
} from '@eventstore/db-client';
import { beforeAll, describe, expect, test } from 'vitest';
import { rawCall, shared, streams } from './raw.ts';
import { all, counted, failureOf, freshName, runEventStore } from './running.ts';

const running = runEventStore();
const STREAM = freshName();
const positions: bigint[] = [];

beforeAll(async () => {
  for (const number of Array(10).keys()) {
    const { position } = await running.client.appendToStream(STREAM, counted(number));
    positions.push(position!.commit);
    await running.client.appendToStream('between', counted(number));
  }
});

describe('a read of a stream', () => {
  test.each([
    ['forwards from the start', FORWARDS, START, 3, [0, 1, 2]],
    ['forwards from a revision, with it', FORWARDS, 7n, 99, [7, 8, 9]],
    ['forwards from the last', FORWARDS, 9n, 99, [9]],
    ['forwards from behind the last', FORWARDS, 10n, 99, []],
    ['forwards from the end', FORWARDS, END, 99, []],
    ['backwards from the end', BACKWARDS, END, 2, [9, 8]],
    ['backwards from a revision, with it', BACKWARDS, 2n, 99, [2, 1, 0]],
    ['backwards from behind the last', BACKWARDS, 50n, 1, [9]],
    ['backwards from the start', BACKWARDS, START, 99, [0]],
  ] as const)('%s', async (_title, direction, fromRevision, maxCount, expected) => {
    const events = await all(running.client.readStream(STREAM, { direction, fromRevision, maxCount }));
    expect(events.map(({ event }) => Number(event?.revision))).toEqual(expected);
  });

  test('that does not exist says so', async () => {
    const failure = await failureOf(all(running.client.readStream('nobody-어학')));
    expect(failure).toBeInstanceOf(StreamNotFoundError);
  });

  test('tells where each event stands in the log', async () => {
    const events = await all(running.client.readStream(STREAM));
    expect(events.map(({ commitPosition }) => commitPosition)).toEqual(positions);
    expect(events.map(({ event }) => event?.position?.commit)).toEqual(positions);
  });
});

describe('a read of everything', () => {
  const at = (place: number) => ({ commit: positions[place]!, prepare: positions[place]! });
  const own = async (options: ReadAllOptions) => {
    const events = await all(running.client.readAll(options));
    return events.filter(({ event }) => event?.streamId === STREAM).map(({ event }) => Number(event?.revision));
  };

  test.each([
    ['forwards from the start', () => ({ direction: FORWARDS, fromPosition: START }), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['forwards from a position, with it', () => ({ direction: FORWARDS, fromPosition: at(7) }), [7, 8, 9]],
    ['forwards from the end', () => ({ direction: FORWARDS, fromPosition: END }), []],
    ['backwards from the end', () => ({ direction: BACKWARDS, fromPosition: END }), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
    ['backwards from a position, without it', () => ({ direction: BACKWARDS, fromPosition: at(3) }), [2, 1, 0]],
    ['backwards from the start', () => ({ direction: BACKWARDS, fromPosition: START }), []],
  ] satisfies [string, () => ReadAllOptions, number[]][])('%s', async (_title, options, expected) => {
    expect(await own(options())).toEqual(expected);
  });

  test('stops after as many events as asked for', async () => {
    expect(await all(running.client.readAll({ maxCount: 3 }))).toHaveLength(3);
  });

  test('never finds an event at position 0, and positions rise', async () => {
    const found = (await all(running.client.readAll())).map(({ commitPosition }) => commitPosition!);
    expect(found[0]).toBeGreaterThan(0n);
    expect(found).toEqual([...found].sort((one, other) => (one < other ? -1 : 1)));
  });

  test('includes the events of the system', async () => {
    const stream = freshName();
    await running.client.setStreamMetadata(stream, { maxCount: 5 });
    const found = await all(running.client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
    expect(found[0]?.event).toMatchObject({ streamId: `$$${stream}`, type: '$metadata', data: { $maxCount: 5 } });
  });
});

type Large = JSONEventType<'Large', { number: number; text: string }>;

test('a read takes large events and many of them', async () => {
  const stream = freshName();
  const text = 'x'.repeat(900_000);
  for (const number of Array(5).keys()) {
    await running.client.appendToStream(stream, jsonEvent({ type: 'Large', data: { number, text } }));
  }
  const events = await all(running.client.readStream<Large>(stream));
  expect(events.map(({ event }) => event?.data.number)).toEqual([0, 1, 2, 3, 4]);
  expect(events.every(({ event }) => event?.data.text === text)).toBe(true);
});

test('a reader that leaves early costs the others nothing', async () => {
  const reader = running.client.readAll();
  for await (const _ of reader) break;
  expect(await all(running.client.readStream(STREAM, { maxCount: 1 }))).toHaveLength(1);
});

/** Reads everything with options that the official client does not offer. */
async function rawRead(change: (options: Options) => void): Promise<RecordedEvent[]> {
  const { Options } = streams.ReadReq;
  const options = new Options().setAll(new Options.AllOptions().setStart(new shared.Empty())).setCount('1000');
  change(options);
  const call = rawCall(running.server.urls[1]!, 'streams.Streams/Read');
  call.send(new streams.ReadReq().setOptions(options));
  expect(await call.outcome()).toMatchObject({ 'grpc-status': '0' });
  return call.messages.map((message) => streams.ReadResp.deserializeBinary(message).getEvent().getEvent());
}

interface Options {
  setCount(count: string): void;
  setFilter(filter: unknown): void;
  setUuidOption(option: unknown): void;
}

interface RecordedEvent {
  getStreamIdentifier(): { getStreamName_asU8(): Uint8Array };
  getId(): { getString(): string; getStructured(): unknown };
}

test('a read of everything can be filtered; it counts what it finds', async () => {
  const { FilterOptions } = streams.ReadReq.Options;
  const found = await rawRead((options) => {
    options.setCount('4');
    options.setFilter(new FilterOptions().setStreamIdentifier(new FilterOptions.Expression().setPrefixList(['betw'])));
  });
  const names = found.map((event) => Buffer.from(event.getStreamIdentifier().getStreamName_asU8()).toString());
  expect(names).toEqual(['between', 'between', 'between', 'between']);
});

test('a read can have event ids in two halves', async () => {
  const structured = new streams.ReadReq.Options.UUIDOption().setStructured(new shared.Empty());
  const found = await rawRead((options) => options.setUuidOption(structured));
  expect(found.length).toBeGreaterThan(20);
  expect(found.every((event) => event.getId().getStructured() !== undefined)).toBe(true);
});
