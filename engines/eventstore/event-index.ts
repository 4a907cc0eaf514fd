/** A column of the index: a typed array that grows. */
type Column = Float64Array | Uint32Array;

/** What one event's index entry holds. */
export interface IndexEntry {
  position: number;
  length: number;
  stream: number;
  type: number;
  createdAt: number;
  idHash: number;
}

/**
 * What is known of each event without reading it, by sequence number (0 for the log's first event).
 *
 * 32 bytes per event in columns of numbers; `stream` and `type` are numbers given by the name tables.
 */
export class EventIndex {
  count = 0;
  position = new Float64Array(1024);
  length = new Uint32Array(1024);
  stream = new Uint32Array(1024);
  type = new Uint32Array(1024);
  createdAt = new Float64Array(1024);
  idHash = new Uint32Array(1024);

  /** Adds the next event and returns its sequence number. */
  add(entry: IndexEntry): number {
    if (this.count === this.position.length) this.grow(2 * this.count);
    const seq = this.count++;
    this.position[seq] = entry.position;
    this.length[seq] = entry.length;
    this.stream[seq] = entry.stream;
    this.type[seq] = entry.type;
    this.createdAt[seq] = entry.createdAt;
    this.idHash[seq] = entry.idHash;
    return seq;
  }

  private grow(capacity: number): void {
    this.position = enlarged(this.position, new Float64Array(capacity));
    this.length = enlarged(this.length, new Uint32Array(capacity));
    this.stream = enlarged(this.stream, new Uint32Array(capacity));
    this.type = enlarged(this.type, new Uint32Array(capacity));
    this.createdAt = enlarged(this.createdAt, new Float64Array(capacity));
    this.idHash = enlarged(this.idHash, new Uint32Array(capacity));
  }

  /** The position behind event `seq`. */
  endOf(seq: number): number {
    return this.position[seq]! + this.length[seq]!;
  }

  /** The first event at `position` or behind it; `count` if there is none. */
  firstFrom(position: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.position[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function enlarged<T extends Column>(from: T, to: T): T {
  to.set(from);
  return to;
}
