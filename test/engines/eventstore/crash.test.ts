import { join } from 'node:path';
import { type EventData, type EventStoreDBClient, type JSONEventType, jsonEvent } from '@eventstore/db-client';
import { expect, test } from 'vitest';
import { verify } from '../../../engines/eventstore/verify.ts';
import { launch, listening } from './process.ts';
import { all, clientOf, failureOf, temporaryDirectory, until } from './running.ts';

/** How often the process is killed; 200 is worth a long run. */
const ROUNDS = Number(process.env.EVENTSTORE_CRASH_ROUNDS ?? 10);
const WRITERS = 20;

type Grouped = JSONEventType<'Grouped', { place: number; of: number }>;

/** The events of one append, which tell where in it they stand. */
function group(of: number): EventData[] {
  return Array.from({ length: of }, (_, place) => jsonEvent<Grouped>({ type: 'Grouped', data: { place, of } }));
}

/** Appends to one stream, one event after the other, until an append fails; notes what was acknowledged. */
async function write(client: EventStoreDBClient, stream: string, acknowledged: Map<string, bigint>): Promise<void> {
  for (;;) {
    const appended = client.appendToStream(stream, group(1 + Math.floor(Math.random() * 3)));
    const failure = await failureOf(appended);
    if (failure !== undefined) return;
    acknowledged.set(stream, (await appended).nextExpectedRevision);
  }
}

test(
  `a process killed ${ROUNDS} times under load keeps every acknowledged event and no half-written one`,
  async () => {
    const directory = await temporaryDirectory();
    const [dir, socket] = [join(directory.path, 'log'), join(directory.path, 's')];
    const acknowledged = new Map<string, bigint>();
    for (let round = 0; round < ROUNDS; round++) {
      const server = launch(dir, socket);
      await listening(server);
      const client = clientOf(`unix:${socket}`);
      await checkAll(client, acknowledged);
      const before = total(acknowledged);
      const writers = Array.from({ length: WRITERS }, (_, writer) => write(client, `s-${writer}`, acknowledged));
      await until(() => total(acknowledged) > before + 50n + BigInt(Math.floor(Math.random() * 400)));
      server.child.kill('SIGKILL');
      await server.gone;
      await Promise.all(writers);
      await client.dispose();
      expect((await verify(dir)).damage).toBeUndefined();
    }
    const server = launch(dir, socket);
    await listening(server);
    const client = clientOf(`unix:${socket}`);
    await checkAll(client, acknowledged);
    await client.dispose();
    server.child.kill('SIGTERM');
    expect(await server.gone).toBe(0);
    expect(total(acknowledged)).toBeGreaterThan(BigInt(50 * ROUNDS));
    await directory.remove();
  },
  30_000 + ROUNDS * 10_000,
);

function total(acknowledged: Map<string, bigint>): bigint {
  return [...acknowledged.values()].reduce((sum, revision) => sum + revision + 1n, 0n);
}

/** Every stream holds revisions without a gap, at least up to what was acknowledged, and every append as a whole. */
async function checkAll(client: EventStoreDBClient, acknowledged: Map<string, bigint>): Promise<void> {
  for (const [stream, last] of acknowledged) {
    const events = (await all(client.readStream<Grouped>(stream))).map(({ event }) => event!);
    const revisions = events.map(({ revision }) => Number(revision));
    expect(revisions).toEqual([...revisions.keys()]);
    expect(revisions.length).toBeGreaterThan(Number(last));
    let next = 0;
    for (const { data } of events) {
      expect(data.place).toBe(next);
      next = data.place + 1 === data.of ? 0 : next + 1;
    }
    expect(next).toBe(0);
  }
}
