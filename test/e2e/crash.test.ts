import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { embeddedUrl } from '../../store/embedded.ts';
import { deliver, incomingConnect, incomingTerminate } from '../support/meta.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, openStore, owner } from '../support/store.ts';

const calls = 24;
/** Calls of all rounds so far. */
let placed = 0;

let ringbook: Ringbook;

beforeAll(async () => {
  ringbook = await startRingbook();
  await openStore(ringbook, { mode: 'unassigned' });
}, 60_000);

afterAll(() => ringbook?.stop());

const callOf = (round: number, i: number) => ({
  channelId,
  metaCallId: `wacid.CRASH-${round}-${i}`,
  waId: `9100001${round}${String(i).padStart(2, '0')}`,
  at: Date.now(),
});

/** As Meta does: delivers until it is acknowledged. */
const deliverUntilTaken = (body: object) =>
  eventually(
    () => deliver(ringbook.http, body),
    (status) => status === 200,
    60_000,
  );

const eventsInStore = async () => {
  const client = new EventStoreDBClient({ endpoint: embeddedUrl(ringbook.dir, 'eventstore') }, { insecure: true });
  const counts = new Map<string, number>();
  for await (const { event } of client.readAll()) {
    if (!event || event.type.startsWith('$')) continue;
    const key = `${event.type} ${event.streamId}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  await client.dispose();
  return counts;
};

const killers: Record<string, () => Promise<void>> = {
  'the server': async () => {
    await ringbook.kill('SIGKILL');
    await ringbook.start();
  },
  'the event store': async () => void process.kill(ringbook.engine('eventstore'), 'SIGKILL'),
  'the document store': async () => void process.kill(ringbook.engine('documents'), 'SIGKILL'),
};

describe.each(Object.keys(killers).map((victim, round) => ({ victim, round })))(
  'kill -9 of $victim',
  ({ victim, round }) => {
    test('loses nothing acknowledged, doubles nothing, and everything catches up by itself', {
      timeout: 120_000,
    }, async () => {
      placed += calls;
      const all = Array.from({ length: calls }, (_, i) => callOf(round, i));
      const traffic = all.map(async (call, i) => {
        await deliverUntilTaken(incomingConnect(call));
        if (i === Math.floor(calls / 3)) await killers[victim]!();
        await deliverUntilTaken(incomingTerminate(call));
      });
      await Promise.all(traffic);

      const rows = await eventually(
        async () => (await ringbook.ask(owner, '/v1/call-logs?limit=200&status=incoming.missed')).body.items,
        (items) => items.length === placed,
        60_000,
      );
      const mine = rows.filter((row: { metaCallId: string }) => row.metaCallId.startsWith(`wacid.CRASH-${round}-`));
      expect(mine).toHaveLength(calls);
      expect(new Set(mine.map((row: { missReason: string }) => row.missReason))).toEqual(new Set(['unassigned_mode']));
      await eventually(
        async () => (await ringbook.ask(owner, '/v1/missed-calls')).body.badge,
        (badge) => badge === placed,
        30_000,
      );

      const counts = await eventsInStore();
      for (const once of ['CallReceived', 'CallRouted', 'CallMissed', 'TicketOpened', 'CallLinked'])
        expect(
          [...counts].filter(([key]) => key.startsWith(`${once} `)).map(([, n]) => n),
          once,
        ).toEqual(Array(placed).fill(1));
    });
  },
);
