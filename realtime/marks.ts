import type { Db } from 'mongodb';
import { hours, minutes } from '../domain/time.ts';
import type { Place } from './windows.ts';

/** Where a read model was at a time. */
type Mark = { _id: string; readModel: string; epoch: string; at: bigint; markedAt: Date };

/** Removed documents are remembered for a day; what may be older than that is not resumed. */
const keptFor = hours(23);
const markEvery = minutes(30);

/**
 * Remembers where the read models were in the last hours, for all processes. A place is resumable when it is not
 * before the oldest of these marks: then it was reached within that time.
 */
export const openMarks = async (db: Db) => {
  const marks = db.collection<Mark>('realtime_marks');
  await marks.createIndex({ markedAt: 1 }, { expireAfterSeconds: hours(48) / 1_000 });

  return {
    /** Marks where a read model is, unless somebody did in this half hour. */
    async mark(readModel: string, { epoch, position }: Place) {
      const now = Date.now();
      const _id = `${readModel} ${epoch} ${Math.floor(now / markEvery)}`;
      const mark = { readModel, epoch, at: position, markedAt: new Date(now) };
      await marks.updateOne({ _id }, { $setOnInsert: mark }, { upsert: true });
    },

    async isKept(readModel: string, { epoch, position }: Place) {
      const since = new Date(Date.now() - keptFor);
      const oldest = await marks.findOne({ readModel, epoch, markedAt: { $gte: since } }, { sort: { markedAt: 1 } });
      return oldest !== null && position >= oldest.at;
    },
  };
};
