import { RECORD_HEADER, sealRecord } from './record.ts';

/** One group commit while it gathers: a record in the making, and who waits for it. */
export class Batch {
  /** Where its record will stand in the log. */
  readonly start: number;
  /** Whether its record is the first of a new segment. */
  readonly opensSegment: boolean;
  events = 0;
  /** Whether its record is being written, so that it takes no more events. */
  isClosed = false;
  private used = RECORD_HEADER;
  private bytes = Buffer.allocUnsafeSlow(16 * 1024);
  private readonly waiting: (() => void)[] = [];

  constructor(start: number, opensSegment: boolean) {
    this.start = start;
    this.opensSegment = opensSegment;
  }

  /** The position behind its last event, where the next one will stand. */
  get end(): number {
    return this.start + this.used;
  }

  /** The bytes of its record so far. */
  get size(): number {
    return this.used;
  }

  /** Adds one frame of at most `bound` bytes, written by `write(buffer, offset)`, which returns the offset behind it. */
  add(bound: number, write: (target: Buffer, at: number) => number): void {
    this.reserve(bound);
    this.used = write(this.bytes, this.used);
    this.events++;
  }

  /** `length` bytes from `position`, a view that holds until the batch is durable. */
  view(position: number, length: number): Buffer {
    const at = position - this.start;
    return this.bytes.subarray(at, at + length);
  }

  private reserve(bound: number): void {
    if (this.used + bound <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.used + bound));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }

  whenDurable(done: () => void): void {
    this.waiting.push(done);
  }

  /** Closes the batch and gives its finished record. */
  close(): Buffer {
    this.isClosed = true;
    const record = this.bytes.subarray(0, this.used);
    sealRecord(record, this.start, this.events);
    return record;
  }

  /** Tells everyone who waited. */
  settle(): void {
    for (const done of this.waiting) done();
  }
}
