import type { Collection, Db } from 'mongodb';
import { pause } from './store/back-off.ts';

/** The time of this process. Only the simulator moves it on; with real WhatsApp it is the machine's own. */
export type Clock = {
  now(): number;
  advance(ms: number): Promise<void>;
  /** Keeps up with the process that moves it, until what is answered is called. */
  follow(): () => Promise<void>;
};

export const realClock: Clock = {
  now: Date.now,
  advance: async () => {
    throw new Error('the clock can only be moved when the simulator stands for WhatsApp');
  },
  follow: () => async () => {},
};

/** How often a process looks whether another has moved the clock, in ms. */
const lookEvery = 100;

type Offset = { _id: 'clock'; ms: number };

/** A clock that can be moved on, and that stays moved over a restart: events must not come from the future. */
export const movableClock = async (db: Db, moved: () => void): Promise<Clock> => {
  const offsets: Collection<Offset> = db.collection('simulated_clock');
  const kept = async () => (await offsets.findOne({ _id: 'clock' }))?.ms ?? 0;
  let ms = await kept();
  const moveTo = (to: number) => {
    if (to <= ms) return;
    ms = to;
    moved();
  };
  return {
    now: () => Date.now() + ms,
    async advance(by) {
      const to = ms + by;
      await offsets.updateOne({ _id: 'clock' }, { $max: { ms: to } }, { upsert: true });
      moveTo(to);
    },
    follow() {
      const stopping = new AbortController();
      const following = keepLooking(async () => moveTo(await kept()), stopping.signal);
      return () => {
        stopping.abort();
        return following;
      };
    },
  };
};

/** Looks again and again; while the store is away there is nothing to see. */
const keepLooking = async (look: () => Promise<void>, signal: AbortSignal) => {
  while (!signal.aborted) {
    await look().catch(() => {});
    await pause(lookEvery, signal);
  }
};
