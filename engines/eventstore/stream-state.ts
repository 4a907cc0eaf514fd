import type { StreamState } from './expected-revision.ts';
import { isSoftDeleted, metastreamOf } from './metadata.ts';
import type { EventStore } from './store.ts';
import { StoredEvent } from './stored-event.ts';
import { isBuried, lastEvent, truncationOf } from './stream-facts.ts';

/** The stream as the next append will find it: events count that are not durable yet. */
export function stateOf(store: EventStore, name: string): StreamState {
  const horizon = store.index.count;
  const stream = store.streams.find(name);
  const events = stream === undefined ? [] : store.streams.eventsOf(stream);
  return {
    last: events.length - 1,
    isBuried: isBuried(store, name, horizon),
    isSoftDeleted: isSoftDeleted(truncationOf(store, name, horizon)),
    hasMetadata: lastEvent(store, metastreamOf(name), horizon) !== undefined,
    idAt: (revision) => new StoredEvent(store.frame(events[revision]!)).id,
    revisionOf: (id) => {
      const seq = stream === undefined ? undefined : store.findById(stream, id);
      return seq === undefined ? undefined : store.streams.countBelow(stream!, seq);
    },
  };
}
