import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callLogs, missedCalls } from '../../projections/index.ts';
import { type Client, connect } from './client.ts';
import { Replica } from './replica.ts';
import { openWorld, token } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const stores = ['acme', 'zenith'];
const subscriptions: Record<string, readonly [topic: string, params: object]> = {
  all: ['call-logs', {}],
  missed: ['call-logs', { status: 'missed' }],
  incomingOfAsha: ['call-logs', { direction: 'incoming', agent: 'asha' }],
  pending: ['missed-calls', {}],
  one: ['missed-calls', { channel: 'ch1' }],
};
const names = Object.keys(subscriptions);

/** On a busy machine there is less of it. */
const longestMs = 10_000;

const some = fc.constantFrom;
const write = fc.record({
  do: fc.constant('write' as const),
  store: some(...stores),
  calls: fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 12 }),
  direction: some('incoming', 'outgoing'),
  status: some('ongoing', 'missed', 'completed'),
  agentId: some('asha', 'ben', null),
  misses: fc.uniqueArray(fc.nat(15), { maxLength: 4 }),
  channelId: some('ch1', 'ch2'),
  isRemoval: fc.boolean(),
});
const ofClient = (action: 'disconnect' | 'stall' | 'again') =>
  fc.record({ do: fc.constant(action), client: fc.nat(7), server: fc.nat(1) });
const action = fc.oneof(
  { weight: 40, arbitrary: write },
  { weight: 5, arbitrary: ofClient('disconnect') },
  { weight: 3, arbitrary: ofClient('again') },
  { weight: 2, arbitrary: ofClient('stall') },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), server: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rebuild' as const), isCalls: fc.boolean() }) },
);
type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Write = Of<typeof write>;
type Action = Of<typeof action>;

const documentsOf = (
  { store, calls, misses, isRemoval, direction, status, agentId, channelId }: Write,
  round: number,
) => [
  ...calls.map((n) => ({
    projection: callLogs,
    store,
    key: `${store}-c${n}`,
    doc: isRemoval && n % 3 === 0 ? null : { startedAt: n, direction, status, agentId, round },
  })),
  ...misses.map((n) => ({
    projection: missedCalls,
    store,
    key: `${store}-m${n}`,
    doc: isRemoval ? null : { lastAt: n, channelId, state: 'pending', round },
  })),
];

/** A page that connects again wherever it is told to, with what it has. */
const page = async (store: string, urlOf: (server: number) => string, server: number) => {
  const replicas = new Map(names.map((name) => [name, new Replica()]));
  const jwt = await token({ store });
  let client: Client | null = null;
  let isOver = false;

  const visit = async () => {
    client = await connect(urlOf(server));
    await client.hello({ token: jwt });
    for (const name of names) void client.subscribe(name, ...subscriptions[name]!, replicas.get(name)).catch(() => {});
    await client.closed;
  };
  const stay = async () => {
    while (!isOver) await visit().catch(() => {});
  };
  const staying = stay();
  return {
    store,
    replicas,
    move: (to: number) => {
      server = to;
      client?.socket.terminate();
    },
    again: (name: string) => replicas.get(name)?.askAgain(),
    stall: () => {
      const { socket } = client ?? {};
      socket?.pause();
      setTimeout(() => socket?.resume(), 100);
    },
    end: () => {
      isOver = true;
      client?.socket.terminate();
      return staying;
    },
  };
};

const contentOf = ({ rows }: Replica) => JSON.stringify([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)));

type Page = Awaited<ReturnType<typeof page>>;

/** Two servers and some pages, and what can happen to them. */
const scene = async () => {
  const servers = [await world.serve(), await world.serve()];
  const leaving: Promise<void>[] = [];
  const urlOf = (server: number) => servers[server]!.url;
  const pages = await Promise.all(Array.from({ length: 8 }, (_, i) => page(stores[i % 2]!, urlOf, i % 2)));

  const happen = async (one: Action, round: number) => {
    if (one.do === 'write') await world.writer.write(...documentsOf(one, round));
    else if (one.do === 'disconnect') pages[one.client]!.move(one.server);
    else if (one.do === 'again') pages[one.client]!.again(names[round % names.length]!);
    else if (one.do === 'stall') pages[one.client]!.stall();
    else if (one.do === 'rebuild') await world.writer.restart(one.isCalls ? callLogs : missedCalls, `epoch ${round}`);
    else {
      leaving.push(servers[one.server]!.stop());
      servers[one.server] = await world.serve();
    }
  };
  return { pages, happen, fresh: (store: string) => page(store, urlOf, 0), left: () => Promise.all(leaving) };
};

const agrees = async (other: Page, fresh: Page) => {
  for (const name of names) {
    const expected = contentOf(fresh.replicas.get(name)!);
    await expect.poll(() => contentOf(other.replicas.get(name)!), { timeout: 5_000, message: name }).toBe(expected);
  }
};

test('whatever happens to sockets, servers and read models, every replica ends as a fresh snapshot', async () => {
  const { pages, happen, fresh, left } = await scene();
  const startedAt = performance.now();
  for (const [round, one] of fc.sample(action, { seed: 20_261_122, numRuns: 500 }).entries()) {
    if (performance.now() - startedAt > longestMs) break;
    await happen(one, round);
  }
  await left();

  for (const store of stores) {
    const last = await fresh(store);
    await expect.poll(() => [...last.replicas.values()].every(({ isCaughtUp }) => isCaughtUp)).toBe(true);
    for (const other of pages.filter((each) => each.store === store)) await agrees(other, last);
    await last.end();
  }
  const replicas = pages.flatMap((each) => [...each.replicas.values()]);
  expect(replicas.filter(({ gaps }) => gaps > 0)).toEqual([]);
  expect(replicas.filter(({ resumed }) => resumed > 0).length).toBeGreaterThan(replicas.length / 4);
  await Promise.all(pages.map((each) => each.end()));
}, 90_000);
