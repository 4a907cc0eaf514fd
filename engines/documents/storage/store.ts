import { setImmediate as breathe } from 'node:timers/promises';
import { documentValue, encode, type Writable } from '../bson/build.ts';
import { documentAt, idOf, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { boundedKey, encodeKey, maxKey } from '../key-encoding.ts';
import { Catalogue } from './catalogue.ts';
import type { Collection, Index } from './collection.ts';
import { countKey, storedCounts } from './counts.ts';
import { updateDescription } from './diff.ts';
import { type Environment, endOfScope, openEnvironment, scoped } from './environment.ts';
import { assertUnique, duplicateKey, type Entries, entriesOf } from './index-entries.ts';
import { Oplog, type OplogLimits } from './oplog.ts';
import { type Touched, touchedDescription } from './touched.ts';

type EventMaker = (clusterTime: Value) => Buffer;

/** What a write transaction has done so far. */
export interface Transaction {
  readonly events: EventMaker[];
  readonly counted: Set<Collection>;
}

/** A change as change streams report it, without its `_id`. */
const eventMaker =
  (
    operationType: string,
    ns: Writable,
    rest: { readonly [name: string]: Writable },
    head: { readonly [name: string]: Writable } = {},
  ): EventMaker =>
  (clusterTime) =>
    encode({ operationType, clusterTime, wallTime: new Date(), ...head, ns, ...rest });

const nsOf = ({ db, name }: Collection) => ({ db, coll: name });

/** Documents, indexes and the order of changes, in lmdb. Reads are synchronous; writes belong inside `write`. */
export class Store {
  readonly env: Environment;
  readonly catalogue: Catalogue;
  readonly oplog: Oplog;
  isStopping = false;
  private fault: 'OperationFailed' | undefined;

  constructor(path: string, limits: OplogLimits) {
    this.env = openEnvironment(path);
    this.catalogue = new Catalogue(this.env);
    this.oplog = new Oplog(this.env, limits);
  }

  /** Throws once the server is stopping; everything that takes long asks now and then. */
  assertRunning(): void {
    if (this.isStopping)
      throw new DocumentError('InterruptedAtShutdown', 'interrupted at shutdown', {
        errorLabels: ['RetryableWriteError'],
      });
  }

  /**
   * Runs `work` in a transaction together with others that are waiting, and resolves when it is durable. lmdb does not
   * undo the writes of work that throws: every operation here checks first and writes after.
   */
  async write<T>(work: (tx: Transaction) => T): Promise<T> {
    this.assertRunning();
    if (this.fault) throw new DocumentError(this.fault, 'a write has failed; restart the server once the disk is well');
    const { result, failure, position } = await this.commit(work);
    this.env.root.resetReadTxn();
    this.oplog.commit(position);
    if (failure) throw failure.error;
    return result as T;
  }

  /** After a failed commit memory and disk may differ, so that nothing more is written. */
  private async commit<T>(work: (tx: Transaction) => T) {
    try {
      return await this.env.root.transaction(() => this.runWork(work));
    } catch (error) {
      this.fault = 'OperationFailed';
      throw error;
    }
  }

  private runWork<T>(work: (tx: Transaction) => T) {
    const tx: Transaction = { events: [], counted: new Set() };
    let result: T | undefined;
    let failure: { error: unknown } | undefined;
    try {
      result = work(tx);
    } catch (error) {
      failure = { error };
    }
    for (const collection of tx.counted) this.saveCount(collection);
    return { result, failure, position: this.oplog.append(tx.events) };
  }

  private saveCount(collection: Collection): void {
    this.env.counts.putSync(countKey(collection.id), storedCounts(collection));
  }

  /** The collection of this name, made if there is none. */
  collectionFor(tx: Transaction, db: string, name: string): Collection {
    return this.catalogue.get(`${db}.${name}`) ?? this.createCollection(tx, db, name);
  }

  createCollection(_tx: Transaction, db: string, name: string): Collection {
    return this.catalogue.create(db, name);
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
    for (const { index, entries } of added) this.putEntries(collection, index, id, entries);
    this.counted(tx, collection, 1, sizeOf(doc));
    tx.events.push(eventMaker('insert', nsOf(collection), { documentKey: { _id: idValue } }, { fullDocument: doc }));
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
    const changes = collection.indexes.map((index) => ({
      index,
      old: entriesOf(index, id, before),
      now: entriesOf(index, id, after),
    }));
    for (const { index, now } of changes) assertUnique(this.env, collection, index, id, now);
    this.env.documents.putSync(scoped(collection.id, id), bytes(after));
    for (const { index, old, now } of changes) {
      for (const [text, { key }] of old.keys) if (!now.keys.has(text)) this.removeEntry(index, id, key);
      this.putEntries(collection, index, id, now, old);
    }
    this.counted(tx, collection, 0, sizeOf(after) - sizeOf(before));
    const documentKey = { _id: idOf(after) };
    if (touched === 'whole') {
      tx.events.push(eventMaker('replace', nsOf(collection), { documentKey }, { fullDocument: after }));
      return;
    }
    const description = touched ? touchedDescription(before, after, touched) : updateDescription(before, after);
    tx.events.push(eventMaker('update', nsOf(collection), { documentKey, updateDescription: description }));
  }

  remove(tx: Transaction, collection: Collection, id: Buffer, doc: Value): void {
    const documentKey = { _id: idOf(doc) };
    for (const index of collection.indexes) {
      for (const { key } of entriesOf(index, id, doc).keys.values()) this.removeEntry(index, id, key);
      if (index.isBuilding) index.writtenMeanwhile.add(id.toString('latin1'));
    }
    this.env.documents.removeSync(scoped(collection.id, id));
    this.counted(tx, collection, -1, -sizeOf(doc));
    tx.events.push(eventMaker('delete', nsOf(collection), { documentKey }));
  }

  private counted(tx: Transaction, collection: Collection, documents: number, size: number): void {
    collection.count += documents;
    collection.bytes += size;
    collection.version += 1;
    if (documents !== 0 || size !== 0) tx.counted.add(collection);
  }

  private putEntries(collection: Collection, index: Index, id: Buffer, entries: Entries, old?: Entries): void {
    for (const [text, { key }] of entries.keys) {
      if (index.isBuilding || !old?.keys.has(text)) this.env.entries.putSync(key, id);
    }
    if (index.isBuilding) index.writtenMeanwhile.add(id.toString('latin1'));
    this.noteShape(collection, index, entries);
  }

  private noteShape(collection: Collection, index: Index, entries: Entries): void {
    if (mergeShape(index, entries)) this.catalogue.save(collection);
  }

  private removeEntry(index: Index, id: Buffer, key: Buffer): void {
    if (!index.isBuilding || this.env.entries.get(key)?.equals(id)) this.env.entries.removeSync(key);
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
    tx.events.push(eventMaker('drop', nsOf(collection), {}));
  }

  private forget(collection: Collection): void {
    this.catalogue.drop(collection);
    collection.version += 1;
  }

  dropDatabase(tx: Transaction, db: string): void {
    for (const collection of this.catalogue.all()) if (collection.db === db) this.dropCollection(tx, collection);
    tx.events.push(eventMaker('dropDatabase', { db }, {}));
  }

  /** Gives a collection another name, in one step with dropping the one that has it; streams are told of the rename only. */
  renameCollection(tx: Transaction, collection: Collection, db: string, name: string): void {
    this.catalogue.assertCreatable(db, name);
    const inTheWay = this.catalogue.get(`${db}.${name}`);
    const renamed = eventMaker('rename', nsOf(collection), { to: { db, coll: name } });
    if (inTheWay) this.forget(inTheWay);
    this.catalogue.rename(collection, db, name);
    tx.events.push(renamed);
  }

  /** Removes what dropped collections and indexes left behind, a little at a time. */
  async sweep(): Promise<void> {
    for (const id of this.catalogue.garbage()) {
      for (const table of [this.env.documents, this.env.entries]) {
        const range = { start: scoped(id, Buffer.alloc(0)), end: endOfScope(id), limit: 500 };
        for (let keys = [...table.getKeys(range)]; keys.length > 0; keys = [...table.getKeys(range)]) {
          await this.write(() => {
            for (const key of keys) table.removeSync(key);
          });
          await breathe();
        }
      }
      await this.write(() => this.catalogue.forgetGarbage(id));
    }
  }

  async close(): Promise<void> {
    await this.env.root.flushed;
    await this.env.root.close();
  }
}

/** Notes in an index that it has met arrays or over-long values; says whether that is news. */
export const mergeShape = (index: Index, { arrays, isInexact }: Entries): boolean => {
  const isNews = (isInexact && !index.isInexact) || arrays.some((isArray, i) => isArray && !index.multikey[i]);
  if (!isNews) return false;
  index.isInexact ||= isInexact;
  arrays.forEach((isArray, i) => {
    index.multikey[i] ||= isArray;
  });
  return true;
};

const sizeOf = ({ start, end }: Value): number => end - start;

const bytes = (doc: Value): Buffer => doc.buf.subarray(doc.start, doc.end);
