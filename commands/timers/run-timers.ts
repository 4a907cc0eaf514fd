import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import { pause } from '../../store/back-off.ts';
import { consume } from '../../store/consume.ts';
import type { Batch, Recorded } from '../../store/event-log.ts';
import { keepLeading } from '../../store/lease.ts';
import { groupBy, inParallel, insist, type Progress } from '../reactions/reaction.ts';
import type { WriteSide } from '../write-side.ts';
import { fire, type StoredTimer } from './fire.ts';
import { type Timer, timersOf } from './timers-of.ts';

type Checkpoint = { _id: string; at: bigint };
type Row = StoredTimer | Checkpoint;

const checkpointId = '$checkpoint';
const perRound = 200;
/** How long to sleep at most, so that a moved clock is noticed. */
const longestSleep = 500;

/** Wakes the sleeper of the loop when an earlier timer may have been set, or the clock was moved. */
export type Alarm = { ring(): void; silence(ms: number, signal: AbortSignal): Promise<void> };

export const alarm = (): Alarm => {
  let ring = () => {};
  return {
    ring: () => ring(),
    silence: (ms, signal) =>
      new Promise((resolve) => {
        ring = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', ring);
          resolve();
        };
        const timer = setTimeout(ring, signal.aborted ? 0 : ms);
        signal.addEventListener('abort', ring);
      }),
  };
};

/**
 * Sets the timers that events start and fires those that are due, in order, until the signal aborts; the only one of
 * all processes. Timers are documents, so they survive a restart; firing is idempotent, so each acts once.
 */
export const runTimers = (w: WriteSide, progress: Progress, bell: Alarm, signal: AbortSignal) => {
  const rows = w.db.collection<Row>('timers');
  const report = (err: unknown) => w.logger.warn({ err }, 'timers wait for the stores');
  const handle = async (batch: Batch) => {
    if (batch.events.length > 0) await set(rows, batch);
    progress.position = batch.upTo;
    bell.ring();
  };
  const lead = async (leading: AbortSignal) => {
    await rows.createIndex({ dueAt: 1 });
    const checkpoint = (await rows.findOne({ _id: checkpointId })) as Checkpoint | null;
    const from = checkpoint?.at ?? null;
    progress.position = from ?? 0n;
    await Promise.all([
      consume({ log: w.log, from, types: Object.keys(timersOf), maxBatch: 500, signal: leading, handle, report }),
      fireWhenDue(w, rows as unknown as Collection<StoredTimer>, bell, leading),
    ]);
  };
  return keepLeading({ db: w.db, name: 'timers', holder: String(process.pid), ttlMs: 5_000, signal }, lead, report);
};

/** One write per batch: the timers it starts, and how far we are. */
const set = async (rows: Collection<Row>, { events, upTo }: Batch) => {
  const timers = events.flatMap((recorded) => startedBy(recorded).map((timer) => atRest(timer, recorded)));
  const writes: AnyBulkWriteOperation<Row>[] = [...timers, { _id: checkpointId, at: upTo }].map(({ _id, ...rest }) => ({
    replaceOne: { filter: { _id }, replacement: rest as Row, upsert: true },
  }));
  await rows.bulkWrite(writes, { ordered: true });
};

const startedBy = ({ event }: Recorded): readonly Timer[] =>
  (timersOf[event.type] as ((event: unknown) => readonly Timer[]) | undefined)?.(event) ?? [];

const atRest = ({ key, ...timer }: Timer, { id, metadata }: Recorded): StoredTimer => ({
  _id: key,
  ...timer,
  store: metadata.store,
  correlationId: metadata.$correlationId,
  causationId: id,
});

const fireWhenDue = async (w: WriteSide, timers: Collection<StoredTimer>, bell: Alarm, signal: AbortSignal) => {
  while (!signal.aborted) {
    try {
      const fired = await fireDue(w, timers, signal);
      if (fired < perRound) await bell.silence(await untilNext(timers, w.now()), signal);
    } catch (err) {
      if (!signal.aborted) w.logger.warn({ err }, 'timers wait for the stores');
      await pause(longestSleep, signal);
    }
  }
};

const untilNext = async (timers: Collection<StoredTimer>, now: number) => {
  const next = await timers.findOne({ dueAt: { $gt: 0 } }, { sort: { dueAt: 1 } });
  return next ? Math.min(longestSleep, Math.max(1, next.dueAt - now)) : longestSleep;
};

/** Fires what is due, the oldest first; those of one subject in order, others side by side. */
const fireDue = async (w: WriteSide, timers: Collection<StoredTimer>, signal: AbortSignal): Promise<number> => {
  const due = await timers
    .find({ dueAt: { $lte: w.now() } })
    .sort({ dueAt: 1 })
    .limit(perRound)
    .toArray();
  if (due.length === 0) return 0;
  await inParallel([...groupBy(due, subjectOf).values()], async (sameSubject) => {
    for (const timer of sameSubject) {
      const task = { worker: 'timers', id: timer._id, type: timer.kind, subject: subjectOf(timer) };
      await insist(w, task, () => fire(w, timer), signal);
    }
  });
  // a timer that was moved meanwhile stays
  await timers.bulkWrite(
    due.map(({ _id, dueAt }) => ({ deleteOne: { filter: { _id, dueAt } } })),
    { ordered: false },
  );
  return due.length;
};

const subjectOf = ({ subject }: StoredTimer) => subject.callId ?? [subject.channelId, subject.customerId].join('.');
