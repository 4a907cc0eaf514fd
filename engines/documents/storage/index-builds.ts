import { setImmediate as breathe } from 'node:timers/promises';
import { documentAt } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { SortedRuns } from '../query/sorted-runs.ts';
import { Spool } from '../query/spool.ts';
import { type Collection, type Index, makeIndex, namespaceOf } from './collection.ts';
import { endOfScope, scoped } from './environment.ts';
import { assertUnique, entriesOf } from './index-entries.ts';
import type { IndexSpec } from './index-spec.ts';
import { mergeShape } from './index-upkeep.ts';
import type { Store } from './store.ts';

const sliceMillis = 6;
const noKey = Buffer.alloc(0);

const same = (id: Buffer): Buffer => id;
const ids = { toBytes: same, fromBytes: same };

/**
 * Builds indexes of live collections. Writes maintain an index from the moment it is known, while the build collects the
 * entries of the documents there were, sorts them and adds them, save for documents written meanwhile.
 */
export class IndexBuilds {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** Forgets builds that a crash has interrupted; nobody was told that those indexes exist. */
  async forgetInterrupted(): Promise<void> {
    for (const collection of this.store.catalogue.all()) {
      for (const index of collection.indexes.filter(({ isBuilding }) => isBuilding))
        await this.abandon(collection, index);
    }
  }

  /** Builds an index; resolves when queries may use it, throws if documents violate it. */
  async build(collection: Collection, spec: IndexSpec): Promise<void> {
    const index = await this.store.write(() => {
      const made = makeIndex(this.store.catalogue.newId(), spec);
      made.isBuilding = collection.count > 0;
      collection.indexes.push(made);
      this.store.catalogue.save(collection);
      return made;
    });
    if (!index.isBuilding) return;
    try {
      await this.fill(collection, index, await this.collectEntries(collection, index));
      await this.store.write(() => {
        index.isBuilding = false;
        this.store.catalogue.save(collection);
      });
      index.writtenMeanwhile.clear();
    } catch (error) {
      await this.abandon(collection, index);
      throw error;
    }
  }

  private async abandon(collection: Collection, index: Index): Promise<void> {
    await this.store.write(() => {
      collection.indexes = collection.indexes.filter((one) => one !== index);
      this.store.catalogue.discard(index.id);
      this.store.catalogue.save(collection);
    });
  }

  private async collectEntries(collection: Collection, index: Index): Promise<SortedRuns<Buffer>> {
    const spool = new Spool(ids);
    const runs = new SortedRuns<Buffer>(Number.POSITIVE_INFINITY, (items) => spool.write(items));
    const end = endOfScope(collection.id);
    let last: Buffer | undefined;
    for (let isDone = false; !isDone; ) {
      this.store.assertRunning();
      const until = performance.now() + sliceMillis;
      isDone = true;
      const range = { start: last ?? scoped(collection.id, noKey), end, exclusiveStart: last !== undefined };
      for (const { key, value } of this.store.env.documents.getRange(range)) {
        last = key;
        collectOne(index, key.subarray(4), value, runs);
        if (performance.now() > until) {
          isDone = false;
          break;
        }
      }
      await breathe();
    }
    runs.finish();
    return runs;
  }

  private async fill(collection: Collection, index: Index, runs: SortedRuns<Buffer>): Promise<void> {
    for (let isDone = false; !isDone; ) {
      const violation = await this.store.write(() => {
        const until = performance.now() + sliceMillis;
        let failure: DocumentError | undefined;
        while (performance.now() < until && !isDone && !failure) {
          const next = runs.next();
          if (next) failure = this.fillOne(collection, index, next.key, next.value);
          else isDone = true;
        }
        return failure;
      });
      if (violation) throw violation;
      if (this.store.catalogue.get(namespaceOf(collection)) !== collection) {
        throw new DocumentError('IndexBuildAborted', 'Index build failed: the collection was dropped meanwhile');
      }
      await breathe();
    }
  }

  private fillOne(collection: Collection, index: Index, key: Buffer, id: Buffer): DocumentError | undefined {
    if (index.writtenMeanwhile.has(id.toString('latin1'))) return undefined;
    if (index.isUnique) {
      const holder = this.store.env.entries.get(key);
      if (holder && !holder.equals(id)) return this.violation(collection, index, id);
    }
    this.store.env.entries.putSync(key, id);
    return undefined;
  }

  private violation(collection: Collection, index: Index, id: Buffer): DocumentError | undefined {
    const doc = this.store.get(collection, id);
    if (!doc) return undefined;
    try {
      assertUnique(this.store.env, collection, index, id, entriesOf(index, id, doc));
    } catch (error) {
      return error as DocumentError;
    }
    return undefined;
  }
}

const collectOne = (index: Index, id: Buffer, doc: Buffer, runs: SortedRuns<Buffer>): void => {
  const entries = entriesOf(index, id, documentAt(doc));
  for (const { key } of entries.keys.values()) runs.add(key, id);
  mergeShape(index, entries);
};
