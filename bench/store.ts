import { EventStoreDBClient, eventTypeFilter, jsonEvent } from '@eventstore/db-client';
import type { DomainEvent } from '../domain/index.ts';
import { codec } from '../store/codec.ts';
import type { EventLog } from '../store/event-log.ts';
import type { Keys } from '../store/keys.ts';
import { context, printWhenRun, type Row, withStores } from './rig.ts';

const customers = 100;
const batchLength = 100;
const batchCount = 20;
const singles = 1_000;
const inFlight = 50;

/** A call as Meta reports it, with the session description left out: two personal fields of three. */
const received = (n: number): DomainEvent => ({
  type: 'CallReceived',
  at: 1_700_000_000_000 + n,
  receivedAt: 1_700_000_000_000 + n,
  callId: `call_${n}`,
  channelId: '106540352242922',
  channelName: 'Support',
  customerId: `cus_bench${n % customers}`,
  waId: `9198${n}`,
  customerName: 'Asha Rao',
  metaCallId: `wacid.HBgLMTIxODU1NTI4MjgVAgARGCAyODRQIAFRoA${n}`,
  seenBy: 'connect',
  sdpOffer: null,
  ctaPayload: null,
  deeplinkPayload: null,
});

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** CPU time of this process per item, in microseconds, and items per second of the wall clock. */
const measured = async (items: number, work: () => Promise<unknown>) => {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { microseconds: (user + system) / items, perSecond: (items * 1_000) / (performance.now() - startedAt) };
};

/** Does `count` works, `inFlight` of them at a time. */
const several = async (count: number, work: (n: number) => Promise<unknown>) => {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(range(inFlight).map(worker));
};

const costRow = (name: string, value: number, baseline: number): Row => ({
  ...{ name, unit: 'us CPU/event', value: round(value), baseline: round(baseline) },
  ratio: round(value / baseline),
});
const rateRow = (name: string, { ours, baseline }: Awaited<ReturnType<typeof compared>>): Row => ({
  ...{ name, unit: 'events/s', value: Math.round(ours.perSecond), baseline: Math.round(baseline.perSecond) },
  ratio: round(ours.perSecond / baseline.perSecond),
});
const round = (n: number) => Math.round(n * 100) / 100;

type Bench = { client: EventStoreDBClient; log: EventLog; keys: Keys };
type Side = (round: number) => Promise<{ microseconds: number; perSecond: number }>;

/** The second of two rounds on each side: the first one warms up. */
const compared = async (ours: Side, baseline: Side) => {
  await baseline(0);
  await ours(0);
  return { ours: await ours(1), baseline: await baseline(1) };
};

const events = range(batchLength).map(received);
const clear = events.map(({ type, ...data }) => ({
  type: `Raw${type}`,
  data,
  metadata: { ...context('clear'), schemaVersion: 1 },
}));

const codecCosts = async (keys: Keys) => {
  const { encode, decode } = codec(keys);
  const stored = await encode(events, context('warm'));
  const placed = stored.map((one, i) => ({ ...one, stream: 's', revision: BigInt(i), position: 1n, id: '' }));
  const cost = async (work: () => Promise<unknown>) => {
    const round = () =>
      measured(batchLength * 100, async () => {
        for (const _ of range(100)) await work();
      });
    await round();
    return (await round()).microseconds;
  };
  return { encode: await cost(() => encode(events, context('again'))), decode: await cost(() => decode(placed)) };
};

const inBatches = ({ client, log }: Bench) => {
  const side = (append: (stream: string, n: number) => Promise<unknown>) => (round: number) =>
    measured(batchLength * batchCount, () => several(batchCount, (n) => append(`${round}.${n % 7}`, n)));
  return compared(
    side((stream, n) => log.append(`call-batch${stream}`, events, 'any', context(`${stream}.${n}`))),
    side((stream) =>
      client.appendToStream(
        `raw-batch${stream}`,
        clear.map((one) => jsonEvent(one)),
      ),
    ),
  );
};

const oneByOne = ({ client, log }: Bench) => {
  const side = (append: (stream: string, n: number) => Promise<unknown>) => (round: number) =>
    measured(singles, () => several(singles, (n) => append(`${round}.${n % 200}`, n)));
  return compared(
    side((stream, n) => log.append(`call-one${stream}`, [received(n)], 'any', context(`${stream}.${n}`))),
    side((stream, n) => client.appendToStream(`raw-one${stream}`, jsonEvent(clear[n % batchLength]!))),
  );
};

const ours = async (log: EventLog) => {
  const signal = new AbortController().signal;
  for await (const { live } of log.batches({ from: null, types: ['CallReceived'], maxBatch: 500, signal }))
    if (live) return;
};

const raw = async (client: EventStoreDBClient) => {
  const subscription = client.subscribeToAll({ filter: eventTypeFilter({ regex: '^CallReceived$' }) });
  subscription.on('data', () => {});
  await new Promise<void>((resolve) => subscription.on('caughtUp', resolve));
  await subscription.unsubscribe();
};

const catchingUp = ({ client, log }: Bench) => {
  const stored = 2 * (batchLength * batchCount + singles); // two rounds of each
  return compared(
    () => measured(stored, () => ours(log)),
    () => measured(stored, () => raw(client)),
  );
};

/**
 * What the store's own work (sealing personal fields, checking shapes, going on after faults) costs beside the official
 * client doing the same without it: the baseline.
 */
export const benchStore = (): Promise<Row[]> =>
  withStores(async ({ url, log, keys }) => {
    const bench = { keys, log, client: new EventStoreDBClient({ endpoint: url }, { insecure: true }) };
    const cost = await codecCosts(keys);
    const batches = await inBatches(bench);
    const single = await oneByOne(bench);
    const reading = await catchingUp(bench);
    await bench.client.dispose();
    return [
      costRow('sealing and encoding, beside an append by the client', cost.encode, batches.baseline.microseconds),
      costRow('opening and decoding, beside a read by the client', cost.decode, reading.baseline.microseconds),
      rateRow(`append, ${batchLength} at a time, beside the client`, batches),
      rateRow(`append, one at a time, ${inFlight} in flight, beside the client`, single),
      rateRow('catch up, beside the client', reading),
    ];
  });

await printWhenRun(import.meta.url, benchStore);
