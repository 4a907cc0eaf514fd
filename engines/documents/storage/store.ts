import { documentValue, encode } from '../bson/build.ts';
import { documentAt, idOf, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { boundedKey, encodeKey, maxKey } from '../key-encoding.ts';
import { Catalogue } from './catalogue.ts';
import { databaseDropped, dropped, inserted, removed, renamed, replaced, updated } from './change-events.ts';
import type { Collection } from './collection.ts';
import { type Environment, openEnvironment, scoped } from './environment.ts';
import { assertUnique, duplicateKey, entriesOf } from './index-entries.ts';
import { IndexUpkeep } from './index-upkeep.ts';
import { Oplog, type OplogLimits } from './oplog.ts';
import type { Touched } from './touched.ts';
import { type Transaction, Transactions } from './transactions.ts';

const sizeOf = ({ start, end }: Value): number => end - start;

const bytes = (doc: Value): Buffer => doc.buf.subarray(doc.start, doc.end);

/** Documents, indexes and the order of changes, in lmdb. Reads are synchronous; writes belong inside `write`. */
export class Store {
  readonly env: Environment;
  readonly catalogue: Catalogue;
  readonly oplog: Oplog;
  isStopping = false;
  private readonly upkeep: IndexUpkeep;
  private readonly transactions: Transactions;

  constructor(path: string, limits: OplogLimits) {
    this.env = openEnvironment(path);
    this.catalogue = new Catalogue(this.env);
    this.upkeep = new IndexUpkeep(this.env, this.catalogue);
    this.oplog = new Oplog(this.env, limits);
    this.transactions = new Transactions(this.env, this.oplog);
  }

  /** Throws once the server is stopping; everything that takes long asks now and then. */
  assertRunning(): void {
    if (this.isStopping)
      throw new DocumentError('InterruptedAtShutdown', 'interrupted at shutdown', {
        errorLabels: ['RetryableWriteError'],
      });
  }

  /** Runs `work` in a transaction, and resolves when what it wrote is durable. It checks first and writes after. */
  async write<T>(work: (tx: Transaction) => T): Promise<T> {
    this.assertRunning();
    return this.transactions.run(work);
  }

  /** The collection of this name, made if there is none. Inside a transaction. */
  collectionFor(db: string, name: string): Collection {
    return this.catalogue.get(`${db}.${name}`) ?? this.catalogue.create(db, name);
  }

  /** The document stored under a key. */
  get(collection: Collection, id: Buffer): Value | undefined {
    const found = this.env.documents.getBinary(scoped(collection.id, id));
    return found && documentAt(found);
  }

  insert(tx: Transaction, collection: Collection, doc: Value): void {
    const idValue = idOf(doc)!;
    const whole = encodeKey(idValue);
    const id = boundedKey(whole, maxKey.id);
    if (this.env.documents.doesExist(scoped(collection.id, id))) throw this.duplicateId(collection, idValue);
    const added = collection.indexes.map((index) => ({ index, entries: entriesOf(index, id, doc) }));
    for (const { index, entries } of added) assertUnique(this.env, collection, index, id, entries);
    if (whole !== id) this.noteLongId(collection);
    this.env.documents.putSync(scoped(collection.id, id), bytes(doc));
    for (const { index, entries } of added) this.upkeep.add(collection, index, id, entries);
    this.counted(tx, collection, 1, sizeOf(doc));
    tx.events.push(inserted(collection, doc));
  }

  /**
   * Stores `after` in the place of `before`; they have the same `_id`. Change streams tell it as a replacement, or as a
   * change of the paths that were touched, or of what is different.
   */
  replace(
    tx: Transaction,
    collection: Collection,
    id: Buffer,
    before: Value,
    after: Value,
    touched: readonly Touched[] | 'whole' | undefined,
  ): void {
    this.replaceStored(collection, id, before, after);
    this.counted(tx, collection, 0, sizeOf(after) - sizeOf(before));
    tx.events.push(touched === 'whole' ? replaced(collection, after) : updated(collection, before, after, touched));
  }

  private replaceStored(collection: Collection, id: Buffer, before: Value, after: Value): void {
    const changes = collection.indexes.map((index) => ({
      index,
      old: entriesOf(index, id, before),
      now: entriesOf(index, id, after),
    }));
    for (const { index, now } of changes) assertUnique(this.env, collection, index, id, now);
    this.env.documents.putSync(scoped(collection.id, id), bytes(after));
    for (const { index, old, now } of changes) {
      this.upkeep.remove(index, id, old, now);
      this.upkeep.add(collection, index, id, now, old);
    }
  }

  remove(tx: Transaction, collection: Collection, id: Buffer, doc: Value): void {
    for (const index of collection.indexes) this.upkeep.remove(index, id, entriesOf(index, id, doc));
    this.env.documents.removeSync(scoped(collection.id, id));
    this.counted(tx, collection, -1, -sizeOf(doc));
    tx.events.push(removed(collection, doc));
  }

  private counted(tx: Transaction, collection: Collection, documents: number, size: number): void {
    collection.count += documents;
    collection.bytes += size;
    collection.version += 1;
    if (documents !== 0 || size !== 0) tx.counted.add(collection);
  }

  private noteLongId(collection: Collection): void {
    if (collection.hasLongIds) return;
    collection.hasLongIds = true;
    this.catalogue.save(collection);
  }

  private duplicateId(collection: Collection, id: Value): DocumentError {
    return duplicateKey(collection, '_id_', documentValue(encode({ _id: 1 })), documentValue(encode({ _id: id })));
  }

  dropCollection(tx: Transaction, collection: Collection): void {
    this.forget(collection);
    tx.events.push(dropped(collection));
  }

  private forget(collection: Collection): void {
    this.catalogue.drop(collection);
    collection.version += 1;
  }

  dropDatabase(tx: Transaction, db: string): void {
    for (const collection of this.catalogue.all()) if (collection.db === db) this.dropCollection(tx, collection);
    tx.events.push(databaseDropped(db));
  }

  /** Gives a collection another name, in one step with dropping the one that has it; streams are told of the rename only. */
  renameCollection(tx: Transaction, collection: Collection, db: string, name: string): void {
    this.catalogue.assertCreatable(db, name);
    const inTheWay = this.catalogue.get(`${db}.${name}`);
    tx.events.push(renamed({ ...collection }, db, name));
    if (inTheWay) this.forget(inTheWay);
    this.catalogue.rename(collection, db, name);
  }

  async close(): Promise<void> {
    await this.env.root.flushed;
    await this.env.root.close();
  }
}
