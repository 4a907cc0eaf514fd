interface Item<T> {
  readonly key: Buffer;
  readonly value: T;
}

const runSize = 4096;

const byKey = (a: Item<unknown>, b: Item<unknown>): number => a.key.compare(b.key);

/** Sorts by byte keys in small runs, so that no single step takes long; given a limit it keeps no more than it needs. */
export class SortedRuns<T> {
  private readonly limit: number;
  private readonly pack: (run: Item<T>[]) => Item<T>[];
  private current: Item<T>[] = [];
  private readonly runs: Item<T>[][] = [];
  private readonly heap: { run: Item<T>[]; at: number; order: number }[] = [];
  private given = 0;

  /** `pack` may put a run that is complete into a smaller form. */
  constructor(limit = Number.POSITIVE_INFINITY, pack: (run: Item<T>[]) => Item<T>[] = (run) => run) {
    this.limit = limit;
    this.pack = pack;
  }

  add(key: Buffer, value: T): void {
    this.current.push({ key, value });
    if (this.current.length < this.threshold()) return;
    if (this.isSmall()) this.current = this.current.sort(byKey).slice(0, this.limit);
    else this.closeRun();
  }

  private isSmall(): boolean {
    return this.limit <= runSize / 2;
  }

  private threshold(): number {
    return this.isSmall() ? Math.max(this.limit * 2, 512) : runSize;
  }

  private closeRun(): void {
    this.runs.push(this.pack(this.current.sort(byKey)));
    this.current = [];
  }

  /** Call once when everything has been added; then take from `next`. */
  finish(): void {
    this.closeRun();
    this.runs.forEach((run, order) => {
      if (run.length > 0) this.heap.push({ run, at: 0, order });
    });
    for (let i = (this.heap.length >> 1) - 1; i >= 0; i -= 1) this.sink(i);
  }

  private isBefore(i: number, j: number): boolean {
    const [a, b] = [this.heap[i]!, this.heap[j]!];
    const order = byKey(a.run[a.at]!, b.run[b.at]!);
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
    const item = top.run[top.at]!;
    top.at += 1;
    this.given += 1;
    if (top.at === top.run.length) {
      const last = this.heap.pop()!;
      if (this.heap.length > 0) this.heap[0] = last;
    }
    this.sink(0);
    return item;
  }
}
