/** What is known of events without reading them: one array per kind of fact, all of the same length. */
export interface Columns {
  position: Float64Array;
  createdAt: Float64Array;
  /** Bytes of the gRPC message. */
  length: Uint32Array;
  /** Numbers given by the name tables. */
  stream: Uint32Array;
  type: Uint32Array;
  idHash: Uint32Array;
}

type Entry = { [column in keyof Columns]: number };

function emptyColumns(capacity: number): Columns {
  return {
    position: new Float64Array(capacity),
    createdAt: new Float64Array(capacity),
    length: new Uint32Array(capacity),
    stream: new Uint32Array(capacity),
    type: new Uint32Array(capacity),
    idHash: new Uint32Array(capacity),
  };
}

/** The index of every event by sequence number, 0 for the log's first: 32 bytes each. */
export class EventIndex implements Columns {
  count = 0;
  position!: Float64Array;
  createdAt!: Float64Array;
  length!: Uint32Array;
  stream!: Uint32Array;
  type!: Uint32Array;
  idHash!: Uint32Array;

  constructor() {
    Object.assign(this, emptyColumns(1024));
  }

  /** Adds the next event and returns its sequence number. */
  add(entry: Entry): number {
    this.reserve(1);
    const seq = this.count++;
    this.position[seq] = entry.position;
    this.createdAt[seq] = entry.createdAt;
    this.length[seq] = entry.length;
    this.stream[seq] = entry.stream;
    this.type[seq] = entry.type;
    this.idHash[seq] = entry.idHash;
    return seq;
  }

  /** Adds many events and returns the sequence number of the first. */
  addAll(columns: Columns): number {
    const first = this.count;
    this.reserve(columns.position.length);
    this.copy(columns, first);
    this.count += columns.position.length;
    return first;
  }

  private copy(from: Columns, at: number): void {
    this.position.set(from.position, at);
    this.createdAt.set(from.createdAt, at);
    this.length.set(from.length, at);
    this.stream.set(from.stream, at);
    this.type.set(from.type, at);
    this.idHash.set(from.idHash, at);
  }

  private reserve(more: number): void {
    const capacity = this.position.length;
    if (this.count + more <= capacity) return;
    const { position, createdAt, length, stream, type, idHash } = this;
    Object.assign(this, emptyColumns(Math.max(2 * capacity, this.count + more)));
    this.copy({ position, createdAt, length, stream, type, idHash }, 0);
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
