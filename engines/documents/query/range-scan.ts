import { documentAt } from '../bson/value.ts';
import type { Matcher } from '../filter/matcher.ts';
import type { Collection } from '../storage/collection.ts';
import { scoped } from '../storage/environment.ts';
import type { Store } from '../storage/store.ts';
import type { Range } from './bounds.ts';
import type { IndexPlan } from './plan.ts';
import { type Budget, type Examined, type Found, firstSights, isOver, type Scan } from './scan.ts';

const pageSize = 32;

/** Reads stretches of keys, one after the other, and remembers only the last key it has passed. */
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
    for (const { key, value } of this.store.env.documents.getRange(this.options())) {
      const doc = documentAt(value);
      this.passed(key);
      this.examined.documents += 1;
      if (this.matches(doc)) found.push({ id: key.subarray(4), doc });
      if (found.length >= budget.documents || isOver(budget)) return false;
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

  constructor(store: Store, collection: Collection, plan: IndexPlan, matches: Matcher) {
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

  /** Whether the page has brought as many documents as are wanted, or as the time allows. */
  private readPage(page: { key: Buffer; value: Buffer }[], found: Found[], budget: Budget): boolean {
    for (const { key, value: id } of page) {
      this.passed(key);
      this.examined.keys += 1;
      const match = this.isNew(id) ? this.fetch(id) : undefined;
      if (match) found.push(match);
      if (found.length >= budget.documents || isOver(budget)) return true;
    }
    return false;
  }

  protected read(found: Found[], budget: Budget): boolean {
    for (;;) {
      const page = [...this.store.env.entries.getRange(this.options(pageSize))];
      if (this.readPage(page, found, budget)) return false;
      if (page.length < pageSize) return true;
    }
  }
}
