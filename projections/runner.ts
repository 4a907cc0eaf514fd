import { hostname } from 'node:os';
import type { Db } from 'mongodb';
import { consume } from '../store/consume.ts';
import type { Batch, EventLog, Recorded } from '../store/event-log.ts';
import { keepLeading } from '../store/lease.ts';
import { apply } from './apply.ts';
import { moveCheckpoints, openCheckpoint } from './checkpoints.ts';
import { createIndexes } from './indexes.ts';
import type { Projection } from './projection.ts';

export type ProjectionsOptions = {
  readonly log: Pick<EventLog, 'batches'>;
  readonly db: Db;
  readonly readModels: readonly Projection[];
  readonly signal: AbortSignal;
  /** Told of every fault; the work goes on by itself. */
  readonly onFault: (fault: unknown) => void;
  readonly maxBatch?: number;
  /** How long a process that died is waited for before another takes over, in ms. */
  readonly leaseMs?: number;
  readonly now?: () => number;
};

/** A read model and how far it is. */
type Member = { readonly projection: Projection; readonly at: bigint; readonly ready: boolean };

/**
 * Keeps the read models up with the log until the signal aborts: one subscription for all, one process at a time, any
 * number standing by. Resolves once everything has stopped.
 */
export const startProjections = async (options: ProjectionsOptions): Promise<void> => {
  const { db, signal, onFault, leaseMs = 5_000 } = options;
  const lease = { db, name: 'projections', holder: `${hostname()} ${process.pid}`, ttlMs: leaseMs, signal };
  await keepLeading(lease, (held) => lead({ ...options, signal: held }), onFault);
};

/** All together, unless some are new: those first catch up by themselves, while the others go on, and then join. */
const lead = async (options: ProjectionsOptions): Promise<void> => {
  const { db, readModels, signal } = options;
  while (!signal.aborted) {
    const members = await Promise.all(readModels.map((projection) => open(db, projection)));
    const abreast = members.filter(({ ready }) => ready);
    const behind = members.filter(({ ready }) => !ready);
    if (behind.length === 0 || abreast.length === 0) return follow(members, options);
    const joined = new AbortController();
    const until = AbortSignal.any([signal, joined.signal]);
    await Promise.all([
      follow(abreast, { ...options, signal: until }),
      catchUp(behind, options).finally(() => joined.abort()),
    ]);
  }
};

const open = async (db: Db, projection: Projection): Promise<Member> => {
  const { at, ready } = await openCheckpoint(db, projection);
  return { projection, at, ready };
};

const catchUp = async (members: readonly Member[], options: ProjectionsOptions) => {
  const caughtUp = new AbortController();
  const signal = AbortSignal.any([options.signal, caughtUp.signal]);
  await follow(members, { ...options, signal }, ({ live }) => live && caughtUp.abort());
};

/** Follows the log with these read models, from the one that is furthest behind. */
const follow = (
  members: readonly Member[],
  { log, db, signal, onFault, maxBatch = 500, now = Date.now }: ProjectionsOptions,
  handled: (batch: Batch) => void = () => {},
): Promise<void> => {
  const projections = members.map(({ projection }) => projection);
  const from = members.toSorted((a, b) => Number(a.at - b.at))[0]?.at ?? 0n;
  let indexed = false;

  return consume({
    log,
    from: from === 0n ? null : from,
    types: [...new Set(projections.flatMap(({ listensTo }) => [...listensTo]))],
    maxBatch,
    signal,
    report: onFault,
    async handle(batch) {
      if (batch.live && !indexed) await eachOf(members, ({ projection }) => createIndexes(db, projection));
      indexed ||= batch.live;
      const date = new Date(now());
      await eachOf(members, ({ projection, at }) => apply(db, projection, after(at, batch.events), date));
      await moveCheckpoints(db, projections, batch);
      handled(batch);
    },
  });
};

/** A read model takes no event again that it had before it was opened, even one that another still needs. */
const after = (at: bigint, events: readonly Recorded[]) =>
  (events[0]?.position ?? at) > at ? events : events.filter(({ position }) => position > at);

/** All at once; fails with the first fault, but not before every one has ended, so that a repeat never overlaps. */
const eachOf = async (members: readonly Member[], work: (member: Member) => Promise<void>) => {
  const results = await Promise.allSettled(members.map(work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
};
