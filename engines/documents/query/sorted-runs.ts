/** A value with the key that says where it belongs. */
export interface Item<T> {
  readonly key: Buffer;
  readonly value: T;
}

/** Some items in order, taken one after the other. */
export interface Run<T> {
  readonly head: Item<T> | undefined;
  advance(): void;
}

/** A run of items in memory. */
export const listRun = <T>(items: readonly Item<T>[]): Run<T> => {
  let at = 0;
  return {
    get head() {
      return items[at];
    },
    advance: () => {
      at += 1;
    },
  };
};

const runSize = 4096;

const byKey = (a: Item<unknown>, b: Item<unknown>): number => a.key.compare(b.key);

/** Sorts by byte keys in small runs, so that no single step takes long; given a limit it keeps no more than it needs. */
export class SortedRuns<T> {
  private readonly limit: number;
  private readonly keep: (items: Item<T>[]) => Run<T>;
  private current: Item<T>[] = [];
  private readonly runs: Run<T>[] = [];
  private readonly heap: { run: Run<T>; order: number }[] = [];
  private given = 0;

  /** `keep` may put a run that is complete into another form, or elsewhere. */
  constructor(limit = Number.POSITIVE_INFINITY, keep: (items: Item<T>[]) => Run<T> = listRun) {
    this.limit = limit;
    this.keep = keep;
  }

  add(key: Buffer, value: T): void {
    this.current.push({ key, value });
    if (this.current.length < this.threshold()) return;
    this.flush();
  }

  /** Lets go of what has been gathered, but for what the limit may still want. */
  flush(): void {
    if (this.isSmall()) this.current = this.best();
    else this.closeRun();
  }

  private best(): Item<T>[] {
    return this.current.sort(byKey).slice(0, this.limit);
  }

  private isSmall(): boolean {
    return this.limit <= runSize / 2;
  }

  private threshold(): number {
    return this.isSmall() ? Math.max(this.limit * 2, 512) : runSize;
  }

  private closeRun(): void {
    if (this.current.length === 0) return;
    this.runs.push(this.keep(this.best()));
    this.current = [];
  }

  /** Call once when everything has been added; then take from `next`. */
  finish(): void {
    this.closeRun();
    this.runs.forEach((run, order) => {
      if (run.head) this.heap.push({ run, order });
    });
    for (let i = (this.heap.length >> 1) - 1; i >= 0; i -= 1) this.sink(i);
  }

  private isBefore(i: number, j: number): boolean {
    const [a, b] = [this.heap[i]!, this.heap[j]!];
    const order = byKey(a.run.head!, b.run.head!);
    return order < 0 || (order === 0 && a.order < b.order);
  }

  private sink(from: number): void {
    let parent = from;
    for (;;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.heap.length && this.isBefore(child, least)) least = child;
      }
      if (least === parent) return;
      [this.heap[parent], this.heap[least]] = [this.heap[least]!, this.heap[parent]!];
      parent = least;
    }
  }

  /** The next smallest item; undefined after the last. */
  next(): Item<T> | undefined {
    const top = this.heap[0];
    if (!top || this.given >= this.limit) return undefined;
    const item = top.run.head;
    top.run.advance();
    this.given += 1;
    if (!top.run.head) {
      const last = this.heap.pop()!;
      if (this.heap.length > 0) this.heap[0] = last;
    }
    this.sink(0);
    return item;
  }
}
