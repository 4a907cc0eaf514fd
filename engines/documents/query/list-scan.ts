import type { Value } from '../bson/value.ts';
import type { Matcher } from '../filter/matcher.ts';
import type { Collection } from '../storage/collection.ts';
import type { Store } from '../storage/store.ts';
import { type Budget, type Examined, type Found, firstSights, isOver, type Scan } from './scan.ts';

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
      if (isOver(budget)) break;
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
