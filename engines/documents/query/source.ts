import { setImmediate as breathe } from 'node:timers/promises';
import type { Value } from '../bson/value.ts';
import type { Matcher } from '../filter/matcher.ts';
import type { Budget, Scan } from './scan.ts';

/** A stream of documents that is pulled, works within a budget and can rest between pulls. */
export interface Source {
  readonly isDone: boolean;
  /** Some documents; none does not mean the end. */
  pull(budget: Budget): Value[];
}

const sliceMillis = 8;

/** The budget of one turn. */
export const turn = (documents: number): Budget => ({ documents, until: performance.now() + sliceMillis });

/** Pulls until there are so many documents, the stream ends or the bytes are too many; others get their turn in between. */
export const collect = async (source: Source, most: number, mostBytes = Number.POSITIVE_INFINITY): Promise<Value[]> => {
  const all: Value[] = [];
  let size = 0;
  while (all.length < most && !source.isDone && size < mostBytes) {
    const found = source.pull(turn(Math.min(most - all.length, 1000)));
    for (const doc of found) {
      all.push(doc);
      size += doc.end - doc.start;
    }
    if (all.length < most && !source.isDone) await breathe();
  }
  return all;
};

/** Documents that are already there. */
export const listSource = (docs: readonly Value[]): Source => {
  let at = 0;
  return {
    get isDone() {
      return at >= docs.length;
    },
    pull: ({ documents }) => {
      const found = docs.slice(at, at + documents);
      at += documents;
      return found;
    },
  };
};

/** The documents a scan finds. */
export const scanSource = (scan: Scan): Source => ({
  get isDone() {
    return scan.isDone;
  },
  pull: (budget) => scan.take(budget).map(({ doc }) => doc),
});

/** Each document turned into any number of others. */
export const flatMapped = (source: Source, expand: (doc: Value) => readonly Value[]): Source => {
  let waiting: Value[] = [];
  return {
    get isDone() {
      return source.isDone && waiting.length === 0;
    },
    pull: (budget) => {
      if (waiting.length === 0) waiting = source.pull(budget).flatMap(expand);
      return waiting.splice(0, budget.documents);
    },
  };
};

/** Each document turned into another. */
export const mapped = (source: Source, change: (doc: Value) => Value): Source => ({
  get isDone() {
    return source.isDone;
  },
  pull: (budget) => source.pull(budget).map(change),
});

/** The documents that match. */
export const filtered = (source: Source, matches: Matcher): Source => ({
  get isDone() {
    return source.isDone;
  },
  pull: (budget) => source.pull(budget).filter((doc) => matches(doc)),
});

/** The documents after the first `count`. */
export const skipped = (source: Source, count: number): Source => {
  let left = count;
  return {
    get isDone() {
      return source.isDone;
    },
    pull: (budget) => {
      const found = source.pull(left > 0 ? { ...budget, documents: Math.max(budget.documents, left) } : budget);
      const dropped = Math.min(left, found.length);
      left -= dropped;
      return dropped > 0 ? found.slice(dropped) : found;
    },
  };
};

/** The first `count` documents. */
export const limited = (source: Source, count: number): Source => {
  let left = count;
  return {
    get isDone() {
      return left <= 0 || source.isDone;
    },
    pull: (budget) => {
      const found = source.pull({ ...budget, documents: Math.min(budget.documents, left) }).slice(0, left);
      left -= found.length;
      return found;
    },
  };
};

/** Documents that come out only after everything has gone in. */
export const gathered = (source: Source, absorb: (doc: Value) => void, finish: () => Source): Source => {
  let result: Source | undefined;
  return {
    get isDone() {
      return result?.isDone ?? false;
    },
    pull: (budget) => {
      if (result) return result.pull(budget);
      for (const doc of source.pull({ ...budget, documents: 1000 })) absorb(doc);
      if (source.isDone) result = finish();
      return [];
    },
  };
};

/** Documents that are made one after the other, as they are wanted. */
export const drawn = (documents: Iterator<Value>): Source => {
  let waiting = documents.next();
  return {
    get isDone() {
      return waiting.done === true;
    },
    pull: (budget) => {
      const found: Value[] = [];
      while (!waiting.done && found.length < budget.documents) {
        found.push(waiting.value);
        waiting = documents.next();
        if (found.length % 32 === 0 && performance.now() > budget.until) break;
      }
      return found;
    },
  };
};
