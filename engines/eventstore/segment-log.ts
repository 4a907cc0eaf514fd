import { closeSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { Batch } from './batch.ts';
import { RECORD_HEADER } from './record.ts';
import { checkSegment } from './recovery.ts';
import { createSegment, readExactly, SEGMENT_HEADER, type Segment, segmentAt } from './segment.ts';

const writeAt = promisify(write);
const FULL_BATCH = 4 * 1024 * 1024;

/** What the log tells its owner. */
export interface LogEvents {
  /** `batch` is on the disk; comes before those who wait for it are told. */
  onDurable(batch: Batch): void;
  /** `segment` is complete and will not change any more. */
  onSealed(segment: Segment): void;
  /** A write failed or what was read is damaged: nothing is written or acknowledged from here on. */
  onFailure(error: Error): void;
}

/**
 * The log: one record is written per group commit while the next batch gathers.
 *
 * A position is a byte's offset in the whole log; `durable` is where the bytes known to be on the disk end.
 */
export class SegmentLog {
  durable: number;
  readonly segments: Segment[];
  private readonly dir: string;
  private readonly segmentSize: number;
  private readonly events: LogEvents;
  private readonly pending: Batch[] = [];
  private base: number;
  private isFlushing = false;
  private failure: Error | undefined;

  /** Continues the log of `segments` (at least one), as recovery left them; `segmentSize` in bytes. */
  constructor(dir: string, segments: Segment[], segmentSize: number, events: LogEvents) {
    this.dir = dir;
    this.segments = segments;
    this.segmentSize = segmentSize;
    this.events = events;
    this.base = segments.at(-1)!.base;
    this.durable = segments.at(-1)!.end;
  }

  /** How many bytes wait for the disk. */
  get backlog(): number {
    return (this.pending.at(-1)?.end ?? this.durable) - this.durable;
  }

  /** The batch for an append of at most `bound` bytes, all of which goes there: an append never spans two records. */
  batchFor(bound: number): Batch {
    if (this.failure !== undefined) throw this.failure;
    const last = this.pending.at(-1);
    if (last !== undefined && this.hasRoom(last, bound)) return last;
    const batch = this.nextBatch(last?.end ?? this.durable, bound);
    this.pending.push(batch);
    this.flushSoon();
    return batch;
  }

  private hasRoom(batch: Batch, bound: number): boolean {
    return !batch.isClosed && batch.size + bound <= FULL_BATCH && batch.end + bound <= this.base + this.segmentSize;
  }

  private nextBatch(start: number, bound: number): Batch {
    const isFirst = start === this.base + SEGMENT_HEADER;
    if (isFirst || start + RECORD_HEADER + bound <= this.base + this.segmentSize) return new Batch(start, false);
    this.base = start;
    return new Batch(start + SEGMENT_HEADER, true);
  }

  /** Calls `done` when all that was added so far is durable; at once if it is. */
  whenDurable(done: () => void): void {
    const last = this.pending.at(-1);
    if (last === undefined) done();
    else last.whenDurable(done);
  }

  private flushSoon(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    setImmediate(() => this.flush().catch((error: Error) => this.fail(error)));
  }

  private async flush(): Promise<void> {
    for (let batch = this.pending[0]; batch !== undefined; batch = this.pending[0]) {
      if (batch.opensSegment) this.openSegment(batch.start - SEGMENT_HEADER);
      await this.write(batch.close(), batch.start);
      if (this.failure !== undefined) return;
      this.pending.shift();
      this.durable = batch.end;
      this.segments.at(-1)!.end = batch.end;
      this.events.onDurable(batch);
      batch.settle();
    }
    this.isFlushing = false;
  }

  private async write(record: Buffer, position: number): Promise<void> {
    const segment = this.segments.at(-1)!;
    let written = 0;
    while (written < record.length) {
      const offset = position - segment.base + written;
      written += (await writeAt(segment.fd, record, written, record.length - written, offset)).bytesWritten;
    }
  }

  private openSegment(base: number): void {
    const sealed = this.segments.at(-1)!;
    this.segments.push(createSegment(this.dir, base));
    this.events.onSealed(sealed);
  }

  private fail(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.events.onFailure(error);
  }

  /** The segment that holds `position`. */
  segmentOf(position: number): Segment {
    return segmentAt(this.segments, position);
  }

  /** `length` bytes from `position`, within one segment, durable or not yet. */
  read(position: number, length: number): Buffer {
    if (position >= this.durable) return this.pending.find((batch) => position < batch.end)!.view(position, length);
    const segment = this.segmentOf(position);
    if (!segment.isChecked) this.check(segment);
    return readExactly(segment.fd, position - segment.base, length);
  }

  private check(segment: Segment): void {
    try {
      checkSegment(segment);
      segment.isChecked = true;
    } catch (error) {
      this.fail(error as Error);
      throw error;
    }
  }

  /** Closes the files; nothing may be waiting for the disk. */
  close(): void {
    for (const segment of this.segments) closeSync(segment.fd);
  }
}
