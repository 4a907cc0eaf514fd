import type { Db } from 'mongodb';
import { interval, map, merge, Observable, retry } from 'rxjs';
import { checkpointId } from './projection.ts';

/** Fires when a checkpoint is written, as MongoDB's change stream tells it; fails when that breaks. */
const checkpointWrites = (db: Db) =>
  new Observable<void>((told) => {
    const stream = db.watch([{ $match: { 'documentKey._id': checkpointId } }, { $project: { _id: 1 } }]);
    stream.on('change', () => told.next());
    stream.on('error', (fault) => told.error(fault));
    stream.on('close', () => told.error(new Error('the change stream was closed')));
    return () => void stream.close().catch(() => {});
  });

/**
 * Fires whenever a read model may have moved: at once where MongoDB offers change streams, and every `pollMs` in any
 * case, so that nothing is missed while they are not there. Never fails.
 */
export const headSignal = (db: Db, pollMs = 1_000): Observable<void> =>
  merge(checkpointWrites(db).pipe(retry({ delay: pollMs })), interval(pollMs).pipe(map(() => {})));
