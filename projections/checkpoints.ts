import type { Collection, Db } from 'mongodb';
import type { Batch } from '../store/event-log.ts';
import { randomId } from '../store/ids.ts';
import { type Checkpoint, collectionOf, type Projection } from './projection.ts';

/** Where all read models say how far they are. */
export const checkpointsOf = (db: Db): Collection<Checkpoint> => db.collection<Checkpoint>('read_models');

/** The checkpoint of a read model, begun under a new epoch when there is none. */
export const openCheckpoint = async (db: Db, p: Projection): Promise<Checkpoint> => {
  const _id = collectionOf(p);
  const begun = { at: 0n, epoch: `${p.name}@${p.version}.${randomId('b').slice(2, 12)}`, ready: false, happenedAt: 0 };
  const opened = await checkpointsOf(db).findOneAndUpdate(
    { _id },
    { $setOnInsert: begun },
    { upsert: true, returnDocument: 'after' },
  );
  return opened ?? { _id, ...begun };
};

/** Says of these read models that a batch is in them; none ever goes back. */
export const moveCheckpoints = async (db: Db, ps: readonly Projection[], { events, upTo, live }: Batch) => {
  const happenedAt = events.at(-1)?.metadata.happenedAt;
  const update = {
    $max: { at: upTo, ...(happenedAt !== undefined && { happenedAt }) },
    ...(live && { $set: { ready: true } }),
  };
  const moves = ps.map((p) => ({ updateOne: { filter: { _id: collectionOf(p) }, update } }));
  await checkpointsOf(db).bulkWrite(moves, { ordered: false });
};
