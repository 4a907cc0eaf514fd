import type { Db } from 'mongodb';
import type { DomainEvent } from '../domain/index.ts';
import { foldBatch } from '../projections/fold-batch.ts';
import { readModels } from '../projections/index.ts';
import { collectionOf, type Projection, type Stored } from '../projections/projection.ts';
import { readModel } from '../projections/reader.ts';
import { startProjections } from '../projections/runner.ts';
import { pause } from '../store/back-off.ts';
import type { EventLog, Recorded } from '../store/event-log.ts';
import { callStory } from './call-story.ts';
import { context, printWhenRun, type Row, withStores } from './rig.ts';

const calls = 400;
const maxBatch = 500;
const liveEvents = 60;

const recordStories = async (log: EventLog) => {
  for (let n = 0; n < calls; n++) {
    const { callId, ticketId, onCall, onTicket } = callStory(n);
    await Promise.all([
      log.append(`call-${callId}`, onCall, 'none', context(callId)),
      log.append(`ticket-${ticketId}`, onTicket, 'none', context(ticketId)),
    ]);
  }
  return log.head();
};

const types = [...new Set(readModels.flatMap(({ listensTo }) => [...listensTo]))];

const everything = async (log: EventLog): Promise<readonly Recorded[]> => {
  const events: Recorded[] = [];
  const reading = new AbortController();
  for await (const batch of log.batches({ from: null, types, maxBatch, signal: reading.signal })) {
    events.push(...batch.events);
    if (batch.live) reading.abort();
  }
  return events;
};

type Plan = readonly { readonly name: string; readonly writes: readonly (readonly Stored<unknown>[])[] }[];

/** What each read model writes for each batch, worked out beforehand. */
const planned = (events: readonly Recorded[]): Plan => {
  const batches = Array.from({ length: Math.ceil(events.length / maxBatch) }, (_, i) =>
    events.slice(i * maxBatch, (i + 1) * maxBatch),
  );
  return readModels.map((p) => {
    const known = new Map<string, Stored<unknown>>();
    const writes = batches.map((batch) => {
      const changed = foldBatch(p, known, batch, new Date());
      for (const stored of changed) known.set(stored._id, stored);
      return changed;
    });
    return { name: collectionOf(p), writes };
  });
};

const replace = ({ _id, ...replacement }: Stored<unknown>) => ({
  replaceOne: { filter: { _id: _id as never }, replacement, upsert: true },
});

/** Reads the same events and writes the same documents, known beforehand: no reads of documents, no folds, no checkpoints. */
const bare = async (log: EventLog, db: Db, round: number, plan: Plan) => {
  await everything(log);
  for (const i of plan[0]!.writes.keys()) {
    const works = plan.map(async ({ name, writes }) => {
      const operations = writes[i]!.map(replace);
      if (operations.length > 0) await db.collection(`bare${round}.${name}`).bulkWrite(operations, { ordered: false });
    });
    await Promise.all(works);
  }
};

const onFault = (fault: unknown) => process.stderr.write(`${fault}\n`);

/** Runs the projections until they have reached a position, and goes on with something else before it stops them. */
const projected = async (log: EventLog, db: Db, version: number, upTo: bigint, then = async () => {}) => {
  const stopping = new AbortController();
  const models = readModels.map((p) => ({ ...p, version }));
  const stopped = startProjections({ log, db, readModels: models, signal: stopping.signal, onFault });
  await Promise.all(models.map((p) => reached(db, p, upTo)));
  await then();
  stopping.abort();
  await stopped;
};

const reached = async (db: Db, p: Projection, position: bigint) => {
  const { checkpoint } = readModel(db, p);
  while (((await checkpoint())?.at ?? 0n) < position) await pause(2);
};

const timed = async (work: () => Promise<unknown>) => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

/** The median of what `liveEvents` works took, in ms. */
const median = async (work: (n: number) => Promise<unknown>) => {
  const times: number[] = [];
  for (let n = 0; n < liveEvents; n++) times.push(await timed(() => work(n)));
  return times.sort((a, b) => a - b)[liveEvents >> 1]!;
};

const noted = (n: number): DomainEvent => ({
  ...{ type: 'NoteAdded', at: 1, ticketId: `ticket_${n}`, channelId: '106540352242922' },
  ...{ customerId: 'cus_bench1', agentId: 'agent_1', text: 'calls back on Monday' },
});

const round = (n: number) => Math.round(n * 100) / 100;
const row = (name: string, unit: string, value: number, baseline: number): Row => ({
  ...{ name, unit, value: round(value), baseline: round(baseline) },
  ratio: round(value / baseline),
});

const measure = async (log: EventLog, db: Db): Promise<Row[]> => {
  const head = await recordStories(log);
  const events = await everything(log);
  const plan = planned(events);
  const rates = { ours: 0, bare: 0 };
  const live = { ours: 0, bare: 0 };
  for (const warm of [0, 1]) {
    rates.bare = (events.length * 1_000) / (await timed(() => bare(log, db, warm, plan)));
    rates.ours = (events.length * 1_000) / (await timed(() => projected(log, db, 900 + warm, head)));
  }

  const note = (n: number, kind: string) => log.append(`ticket-ticket_${n}`, [noted(n)], 'any', context(`${kind}${n}`));
  live.bare = await median(async (n) => {
    await note(n, 'bare');
    await db.collection<{ _id: string }>('bare').replaceOne({ _id: `n${n}` }, { n }, { upsert: true });
  });
  const [tickets] = readModels.filter(({ name }) => name === 'tickets').map((p) => ({ ...p, version: 901 }));
  await projected(log, db, 901, head, async () => {
    live.ours = await median(async (n) => reached(db, tickets!, (await note(n, 'live')).position));
  });
  return [
    row(
      `catch up, ${readModels.length} read models, beside a bare read and bare bulk writes`,
      'events/s',
      rates.ours,
      rates.bare,
    ),
    row('from command to read model, median, beside a bare append and a bare write', 'ms', live.ours, live.bare),
  ];
};

/** What folding, idempotence and checkpoints cost beside merely reading the events and writing the documents. */
export const benchProjections = (): Promise<Row[]> => withStores(({ log, db }) => measure(log, db));

await printWhenRun(import.meta.url, benchProjections);
