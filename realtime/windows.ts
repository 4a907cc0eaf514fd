import { concatMap, defer, EMPTY, type Observable, retry, tap } from 'rxjs';
import type { Shown } from '../projections/projection.ts';
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
  /** The documents of a store that changed and are there; read once, for whoever asks. */
  documents(store: string): Promise<readonly Shown<object>[]>;
};

type Followed = {
  model: Pick<ReadModel<object>, 'changes' | 'matching'>;
  /** What is known already; the first window begins there. */
  from: Place;
  /** How far the read model is, the latest first of all. */
  heads: Observable<Place>;
  /** Whether anybody wants to know of changes now; who begins to want it later begins from the place then. */
  isWanted(): boolean;
  /** A window that could not be taken (a rejection) is offered again. */
  take(window: Window, place: Place): Promise<void>;
  /** Nobody wanted to know what changed up to here. */
  passed(place: Place): void;
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
export const follow = ({
  model,
  from,
  heads,
  isWanted,
  take,
  passed,
  restarted,
  fault,
}: Followed): Observable<unknown> => {
  let place = from;

  const advance = async (head: Place) => {
    if (place.epoch !== head.epoch) {
      place = head;
      restarted(place);
    }
    while (place.position < head.position) {
      if (isWanted()) place = await takeNext(head);
      else {
        place = head;
        passed(place);
      }
    }
  };

  const takeNext = async ({ epoch, position }: Place): Promise<Place> => {
    const after = place.position;
    const changes = await model.changes(after, position, maxChanges);
    const upTo = changes.length < maxChanges ? position : changes.at(-1)!.at;
    const next = { epoch, position: upTo };
    await take(windowOf(model, { after, upTo, changes: perStore(changes) }), next);
    return next;
  };

  return defer(() => heads.pipe(latest(advance))).pipe(tap({ error: fault }), retry({ delay: retryMs }));
};

const windowOf = (model: Followed['model'], window: Omit<Window, 'documents'>): Window => {
  const known = new Map<string, Promise<readonly Shown<object>[]>>();
  const read = (store: string) => {
    const ids = window.changes.get(store)?.map(({ _id }) => _id) ?? [];
    return ids.length > 0 ? model.matching(store, ids, {}) : Promise.resolve([]);
  };
  return {
    ...window,
    documents: (store) => {
      const documents = known.get(store) ?? read(store);
      known.set(store, documents);
      return documents;
    },
  };
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

/** Works on the latest value, one at a time; of the values that come meanwhile only the last counts. */
export const latest =
  <T, R>(work: (value: T) => Promise<R>) =>
  (values: Observable<T>): Observable<R> => {
    let waiting: readonly T[] = [];
    return values.pipe(
      tap((value) => {
        waiting = [value];
      }),
      concatMap(() => {
        const [value] = waiting;
        const isTaken = waiting.length === 0;
        waiting = [];
        return isTaken ? EMPTY : work(value as T);
      }),
    );
  };
