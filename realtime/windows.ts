import { concatMap, defer, type Observable, retry, startWith, tap } from 'rxjs';
import type { Change, ReadModel } from '../projections/reader.ts';

/** A place in a read model's history. */
export type Place = { readonly epoch: string; readonly position: bigint };

/** Of a read model that was not begun. */
export const nowhere: Place = { epoch: 'none', position: 0n };

/** The smaller position; `Math.min` takes no bigints. */
export const earlier = (a: bigint, b: bigint) => {
  if (a < b) return a;
  return b;
};

/** The greater position. */
export const later = (a: bigint, b: bigint) => {
  if (a > b) return a;
  return b;
};

/** What changed in a read model in (after, upTo], in the order of the log, per store. */
export type Window = {
  readonly after: bigint;
  readonly upTo: bigint;
  readonly changes: ReadonlyMap<string, readonly Change[]>;
};

type Followed = {
  model: Pick<ReadModel<object>, 'checkpoint' | 'changes'>;
  /** What is known already; the first window begins there. */
  from: Place;
  /** Fires when a checkpoint may have moved. */
  signal: Observable<unknown>;
  /** A window that could not be taken (a rejection) is offered again. */
  take(window: Window, place: Place): Promise<void>;
  /** The read model was begun or built anew: what was said of it no longer holds. */
  restarted(place: Place): void;
  fault(error: unknown): void;
};

const maxChanges = 5_000;
const retryMs = 250;

/**
 * Follows a read model for as long as it is subscribed to: every change is in exactly one window that is taken, and
 * windows are taken one at a time. Windows grow when they come faster than they are taken.
 */
export const follow = ({ model, from, signal, take, restarted, fault }: Followed): Observable<unknown> => {
  let place = from;

  const advance = async () => {
    for (;;) {
      const checkpoint = await model.checkpoint();
      if (!checkpoint) return;
      if (place.epoch !== checkpoint.epoch) {
        place = { epoch: checkpoint.epoch, position: checkpoint.at };
        restarted(place);
      }
      if (checkpoint.at <= place.position) return;
      const after = place.position;
      const changes = await model.changes(after, checkpoint.at, maxChanges);
      const upTo = changes.length < maxChanges ? checkpoint.at : changes.at(-1)!.at;
      const next = { epoch: place.epoch, position: upTo };
      await take({ after, upTo, changes: perStore(changes) }, next);
      place = next;
    }
  };

  return defer(() => signal.pipe(startWith(null), oneAtATime(advance))).pipe(
    tap({ error: fault }),
    retry({ delay: retryMs }),
  );
};

const perStore = (changes: readonly Change[]) => {
  const stores = new Map<string, Change[]>();
  for (const change of changes) {
    const known = stores.get(change.store);
    if (known) known.push(change);
    else stores.set(change.store, [change]);
  }
  return stores;
};

/** Runs the work for every signal, one run at a time; signals during a run together cause one more. */
const oneAtATime = (work: () => Promise<void>) => (signals: Observable<unknown>) => {
  let isAsked = false;
  return signals.pipe(
    tap(() => {
      isAsked = true;
    }),
    concatMap(async () => {
      if (!isAsked) return;
      isAsked = false;
      await work();
    }),
  );
};
