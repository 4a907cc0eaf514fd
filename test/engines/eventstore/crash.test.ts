import { join } from 'node:path';
import {
  ANY,
  type AppendExpectedRevision,
  type EventStoreDBClient,
  type JSONEventData,
  type JSONEventType,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
} from '@eventstore/db-client';
import { expect, test } from 'vitest';
import { verify } from '../../../engines/eventstore/verify.ts';
import { launch, listening } from './process.ts';
import { all, clientOf, failureOf, temporaryDirectory, until } from './running.ts';

/** How often the process is killed; 200 is worth a long run. */
const ROUNDS = Number(process.env.EVENTSTORE_CRASH_ROUNDS ?? 10);
const WRITERS = 20;
/** So small that segments are begun and indexed all the time. */
const SEGMENT_SIZE = 100_000;

type Numbered = JSONEventType<'Numbered', { number: number; place: number; of: number }>;

/** Who appends to a stream of its own, and repeats what was not acknowledged until it is. */
interface Writer {
  stream: string;
  /** What its appends expect of the stream, given how many events that has. */
  expects: (count: number) => AppendExpectedRevision;
  /** How many events were acknowledged. */
  count: number;
  /** The append whose fate is unknown. */
  pending: JSONEventData<Numbered>[] | undefined;
}

const expectations: Writer['expects'][] = [
  () => ANY,
  (count) => (count === 0 ? NO_STREAM : BigInt(count - 1)),
  (count) => (count === 0 ? ANY : STREAM_EXISTS),
];

const writers: Writer[] = Array.from({ length: WRITERS }, (_, place) => ({
  stream: `s-${place}`,
  expects: expectations[place % expectations.length]!,
  count: 0,
  pending: undefined,
}));

/** The next one to three events, which tell where in the stream and in their append they stand. */
function nextAppend({ count }: Writer): JSONEventData<Numbered>[] {
  const of = 1 + Math.floor(Math.random() * 3);
  const events = Array.from({ length: of }, (_, place) => ({ number: count + place, place, of }));
  return events.map((data) => jsonEvent<Numbered>({ type: 'Numbered', data }));
}

/** Appends one after the other until an append fails. */
async function write(client: EventStoreDBClient, writer: Writer): Promise<void> {
  for (;;) {
    writer.pending ??= nextAppend(writer);
    const expectedRevision = writer.expects(writer.count);
    const failure = await failureOf(client.appendToStream(writer.stream, writer.pending, { expectedRevision }));
    if (failure !== undefined) return expect(failure).not.toMatchObject({ type: 'wrong-expected-version' });
    writer.count += writer.pending.length;
    writer.pending = undefined;
  }
}

const total = () => writers.reduce((sum, { count }) => sum + count, 0);

test(
  `a process killed ${ROUNDS} times under load keeps every acknowledged event once and no half-written append`,
  async () => {
    const directory = await temporaryDirectory();
    const [dir, socket] = [join(directory.path, 'log'), join(directory.path, 's')];
    const start = async () => {
      const server = launch(dir, socket, '', ['--segment-size', String(SEGMENT_SIZE)]);
      await listening(server);
      return server;
    };
    for (let round = 0; round < ROUNDS; round++) {
      const server = await start();
      const client = clientOf(`unix:${socket}`);
      await checkAll(client);
      const enough = total() + 50 + Math.floor(Math.random() * 400);
      const writing = writers.map((writer) => write(client, writer));
      await until(() => total() > enough);
      server.child.kill('SIGKILL');
      await server.gone;
      await Promise.all(writing);
      await client.dispose();
      expect((await verify(dir)).damage).toBeUndefined();
    }
    const server = await start();
    const client = clientOf(`unix:${socket}`);
    await checkAll(client);
    await client.dispose();
    server.child.kill('SIGTERM');
    expect(await server.gone).toBe(0);
    expect(await verify(dir)).toMatchObject({ damage: undefined, unfinishedBytes: 0, streams: WRITERS });
    expect(total()).toBeGreaterThan(50 * ROUNDS);
    await directory.remove();
  },
  30_000 + ROUNDS * 10_000,
);

/** Every stream holds what was acknowledged, and whole or not at all the append whose fate was unknown; nothing twice. */
async function checkAll(client: EventStoreDBClient): Promise<void> {
  for (const { stream, count, pending } of writers) {
    const events = await all(client.readStream<Numbered>(stream)).catch(() => []);
    const found = events.map(({ event }) => event!);
    expect([count, count + (pending?.length ?? 0)]).toContain(found.length);
    expect(found.map(({ revision }) => Number(revision))).toEqual([...found.keys()]);
    expect(found.map(({ data }) => data.number)).toEqual([...found.keys()]);
  }
}
