import { randomUUID } from 'node:crypto';
import type { NewEvent } from './event-frame.ts';
import type { StreamState } from './expected-revision.ts';
import { DELETED_METADATA, metastreamOf, originalOf, withTruncateBefore } from './metadata.ts';
import type { EventStore } from './store.ts';
import { StoredEvent } from './stored-event.ts';
import { lastEvent } from './stream-facts.ts';
import { stateOf } from './stream-state.ts';

/** An event and the stream it goes to. */
export interface Placed {
  stream: string;
  event: NewEvent;
  isTombstone?: boolean;
}

const NOTHING = Buffer.alloc(0);

/** The metadata event that deletes stream `name`. */
export function deletion(name: string): Placed {
  return metadataEvent(metastreamOf(name), DELETED_METADATA);
}

/** The metadata event that revives a deleted stream when `events` are appended to it or to its metastream. */
export function revival(store: EventStore, name: string, state: StreamState, events: readonly NewEvent[]): Placed[] {
  if (state.isSoftDeleted) {
    return [metadataEvent(metastreamOf(name), withTruncateBefore(metadataOf(store, name), state.last + 1))];
  }
  const original = originalOf(name);
  if (original === name) return [];
  const { isSoftDeleted: isDeleted, last } = stateOf(store, original);
  return isDeleted ? [metadataEvent(name, withTruncateBefore(events.at(-1)!.data, last + 1))] : [];
}

function metadataOf(store: EventStore, name: string): Buffer {
  const seq = lastEvent(store, metastreamOf(name), store.index.count);
  return seq === undefined ? NOTHING : new StoredEvent(store.frame(seq)).data;
}

function metadataEvent(metastream: string, data: Buffer): Placed {
  return { stream: metastream, event: { id: randomUUID(), type: '$metadata', isJson: true, metadata: NOTHING, data } };
}
