import type { Db } from 'mongodb';
import type { Instant } from '../domain/time.ts';
import { checkpointsOf } from './checkpoints.ts';
import { collectionOf, type Projection, type Stored } from './projection.ts';

/** How a read model is doing: `building` until it has caught up with the log once; `absent` before it was begun. */
export type ProjectionState = {
  readonly name: string;
  readonly version: number;
  readonly epoch: string | null;
  readonly state: 'absent' | 'building' | 'live';
  readonly position: bigint;
  /** Distance to the end of the log, in positions (bytes in an embedded or real event store, not events). */
  readonly lagPositions: bigint;
  /** Age of the newest event in a read model that is behind. */
  readonly lagSeconds: number;
  readonly quarantined: number;
};

/** The state of every read model, given where the log ends. */
export const projectionStates = (
  db: Db,
  readModels: readonly Projection[],
  head: bigint,
  now: Instant,
): Promise<readonly ProjectionState[]> => Promise.all(readModels.map((p) => stateOf(db, p, head, now)));

/** The documents that stopped following the log, with the event they stopped at. */
export const quarantined = (db: Db, p: Projection, limit = 100): Promise<readonly Stored<unknown>[]> =>
  db
    .collection<Stored<unknown>>(collectionOf(p))
    .find({ quarantine: { $exists: true } })
    .project<Stored<unknown>>({ doc: 0, resting: 0 })
    .limit(limit)
    .toArray();

const stateOf = async (db: Db, p: Projection, head: bigint, now: Instant): Promise<ProjectionState> => {
  const { name, version } = p;
  const collection = db.collection(collectionOf(p));
  const [checkpoint, count] = await Promise.all([
    checkpointsOf(db).findOne({ _id: collectionOf(p) }),
    collection.countDocuments({ quarantine: { $exists: true } }),
  ]);
  const { epoch = null, at = 0n, ready = false, happenedAt = 0 } = checkpoint ?? {};
  const isBehind = at < head;
  return {
    name,
    version,
    epoch,
    state: checkpoint === null ? 'absent' : ready ? 'live' : 'building',
    position: at,
    lagPositions: isBehind ? head - at : 0n,
    lagSeconds: isBehind && happenedAt > 0 ? Math.max(0, Math.round((now - happenedAt) / 1_000)) : 0,
    quarantined: count,
  };
};
