import type { EventStore } from './store.ts';

const CHUNK = 128 * 1024;
const GAP = 4096;

/** What a reader is to be sent: an event by its sequence number, or a finished gRPC message. */
export type Item = number | Buffer;

/** Turns items into chunks of about 128 KiB, in order; events that stand together in the log are read together. */
export function* chunksOf(store: EventStore, items: Iterable<Item>): Generator<Buffer> {
  let parts: Buffer[] = [];
  let run: number[] = [];
  let size = 0;
  for (const item of items) {
    if (typeof item === 'number') {
      run.push(item);
      size += store.index.length[item]!;
    } else {
      parts.push(...readRun(store, run), item);
      run = [];
      size += item.length;
    }
    if (size >= CHUNK) {
      yield joined([...parts, ...readRun(store, run)]);
      [parts, run, size] = [[], [], 0];
    }
  }
  if (size > 0) yield joined([...parts, ...readRun(store, run)]);
}

function joined(parts: Buffer[]): Buffer {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** The frames of events whose sequence numbers rise, or fall, all the way. */
function readRun(store: EventStore, seqs: readonly number[]): Buffer[] {
  const isFalling = seqs.length > 1 && seqs[0]! > seqs[1]!;
  const rising = isFalling ? seqs.toReversed() : seqs;
  const frames: Buffer[] = [];
  for (let from = 0; from < rising.length; ) {
    const to = spanEnd(store, rising, from);
    frames.push(...readSpan(store, rising.slice(from, to), !isFalling));
    from = to;
  }
  return isFalling ? frames.toReversed() : frames;
}

/** Up to where the events from place `from` on stand so close together that one read gets them all. */
function spanEnd(store: EventStore, seqs: readonly number[], from: number): number {
  const { index, log } = store;
  const segmentEnd = log.segmentOf(index.position[seqs[from]!]!).end;
  let to = from + 1;
  while (to < seqs.length) {
    const next = index.position[seqs[to]!]!;
    if (next >= segmentEnd || next - index.endOf(seqs[to - 1]!) > GAP) break;
    to++;
  }
  return to;
}

/** Reads a span; where `mayMerge`, frames without a gap between them stay in one piece. */
function readSpan(store: EventStore, seqs: readonly number[], mayMerge: boolean): Buffer[] {
  const { index } = store;
  const start = index.position[seqs[0]!]!;
  const bytes = store.log.read(start, index.endOf(seqs.at(-1)!) - start);
  const frames: Buffer[] = [];
  let from = start;
  for (const [place, seq] of seqs.entries()) {
    const next = seqs[place + 1];
    const end = index.endOf(seq);
    if (mayMerge && next !== undefined && index.position[next] === end) continue;
    frames.push(bytes.subarray(from - start, end - start));
    if (next !== undefined) from = index.position[next]!;
  }
  return frames;
}
