import { randomUUID } from 'node:crypto';
import { ALL, Bell } from './changes.ts';
import { type Filter, passes } from './filter.ts';
import { chunksOf, type Item } from './frames.ts';
import type { GrpcCall } from './grpc-call.ts';
import type { ReadRequest } from './read-request.ts';
import { itemFor, upwards } from './reading.ts';
import { caughtUp, checkpoint, confirmation } from './responses.ts';
import type { EventStore } from './store.ts';
import { isBuried } from './stream-facts.ts';
import { StreamDeleted, visibleRange } from './stream-range.ts';

/** How many events a filter may look at before others have their turn. */
const STRIDE = 20_000;

/** Where a subscription stands: it gives what is to be sent for the events that became durable since it last did. */
interface Cursor {
  /** The key in `changes` that announces news for this cursor. */
  watches: string;
  /** Whether there is something to send; throws StreamDeleted behind the last event of a stream that ended. */
  hasNews(): boolean;
  /** Moves towards the end of what is durable, at most `STRIDE` events. */
  advance(): Iterable<Item>;
  /** What is to be sent when there was no news for the first time. */
  goLive(): Buffer[];
}

/**
 * Answers a subscription: everything behind its start that is there, then every event as it becomes durable.
 *
 * Both come from the log through the same cursor, so that nothing is lost or repeated between them, and a slow reader
 * costs no memory: it is read for as it drains.
 */
export async function subscribe(store: EventStore, call: GrpcCall, request: ReadRequest): Promise<void> {
  const { stream } = request;
  const cursor = stream === undefined ? allCursor(store, request) : streamCursor(store, stream, request);
  const bell = new Bell();
  call.onEnd(store.changes.watch(cursor.watches, bell.ring));
  call.onEnd(bell.ring);
  call.write(confirmation(randomUUID()));
  await catchUp(store, call, cursor);
  for (const message of cursor.goLive()) call.write(message);
  while (!call.isOver) {
    await bell.wait();
    await catchUp(store, call, cursor);
  }
}

async function catchUp(store: EventStore, call: GrpcCall, cursor: Cursor): Promise<void> {
  while (!call.isOver && cursor.hasNews()) {
    for (const chunk of chunksOf(store, cursor.advance())) {
      await call.send(chunk);
      if (call.isOver) return;
    }
    if (cursor.hasNews()) await new Promise((othersHadTheirTurn) => setImmediate(othersHadTheirTurn));
  }
}

/** Behind a position in the log. */
function allCursor(store: EventStore, request: ReadRequest): Cursor {
  const { from, filter } = request;
  const { index } = store;
  const show = itemFor(store, request);
  let next = from === 'start' ? 0 : from === 'end' ? store.visible : index.firstFrom(from + 1);
  const considered = filter === undefined ? undefined : checkpoints(store, filter);
  return {
    watches: ALL,
    hasNews: () => next < store.visible,
    *advance() {
      const end = Math.min(store.visible, next + STRIDE);
      for (const seq of upwards(next, end)) {
        next = seq + 1;
        if (considered === undefined) yield show(seq);
        else yield* considered.items(seq, show);
      }
    },
    goLive: () => [...(considered?.atLive(next) ?? []), caughtUp],
  };
}

/** Sifts events, with a checkpoint after every so many that were looked at. */
function checkpoints(store: EventStore, filter: Filter) {
  const isWanted = passes(store, filter);
  const interval = filter.window * filter.checkpointEvery;
  let sinceLast = 0;
  let last = 0;
  return {
    *items(seq: number, show: (seq: number) => Item): Generator<Item> {
      if (isWanted(seq)) yield show(seq);
      if (++sinceLast < interval) return;
      sinceLast = 0;
      last = seq + 1;
      yield checkpoint(store.index.position[seq]!);
    },
    /** The checkpoint that marks the end of what was there, unless the last one already did. */
    atLive(next: number): Buffer[] {
      if (next === last) return [];
      sinceLast = 0;
      return [checkpoint(store.index.position[next - 1]!)];
    },
  };
}

/** Behind a revision of a stream. */
function streamCursor(store: EventStore, name: string, request: ReadRequest): Cursor {
  const { from } = request;
  const show = itemFor(store, request);
  const range = visibleRange(store, name, store.visible);
  let next = from === 'start' ? 0 : from === 'end' ? countOf(store, name) : from + 1;
  next = Math.max(next, range === undefined ? countOf(store, name) : range.first);
  return {
    watches: name,
    hasNews() {
      if (next < countOf(store, name)) return true;
      if (isBuried(store, name, store.visible)) throw new StreamDeleted(name);
      return false;
    },
    *advance() {
      const end = Math.min(countOf(store, name), next + STRIDE);
      const events = store.streams.eventsOf(store.streams.find(name)!);
      for (const revision of upwards(next, end)) {
        next = revision + 1;
        yield show(events[revision]!);
      }
    },
    goLive: () => [caughtUp],
  };
}

function countOf(store: EventStore, name: string): number {
  const stream = store.streams.find(name);
  return stream === undefined ? 0 : store.streams.countBelow(stream, store.visible);
}
