const GENERATION = 1 << 19;

/** One generation of a hash table that never deletes: open addressing, half full at most. */
class Generation {
  readonly slots = new Uint32Array(2 * GENERATION);
  count = 0;

  add(hash: number, seq: number): void {
    let slot = hash % this.slots.length;
    while (this.slots[slot] !== 0) slot = (slot + 1) % this.slots.length;
    this.slots[slot] = seq + 1;
    this.count++;
  }

  /** The newest event among those that `matches` accepts in the run of `hash`. */
  find(hash: number, matches: (seq: number) => boolean): number | undefined {
    let found: number | undefined;
    for (let slot = hash % this.slots.length; this.slots[slot] !== 0; slot = (slot + 1) % this.slots.length) {
      const seq = this.slots[slot]! - 1;
      if ((found === undefined || seq > found) && matches(seq)) found = seq;
    }
    return found;
  }
}

/** Finds recent events by the hash of their id: at least the last 500 thousand, in 8 MB at most. */
export class IdTable {
  private young = new Generation();
  private old: Generation | undefined;

  add(hash: number, seq: number): void {
    if (this.young.count === GENERATION) {
      this.old = this.young;
      this.young = new Generation();
    }
    this.young.add(hash, seq);
  }

  /** The newest event with this hash that `matches` accepts. */
  find(hash: number, matches: (seq: number) => boolean): number | undefined {
    return this.young.find(hash, matches) ?? this.old?.find(hash, matches);
  }
}
