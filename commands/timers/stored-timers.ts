import type { Db } from 'mongodb';
import type { Instant } from '../../domain/time.ts';
import type { Batch, Recorded } from '../../store/event-log.ts';
import { type Lane, laneOf, lanes } from './lanes.ts';
import { type Timer, timersOf } from './timers-of.ts';

/** A timer at rest: whose it is, and the event that started it. */
export type StoredTimer = Timer & {
  readonly _id: string;
  readonly lane: Lane;
  readonly store: string;
  readonly correlationId: string;
  readonly causationId: string;
};

type Checkpoint = { _id: string; at: bigint };

/** How many timers of a lane are due and have not fired, and for how long the first of them has been. */
type Backlog = { readonly lane: Lane; readonly waiting: number; readonly secondsBehind: number };

const _id = 'timers';
const inOrder = { dueAt: 1, _id: 1 } as const;

/** The timers as documents, so that they survive a restart. Each is of one event, and so there once. */
export const storedTimers = (db: Db) => {
  const timers = db.collection<StoredTimer>('timers');
  const checkpoints = db.collection<Checkpoint>('checkpoints');
  const dueIn = (lane: Lane, now: Instant) => ({ lane, dueAt: { $lte: now } });

  const nextDueAt = async (lane: Lane): Promise<Instant | null> =>
    (await timers.findOne({ lane }, { sort: inOrder }))?.dueAt ?? null;

  const backlog = async (lane: Lane, now: Instant): Promise<Backlog> => {
    const [waiting, next] = await Promise.all([timers.countDocuments(dueIn(lane, now)), nextDueAt(lane)]);
    return { lane, waiting, secondsBehind: Math.max(0, Math.floor((now - (next ?? now)) / 1_000)) };
  };

  return {
    /** Up to where in the log they are set; `null` before the first. */
    async open(): Promise<bigint | null> {
      await timers.createIndex({ lane: 1, ...inOrder });
      return (await checkpoints.findOne({ _id }))?.at ?? null;
    },

    /** Sets the timers that these events start, the earlier ones first, then says so: done again it changes nothing. */
    async set({ events, upTo }: Batch) {
      const writes = events
        .flatMap(startedBy)
        .toSorted((a, b) => a.dueAt - b.dueAt)
        .map((timer) => ({ replaceOne: { filter: { _id: timer._id }, replacement: timer, upsert: true } }));
      if (writes.length > 0) await timers.bulkWrite(writes, { ordered: true });
      await checkpoints.updateOne({ _id }, { $max: { at: upTo } }, { upsert: true });
    },

    /** The first of those that are due. */
    due: (lane: Lane, now: Instant, atMost: number): Promise<StoredTimer[]> =>
      timers.find(dueIn(lane, now)).sort(inOrder).limit(atMost).toArray(),

    /** When the next one of a lane is due, if there is any. */
    nextDueAt,

    /** These have fired. */
    remove: (fired: readonly string[]) => timers.deleteMany({ _id: { $in: [...fired] } }),

    backlog,

    backlogs: (now: Instant): Promise<Backlog[]> => Promise.all(lanes.map((lane) => backlog(lane, now))),

    /** Whether any is due, in whichever lane. */
    isAnyDue: async (now: Instant): Promise<boolean> =>
      (await timers.findOne({ lane: { $in: [...lanes] }, dueAt: { $lte: now } })) !== null,
  };
};

export type StoredTimers = ReturnType<typeof storedTimers>;

/** The timers that an event starts. */
export const startedBy = (recorded: Recorded): readonly StoredTimer[] => {
  const timersFor: ((event: never) => readonly Timer[]) | undefined = timersOf[recorded.event.type];
  return timersFor?.(recorded.event as never).map((timer) => atRest(timer, recorded)) ?? [];
};

const atRest = (timer: Timer, { id, metadata }: Recorded): StoredTimer => ({
  _id: `${timer.kind}:${timer.dueAt}:${id}`,
  lane: laneOf[timer.kind],
  ...timer,
  store: metadata.store,
  correlationId: metadata.$correlationId,
  causationId: id,
});
