import {
  isMetastream,
  METASTREAM_TRUNCATION,
  metastreamOf,
  NO_TRUNCATION,
  originalOf,
  parseTruncation,
  type Truncation,
} from './metadata.ts';
import type { EventStore } from './store.ts';
import { StoredEvent } from './stored-event.ts';

/** The revision of the last event accepted for stream `name`, or -1. */
export function lastRevision(store: EventStore, name: string): number {
  const stream = store.streams.find(name);
  return stream === undefined ? -1 : store.streams.eventsOf(stream).length - 1;
}

/** The newest event of stream `name` among the events below `horizon`. */
export function lastEvent(store: EventStore, name: string, horizon: number): number | undefined {
  const stream = store.streams.find(name);
  if (stream === undefined) return undefined;
  const count = store.streams.countBelow(stream, horizon);
  return count === 0 ? undefined : store.streams.eventsOf(stream)[count - 1];
}

/** Whether stream `name`, or the stream it is the metastream of, was ended for good below `horizon`. */
export function isBuried(store: EventStore, name: string, horizon: number): boolean {
  return [name, originalOf(name)].some((each) => {
    const stream = store.streams.find(each);
    const tombstone = stream === undefined ? undefined : store.streams.tombstoneOf(stream);
    return tombstone !== undefined && tombstone < horizon;
  });
}

/** What the metadata of stream `name` hides, judged by the events below `horizon`. */
export function truncationOf(store: EventStore, name: string, horizon: number): Truncation {
  if (isMetastream(name)) return METASTREAM_TRUNCATION;
  const seq = lastEvent(store, metastreamOf(name), horizon);
  if (seq === undefined) return NO_TRUNCATION;
  return store.truncations.get(store.index.stream[seq]!, seq, () =>
    parseTruncation(new StoredEvent(store.frame(seq)).data),
  );
}

/** What was read of the newest metadata event of each metastream. */
export class TruncationCache {
  private readonly known = new Map<number, { seq: number; truncation: Truncation }>();

  /** What event `seq` of stream `metastream` says, read by `read` unless it was the last one asked for. */
  get(metastream: number, seq: number, read: () => Truncation): Truncation {
    const known = this.known.get(metastream);
    if (known?.seq === seq) return known.truncation;
    const truncation = read();
    this.known.set(metastream, { seq, truncation });
    return truncation;
  }
}
