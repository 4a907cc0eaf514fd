import type { Db } from 'mongodb';
import { auditTime, interval, map, merge, Observable, retry } from 'rxjs';
import { checkpointsOf } from './checkpoints.ts';

/** Fires when a checkpoint is written, as MongoDB's change stream tells it; fails when that breaks. */
const checkpointWrites = (db: Db) =>
  new Observable<void>((told) => {
    const stream = checkpointsOf(db).watch([{ $project: { _id: 1 } }]);
    stream.on('change', () => told.next());
    stream.on('error', (fault) => told.error(fault));
    stream.on('close', () => told.error(new Error('the change stream was closed')));
    return () => void stream.close().catch(() => {});
  });

/**
 * Fires whenever read models may have moved: at once where MongoDB offers change streams, and every `pollMs` in any
 * case, so that nothing is missed while they are not there. Never fails.
 */
export const headSignal = (db: Db, pollMs = 1_000): Observable<void> =>
  merge(
    checkpointWrites(db).pipe(retry({ delay: Math.min(pollMs, 1_000) }), auditTime(1)),
    interval(pollMs).pipe(map(() => {})),
  );
