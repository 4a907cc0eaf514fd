import type { Instant } from '../time.ts';

/** Something to be done at its time. */
type Item = { readonly at: Instant; readonly order: number; readonly act: () => void };

export type Agenda = {
  add(at: Instant, act: () => void): void;
  /** When the next item is due. */
  nextAt(): Instant | undefined;
  /** Takes the next item off and does it: the earliest, of several at one time the one that was added first. */
  next(): void;
};

const isBefore = (a: Item, b: Item) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** What is still to come, as a binary heap. */
export const agenda = (): Agenda => {
  const heap: Item[] = [];
  let added = 0;

  const rise = (item: Item) => {
    let place = heap.length;
    for (let above = (place - 1) >> 1; place > 0 && isBefore(item, heap[above]!); above = (place - 1) >> 1) {
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = item;
  };

  /** Puts an item where the first one was. */
  const sink = (item: Item) => {
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      const child = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left;
      if (child >= heap.length || !isBefore(heap[child]!, item)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = item;
  };

  return {
    add: (at, act) => rise({ at, act, order: added++ }),
    nextAt: () => heap[0]?.at,
    next() {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last) sink(last);
      first?.act();
    },
  };
};
