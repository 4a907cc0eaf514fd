/** Numbers for names, in the order they are first seen. */
export class NameTable {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();

  /** The number of `name`, given now if it has none. */
  add(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  find(name: string): number | undefined {
    return this.numbers.get(name);
  }
}

/** Which events each stream holds: the revision is the place in the stream's list of sequence numbers. */
export class StreamTable extends NameTable {
  private readonly events: number[][] = [];
  private readonly tombstones = new Map<number, number>();

  /** Appends event `seq` to the stream with this number. */
  addEvent(stream: number, seq: number): void {
    const list = this.events[stream];
    if (list === undefined) this.events[stream] = [seq];
    else list.push(seq);
  }

  /** Event `seq` ended the stream for good. */
  bury(stream: number, seq: number): void {
    this.tombstones.set(stream, seq);
  }

  /** The sequence number of the stream's tombstone. */
  tombstoneOf(stream: number): number | undefined {
    return this.tombstones.get(stream);
  }

  /** The tombstones among the events `from` (inclusive) to `to` (exclusive). */
  tombstonesBetween(from: number, to: number): number[] {
    return [...this.tombstones.values()].filter((seq) => seq >= from && seq < to);
  }

  eventsOf(stream: number): readonly number[] {
    return this.events[stream] ?? NO_EVENTS;
  }

  /** How many of the stream's events have a sequence number below `horizon`. */
  countBelow(stream: number, horizon: number): number {
    const list = this.eventsOf(stream);
    if (list.length === 0 || list.at(-1)! < horizon) return list.length;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[middle]! < horizon) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const NO_EVENTS: readonly number[] = [];
