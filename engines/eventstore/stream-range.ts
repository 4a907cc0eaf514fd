import { isSoftDeleted } from './metadata.ts';
import type { EventStore } from './store.ts';
import { isBuried, truncationOf } from './stream-facts.ts';

/** The stream was ended for good. */
export class StreamDeleted extends Error {
  readonly stream: string;

  constructor(stream: string) {
    super(`Event stream '${stream}' is deleted.`);
    this.stream = stream;
  }
}

/** The revisions of a stream that a reader may see, from `first` to below `end`; `events` maps them to events. */
export interface StreamRange {
  events: readonly number[];
  first: number;
  end: number;
}

/** What is to be seen of stream `name` among the events below `horizon`: nothing of it if it does not exist. */
export function visibleRange(store: EventStore, name: string, horizon: number): StreamRange | undefined {
  if (isBuried(store, name, horizon)) throw new StreamDeleted(name);
  const stream = store.streams.find(name);
  if (stream === undefined) return undefined;
  const end = store.streams.countBelow(stream, horizon);
  const truncation = truncationOf(store, name, horizon);
  if (end === 0 || isSoftDeleted(truncation)) return undefined;
  const events = store.streams.eventsOf(stream);
  const first = Math.max(
    truncation.before,
    end - truncation.maxCount,
    firstSince(store, events, end, truncation.maxAge),
  );
  return { events, first: Math.min(first, end), end };
}

/** The first revision that is not older than `maxAge` milliseconds. */
function firstSince(store: EventStore, events: readonly number[], end: number, maxAge: number): number {
  if (maxAge === Number.POSITIVE_INFINITY) return 0;
  const oldest = Date.now() - maxAge;
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (store.index.createdAt[events[middle]!]! < oldest) low = middle + 1;
    else high = middle;
  }
  return low;
}
