import { documentAt } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { newUuid } from '../uuid.ts';
import { type Collection, namespaceOf } from './collection.ts';
import { type Counts, countKey, loadCounts } from './counts.ts';
import type { Environment } from './environment.ts';
import { loadCollection, storedCollection } from './stored-collection.ts';

const nextIdKey = Buffer.from('\0next');
const garbagePrefix = '\0garbage';
const collectionKey = (collection: Pick<Collection, 'db' | 'name'>): Buffer => Buffer.from(namespaceOf(collection));

/** Which collections and indexes there are. All changes belong inside a write transaction. */
export class Catalogue {
  private readonly env: Environment;
  private readonly collections = new Map<string, Collection>();
  private nextId: number;

  constructor(env: Environment) {
    this.env = env;
    this.nextId = env.catalogue.get(nextIdKey)?.readUInt32BE() ?? 1;
    const countsOf = (id: number): Counts => loadCounts(env, id);
    for (const { value } of env.catalogue.getRange({ start: Buffer.from([1]) })) {
      const collection = loadCollection(documentAt(value), countsOf);
      this.collections.set(namespaceOf(collection), collection);
    }
  }

  get(namespace: string): Collection | undefined {
    return this.collections.get(namespace);
  }

  all(): Collection[] {
    return [...this.collections.values()];
  }

  /** A number no collection or index has had. */
  newId(): number {
    const id = this.nextId;
    this.nextId += 1;
    this.env.catalogue.putSync(nextIdKey, countKey(this.nextId));
    return id;
  }

  /** Throws unless a collection of this name may be made; reading it does no harm. */
  assertCreatable(db: string, name: string): void {
    if (name.startsWith('system.'))
      throw new DocumentError('InvalidNamespace', `Invalid system namespace: ${db}.${name}`);
    const other = this.all().find((one) => one.db !== db && one.db.toLowerCase() === db.toLowerCase());
    if (!other) return;
    const text = `db already exists with different case already have: [${other.db}] trying to create [${db}]`;
    throw new DocumentError('DatabaseDifferCase', text);
  }

  create(db: string, name: string): Collection {
    this.assertCreatable(db, name);
    const collection: Collection = {
      id: this.newId(),
      uuid: newUuid(),
      db,
      name,
      indexes: [],
      count: 0,
      bytes: 0,
      uses: 0,
      hasLongIds: false,
      version: 0,
    };
    this.collections.set(namespaceOf(collection), collection);
    this.save(collection);
    return collection;
  }

  save(collection: Collection): void {
    if (this.collections.get(namespaceOf(collection)) !== collection) return;
    this.env.catalogue.putSync(collectionKey(collection), storedCollection(collection));
  }

  /** Forgets a collection; its documents and entries are swept away later. */
  drop(collection: Collection): void {
    this.collections.delete(namespaceOf(collection));
    this.env.catalogue.removeSync(collectionKey(collection));
    this.discard(collection.id);
    for (const index of collection.indexes) this.discard(index.id);
  }

  rename(collection: Collection, db: string, name: string): void {
    this.collections.delete(namespaceOf(collection));
    this.env.catalogue.removeSync(collectionKey(collection));
    Object.assign(collection, { db, name });
    this.collections.set(namespaceOf(collection), collection);
    this.save(collection);
  }

  /** Marks everything under a number as garbage. */
  discard(id: number): void {
    this.env.catalogue.putSync(Buffer.concat([Buffer.from(garbagePrefix), countKey(id)]), Buffer.alloc(0));
  }

  /** The numbers whose documents or entries are to be swept away. */
  garbage(): number[] {
    const start = Buffer.from(garbagePrefix);
    const keys = this.env.catalogue.getKeys({ start, end: Buffer.concat([start, Buffer.alloc(5, 255)]) });
    return [...keys].map((key) => key.readUInt32BE(start.length));
  }

  forgetGarbage(id: number): void {
    this.env.catalogue.removeSync(Buffer.concat([Buffer.from(garbagePrefix), countKey(id)]));
    this.env.counts.removeSync(countKey(id));
  }
}
