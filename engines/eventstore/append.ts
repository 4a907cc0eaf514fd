import { randomUUID } from 'node:crypto';
import { frameBound, type NewEvent, type Place, TOMBSTONE, writeFrame } from './event-frame.ts';
import { type Expected, judge, type StreamState, type Verdict } from './expected-revision.ts';
import { deletion, type Placed, revival } from './soft-deletion.ts';
import type { EventStore } from './store.ts';
import { lastRevision } from './stream-facts.ts';
import { stateOf } from './stream-state.ts';

/** What an event counts towards the size that an append may have, in bytes. */
export function sizeOf({ metadata, data }: NewEvent): number {
  return metadata.length + data.length;
}

/** How an append, a delete or a tombstone ended. `actual` is the stream's last revision, -1 without one. */
export type Outcome =
  | { is: 'written'; revision: number; position: number | undefined }
  | { is: 'wrong-revision'; actual: number }
  | { is: 'deleted' };

const NOTHING = Buffer.alloc(0);

/**
 * Appends `events` to stream `name`, all or none, and calls `reply` when the outcome is durable.
 *
 * Appending to a deleted stream, or to its metadata, revives it: the revisions go on behind the deleted ones.
 */
export function append(
  store: EventStore,
  name: string,
  expected: Expected,
  events: readonly NewEvent[],
  reply: (outcome: Outcome) => void,
): void {
  const state = stateOf(store, name);
  const ids = events.map((event) => event.id);
  const outcome = refusalOrRepeat(store, name, state, judge(expected, ids, state)) ?? {
    is: 'written',
    ...(events.length === 0
      ? { revision: state.last, position: undefined }
      : write(
          store,
          events.map((event) => ({ stream: name, event })),
          revival(store, name, state, events),
        )),
  };
  store.log.whenDurable(() => reply(outcome));
}

/** Deletes stream `name` so that it may come back: readers do not find it any more. */
export function softDelete(
  store: EventStore,
  name: string,
  expected: Expected,
  reply: (outcome: Outcome) => void,
): void {
  const state = stateOf(store, name);
  const verdict = judge(expected, [], state);
  const isUnknown = verdict.is === 'new' && state.last === -1 && !state.hasMetadata;
  const outcome = refusalOrRepeat(store, name, state, isUnknown ? { is: 'wrong' } : verdict) ?? {
    is: 'written',
    ...write(store, [deletion(name)]),
  };
  store.log.whenDurable(() => reply(outcome));
}

/** Ends stream `name` for good. */
export function bury(store: EventStore, name: string, expected: Expected, reply: (outcome: Outcome) => void): void {
  const state = stateOf(store, name);
  const event = { id: randomUUID(), type: '$streamDeleted', isJson: false, metadata: NOTHING, data: NOTHING };
  const outcome = refusalOrRepeat(store, name, state, judge(expected, [], state)) ?? {
    is: 'written',
    ...write(store, [{ stream: name, event, isTombstone: true }]),
  };
  store.log.whenDurable(() => reply(outcome));
}

/** The outcome of a verdict for which nothing is written. */
function refusalOrRepeat(store: EventStore, name: string, state: StreamState, verdict: Verdict): Outcome | undefined {
  if (verdict.is === 'new') return undefined;
  if (verdict.is === 'deleted') return { is: 'deleted' };
  if (verdict.is === 'wrong') return { is: 'wrong-revision', actual: state.last };
  const seq = store.streams.eventsOf(store.streams.find(name)!)[verdict.revision]!;
  return { is: 'written', revision: verdict.revision, position: store.index.position[seq]! };
}

/** The names of the streams, each once, in UTF-8. */
function namesIn(placed: readonly Placed[]): Map<string, Buffer> {
  const names = new Map<string, Buffer>();
  for (const { stream } of placed) if (!names.has(stream)) names.set(stream, Buffer.from(stream));
  return names;
}

/** Writes the events, at least one, and what follows from them into one batch; tells where the last of the events stands. */
function write(
  store: EventStore,
  events: readonly Placed[],
  consequences: readonly Placed[] = [],
): { revision: number; position: number } {
  const placed = [...events, ...consequences];
  const names = namesIn(placed);
  const bound = placed.reduce((sum, { stream, event }) => sum + frameBound(event, names.get(stream)!), 0);
  const createdAt = store.clock();
  const batch = store.log.batchFor(bound);
  const places = placed.map(({ stream, event, isTombstone }) => {
    const position = batch.end;
    const revision = isTombstone ? TOMBSTONE : lastRevision(store, stream) + 1;
    const place: Place = { stream: names.get(stream)!, revision, position, createdAt };
    batch.add(frameBound(event, place.stream), (target, at) => writeFrame(target, at, event, place));
    store.addEvent(event, place, stream, batch.end - position);
    return place;
  });
  const { revision, position } = places[events.length - 1]!;
  return { revision, position };
}
