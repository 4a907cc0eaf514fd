import { randomBytes } from 'node:crypto';
import { binary, encode } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { toNumber } from '../bson/number.ts';
import { bytesOf, documentAt, elements, field, isArray, isDocument, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter, type Matcher } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import type { Filter } from '../filter/shape.ts';
import { type Path, pathOf } from '../paths.ts';
import { type Environment, endOfScope, scoped } from './environment.ts';

/** One field of an index pattern. */
interface IndexField {
  readonly path: Path;
  readonly direction: 1 | -1;
}

/** What an index was asked to be. */
export interface IndexSpec {
  readonly name: string;
  readonly key: Value;
  readonly isUnique: boolean;
  readonly isSparse: boolean;
  readonly isHidden: boolean;
  readonly partialFilter: Value | undefined;
  readonly expireAfterSeconds: number | undefined;
}

export interface Index extends IndexSpec {
  readonly id: number;
  readonly fields: readonly IndexField[];
  readonly partial: { readonly filter: Filter; readonly matches: Matcher } | undefined;
  /** By field, whether a document has ever held an array there; such a field gives several entries per document. */
  readonly multikey: boolean[];
  /** Whether an entry was ever too long to be stored whole, so that the order of entries is not exact. */
  isInexact: boolean;
  isBuilding: boolean;
  /** How often the index was used since the start. */
  uses: number;
  /** While the index is being built, the documents written meanwhile, which need no entry from the build. */
  readonly writtenMeanwhile: Set<string>;
}

export interface Collection {
  readonly id: number;
  readonly uuid: Buffer;
  db: string;
  name: string;
  indexes: Index[];
  count: number;
  /** The bytes of all documents. */
  bytes: number;
  /** How often documents were found by `_id` since the start. */
  uses: number;
  /** Whether an `_id` was ever too long to be a key as it is. */
  hasLongIds: boolean;
  /** Counts changes, so that a search can tell whether anything moved since. */
  version: number;
}

/** The full name of a collection. */
export const namespaceOf = ({ db, name }: Pick<Collection, 'db' | 'name'>): string => `${db}.${name}`;

/** The fields of an index pattern. */
const indexFields = (key: Value): IndexField[] =>
  elements(key).map(({ name, value }) => ({ path: pathOf(name), direction: toNumber(value) < 0 ? -1 : 1 }));

/** An index of this specification, without entries yet. */
export const makeIndex = (id: number, spec: IndexSpec): Index => {
  const filter = spec.partialFilter && parseFilter(spec.partialFilter);
  const fields = indexFields(spec.key);
  return {
    ...spec,
    id,
    fields,
    partial: filter && { filter, matches: compileFilter(filter) },
    multikey: fields.map(() => false),
    isInexact: false,
    isBuilding: false,
    uses: 0,
    writtenMeanwhile: new Set(),
  };
};

const owned = (value: Value): Value => ({
  ...value,
  buf: Buffer.from(bytesOf(value)),
  start: 0,
  end: value.end - value.start,
});

/** An index specification from its stored or given form. */
export const readIndexSpec = (doc: Value): IndexSpec => {
  const partial = field(doc, 'partialFilterExpression');
  const expiry = field(doc, 'expireAfterSeconds');
  return {
    name: text(field(doc, 'name')!),
    key: owned(field(doc, 'key')!),
    isUnique: truthy(field(doc, 'unique')),
    isSparse: truthy(field(doc, 'sparse')),
    isHidden: truthy(field(doc, 'hidden')),
    partialFilter: isDocument(partial) ? owned(partial) : undefined,
    expireAfterSeconds: expiry && toNumber(expiry),
  };
};

/** An index specification as `listIndexes` shows it. */
export const indexDocument = (spec: IndexSpec) => ({
  v: 2,
  key: spec.key,
  name: spec.name,
  unique: spec.isUnique || undefined,
  sparse: spec.isSparse || undefined,
  hidden: spec.isHidden || undefined,
  partialFilterExpression: spec.partialFilter,
  expireAfterSeconds: spec.expireAfterSeconds,
});

const storedIndex = (index: Index) => ({
  ...indexDocument(index),
  id: index.id,
  multikey: index.multikey,
  inexact: index.isInexact,
  building: index.isBuilding,
});

const storedCollection = (collection: Collection): Buffer =>
  encode({
    id: collection.id,
    uuid: binary(collection.uuid, 4),
    db: collection.db,
    name: collection.name,
    hasLongIds: collection.hasLongIds,
    indexes: collection.indexes.map(storedIndex),
  });

const loadIndex = (doc: Value): Index => {
  const index = makeIndex(toNumber(field(doc, 'id')!), readIndexSpec(doc));
  const flags = field(doc, 'multikey');
  if (isArray(flags)) for (const [i, flag] of items(flags).entries()) index.multikey[i] = truthy(flag);
  index.isInexact = truthy(field(doc, 'inexact'));
  index.isBuilding = truthy(field(doc, 'building'));
  return index;
};

const loadCollection = (doc: Value, countsOf: (id: number) => Counts): Collection => {
  const id = toNumber(field(doc, 'id')!);
  const uuid = field(doc, 'uuid')!;
  return {
    id,
    uuid: Buffer.from(uuid.buf.subarray(uuid.start + 5, uuid.end)),
    db: text(field(doc, 'db')!),
    name: text(field(doc, 'name')!),
    indexes: items(field(doc, 'indexes')!).map(loadIndex),
    ...countsOf(id),
    uses: 0,
    hasLongIds: truthy(field(doc, 'hasLongIds')),
    version: 0,
  };
};

const nextIdKey = Buffer.from('\0next');
const garbagePrefix = '\0garbage';
const collectionKey = (collection: Pick<Collection, 'db' | 'name'>): Buffer => Buffer.from(namespaceOf(collection));

/** The number of a collection as the key of its count. */
export const countKey = (id: number): Buffer => {
  const key = Buffer.alloc(4);
  key.writeUInt32BE(id);
  return key;
};

/** How many documents a collection has, and how many bytes they take. */
export interface Counts {
  readonly count: number;
  readonly bytes: number;
}

/** Counts as they are stored. */
export const storedCounts = ({ count, bytes }: Counts): Buffer => {
  const value = Buffer.alloc(16);
  value.writeBigUInt64BE(BigInt(count));
  value.writeBigUInt64BE(BigInt(bytes), 8);
  return value;
};

/** An earlier version did not store the bytes; then they are counted once. */
const loadCounts = ({ counts, documents }: Environment, id: number): Counts => {
  const stored = counts.get(countKey(id));
  const count = Number(stored?.readBigUInt64BE() ?? 0n);
  if (!stored || stored.length === 16) return { count, bytes: Number(stored?.readBigUInt64BE(8) ?? 0n) };
  let bytes = 0;
  const range = { start: scoped(id, Buffer.alloc(0)), end: endOfScope(id) };
  for (const { value } of documents.getRange(range)) bytes += value.length;
  return { count, bytes };
};

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

/** A new random UUID. */
export const newUuid = (): Buffer => {
  const uuid = randomBytes(16);
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return uuid;
};
