import type { Db } from 'mongodb';

/** The time of this process. Only the simulator moves it on; with real WhatsApp it is the machine's own. */
export type Clock = { now(): number; advance(ms: number): Promise<void> };

export const realClock: Clock = {
  now: Date.now,
  advance: async () => {
    throw new Error('the clock can only be moved when the simulator stands for WhatsApp');
  },
};

type Offset = { _id: 'clock'; ms: number };

/** A clock that can be moved on, and that stays moved over a restart: events must not come from the future. */
export const movableClock = async (db: Db, moved: () => void): Promise<Clock> => {
  const offsets = db.collection<Offset>('simulated_clock');
  let ms = (await offsets.findOne({ _id: 'clock' }))?.ms ?? 0;
  return {
    now: () => Date.now() + ms,
    async advance(by) {
      ms += by;
      await offsets.updateOne({ _id: 'clock' }, { $set: { ms } }, { upsert: true });
      moved();
    },
  };
};
