import { passes } from './filter.ts';
import { chunksOf, type Item } from './frames.ts';
import type { GrpcCall } from './grpc-call.ts';
import type { ReadRequest } from './read-request.ts';
import { downwards, itemFor, upwards } from './reading.ts';
import { streamNotFound } from './responses.ts';
import type { EventStore } from './store.ts';
import { visibleRange } from './stream-range.ts';

/** Answers a read of a stream or of `$all`: at most `count` of the events that are durable now. */
export async function read(store: EventStore, call: GrpcCall, request: ReadRequest, count: number): Promise<void> {
  const found = request.stream === undefined ? ofAll(store, request) : ofStream(store, request.stream, request);
  if (found === undefined) return call.finish(streamNotFound(request.stream!));
  for (const chunk of chunksOf(store, limited(found, count, itemFor(store, request)))) {
    await call.send(chunk);
    if (call.isOver) return;
  }
  call.finish();
}

function* limited(found: Iterable<number>, count: number, item: (seq: number) => Item): Generator<Item> {
  let left = count;
  if (left === 0) return;
  for (const seq of found) {
    yield item(seq);
    if (--left === 0) return;
  }
}

/** From a position: forwards with the event there, backwards without. */
function* ofAll(store: EventStore, { from, isBackwards, filter }: ReadRequest): Generator<number> {
  const { visible } = store;
  const start = from === 'start' ? 0 : from === 'end' ? visible : Math.min(store.index.firstFrom(from), visible);
  const isWanted = filter === undefined ? () => true : passes(store, filter);
  for (const seq of isBackwards ? downwards(start, 0) : upwards(start, visible)) if (isWanted(seq)) yield seq;
}

/** From a revision, with the event there; undefined if there is no such stream. */
function ofStream(store: EventStore, name: string, { from, isBackwards }: ReadRequest): Iterable<number> | undefined {
  const range = visibleRange(store, name, store.visible);
  if (range === undefined) return undefined;
  const revision = from === 'start' ? 0 : from === 'end' ? range.end : from;
  const revisions = isBackwards
    ? downwards(Math.min(revision + 1, range.end), range.first)
    : upwards(Math.max(revision, range.first), range.end);
  return eventsAt(range.events, revisions);
}

function* eventsAt(events: readonly number[], revisions: Iterable<number>): Generator<number> {
  for (const revision of revisions) yield events[revision]!;
}
