import type { Value } from '../bson/value.ts';
import { documentAt } from '../bson/value.ts';
import type { Matcher } from '../filter/matcher.ts';
import type { Collection } from '../storage/collection.ts';
import { scoped } from '../storage/environment.ts';
import type { Store } from '../storage/store.ts';
import type { Range } from './bounds.ts';
import type { Plan } from './planner.ts';

/** A document a query found, with the key it is stored under. */
export interface Found {
  readonly id: Buffer;
  readonly doc: Value;
}

/** How much work a scan may do before it gives others a turn. */
export interface Budget {
  readonly documents: number;
  readonly until: number;
}

/** What a scan has looked at. */
interface Examined {
  keys: number;
  documents: number;
}

/** A search that can stop anywhere and go on later; between two takes it holds nothing of the database. */
export interface Scan {
  readonly examined: Examined;
  readonly isDone: boolean;
  /** Documents that match, as many as the budget allows; fewer, or none, do not mean the end. */
  take(budget: Budget): Found[];
}

const stepsPerLook = 32;

/** Whether the time of a budget is over, looked at only now and then. */
const isOver = (steps: number, budget: Budget): boolean =>
  steps % stepsPerLook === 0 && performance.now() > budget.until;

/** Tells of each document once that it has not been seen before. */
const firstSights = () => {
  const seen = new Set<string>();
  return (id: Buffer): boolean => {
    const before = seen.size;
    return seen.add(id.toString('latin1')).size > before;
  };
};

abstract class RangeScan implements Scan {
  readonly examined: Examined = { keys: 0, documents: 0 };
  isDone = false;
  private readonly ranges: readonly Range[];
  private readonly owner: number;
  private readonly isReverse: boolean;
  private at = 0;
  private last: Buffer | undefined;

  constructor(owner: number, ranges: readonly Range[], isReverse: boolean) {
    this.owner = owner;
    this.ranges = isReverse ? ranges.toReversed() : ranges;
    this.isReverse = isReverse;
    this.isDone = ranges.length === 0;
  }

  protected options(limit?: number) {
    const range = this.ranges[this.at]!;
    const lower = scoped(this.owner, range.lower);
    const upper = scoped(this.owner, range.upper);
    const start = this.last ?? (this.isReverse ? upper : lower);
    return {
      start,
      end: this.isReverse ? lower : upper,
      reverse: this.isReverse,
      exclusiveStart: this.isReverse || this.last !== undefined,
      inclusiveEnd: this.isReverse,
      ...(limit === undefined ? {} : { limit }),
    };
  }

  protected abstract read(found: Found[], budget: Budget): boolean;

  protected passed(key: Buffer): void {
    this.last = key;
  }

  take(budget: Budget): Found[] {
    const found: Found[] = [];
    while (!this.isDone && this.read(found, budget)) {
      this.at += 1;
      this.last = undefined;
      this.isDone = this.at === this.ranges.length;
    }
    return found;
  }
}

/** Reads a collection in the order of its `_id`s. */
export class CollectionScan extends RangeScan {
  private readonly store: Store;
  private readonly matches: Matcher;

  constructor(store: Store, collection: Collection, ranges: readonly Range[], isReverse: boolean, matches: Matcher) {
    super(collection.id, ranges, isReverse);
    this.store = store;
    this.matches = matches;
  }

  protected read(found: Found[], budget: Budget): boolean {
    let steps = 0;
    for (const { key, value } of this.store.env.documents.getRange(this.options())) {
      const doc = documentAt(value);
      this.passed(key);
      steps += 1;
      this.examined.documents += 1;
      if (this.matches(doc)) found.push({ id: key.subarray(4), doc });
      if (found.length >= budget.documents || isOver(steps, budget)) return false;
    }
    return true;
  }
}

/** Reads an index and fetches the documents its entries name. */
export class IndexScan extends RangeScan {
  private readonly store: Store;
  private readonly collection: Collection;
  private readonly matches: Matcher;
  private readonly isNew: (id: Buffer) => boolean;

  constructor(store: Store, collection: Collection, plan: Plan & { kind: 'index' }, matches: Matcher) {
    super(plan.index.id, plan.ranges, plan.isReverse);
    this.store = store;
    this.collection = collection;
    this.matches = matches;
    this.isNew = plan.index.multikey.includes(true) ? firstSights() : () => true;
  }

  private fetch(id: Buffer): Found | undefined {
    this.examined.documents += 1;
    const doc = this.store.get(this.collection, id);
    return doc && this.matches(doc) ? { id, doc } : undefined;
  }

  /** Whether the page has brought as many documents as are wanted. */
  private readPage(page: { key: Buffer; value: Buffer }[], found: Found[], budget: Budget): boolean {
    for (const { key, value: id } of page) {
      this.passed(key);
      this.examined.keys += 1;
      const match = this.isNew(id) ? this.fetch(id) : undefined;
      if (match) found.push(match);
      if (found.length >= budget.documents) return true;
    }
    return false;
  }

  protected read(found: Found[], budget: Budget): boolean {
    for (;;) {
      const page = [...this.store.env.entries.getRange(this.options(stepsPerLook))];
      if (this.readPage(page, found, budget)) return false;
      if (page.length < stepsPerLook) return true;
      if (performance.now() > budget.until) return false;
    }
  }
}

/** Reads the documents of some `_id`s. */
export class IdScan implements Scan {
  readonly examined: Examined = { keys: 0, documents: 0 };
  isDone = false;
  private at = 0;
  private readonly fetch: (id: Buffer) => Value | undefined;
  private readonly ids: readonly Buffer[];
  private readonly matches: Matcher;

  constructor(store: Store, collection: Collection, ids: readonly Buffer[], matches: Matcher) {
    this.fetch = (id) => store.get(collection, id);
    this.ids = ids;
    this.matches = matches;
  }

  take(budget: Budget): Found[] {
    const found: Found[] = [];
    while (this.at < this.ids.length && found.length < budget.documents) {
      const id = this.ids[this.at]!;
      const doc = this.fetch(id);
      this.at += 1;
      this.examined.keys += 1;
      this.examined.documents += doc ? 1 : 0;
      if (doc && this.matches(doc)) found.push({ id, doc });
      if (isOver(this.at, budget)) break;
    }
    this.isDone = this.at >= this.ids.length;
    return found;
  }
}

/** Several scans one after the other, each document once. */
export class UnionScan implements Scan {
  isDone: boolean;
  private readonly scans: readonly Scan[];
  private readonly isNew = firstSights();
  private at = 0;

  constructor(scans: readonly Scan[]) {
    this.scans = scans;
    this.isDone = scans.length === 0;
  }

  get examined(): Examined {
    const all = this.scans.map(({ examined }) => examined);
    return {
      keys: all.reduce((sum, { keys }) => sum + keys, 0),
      documents: all.reduce((sum, { documents }) => sum + documents, 0),
    };
  }

  take(budget: Budget): Found[] {
    const scan = this.scans[this.at];
    const found = scan ? scan.take(budget).filter(({ id }) => this.isNew(id)) : [];
    if (!scan || scan.isDone) this.at += 1;
    this.isDone = this.at >= this.scans.length;
    return found;
  }
}
