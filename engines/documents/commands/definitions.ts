import { binary, documentValue, encode, type Writable } from '../bson/build.ts';
import { equal, truthy } from '../bson/compare.ts';
import { toNumber } from '../bson/number.ts';
import { elements, field, isArray, isDocument, isNumber, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { compileFilter } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { listSource } from '../query/source.ts';
import { documentText } from '../shell-text.ts';
import { type Collection, type IndexSpec, indexDocument, namespaceOf, readIndexSpec } from '../storage/catalogue.ts';
import type { Call, Command } from './context.ts';
import { firstBatch, sourceFeed } from './cursor-replies.ts';
import { assertDatabase, collectionName, splitNamespace } from './namespace.ts';

const existing = (call: Call): Collection => {
  const namespace = `${call.db}.${collectionName(call)}`;
  const found = call.server.store.catalogue.get(namespace);
  if (!found) throw new DocumentError('NamespaceNotFound', `ns does not exist: ${namespace}`);
  return found;
};

const unsupported = ['capped', 'timeseries', 'viewOn', 'clusteredIndex', 'encryptedFields', 'validator'];

const create: Command = async (call) => {
  const name = collectionName(call);
  call.args.refuseCollation();
  const option = unsupported.find((one) => call.args.flag(one));
  if (option) throw notImplemented(`a collection with ${option}`);
  const { store } = call.server;
  await store.write((tx) => {
    if (store.catalogue.get(`${call.db}.${name}`)) {
      throw new DocumentError('NamespaceExists', `Collection ${call.db}.${name} already exists.`);
    }
    store.createCollection(tx, call.db, name);
  });
  return {};
};

const drop: Command = async (call) => {
  const { store, sweepSoon } = call.server;
  const namespace = `${call.db}.${collectionName(call)}`;
  const count = await store.write((tx) => {
    const collection = store.catalogue.get(namespace);
    if (collection) store.dropCollection(tx, collection);
    return collection && collection.indexes.length + 1;
  });
  sweepSoon();
  return count === undefined ? {} : { nIndexesWas: count, ns: namespace };
};

const dropDatabase: Command = async ({ server, db }) => {
  assertDatabase(db);
  await server.store.write((tx) => server.store.dropDatabase(tx, db));
  server.sweepSoon();
  return { dropped: db };
};

const renameCollection: Command = async ({ server, args }) => {
  const { store } = server;
  const from = args.text('renameCollection');
  const to = args.text('to');
  splitNamespace(from);
  const target = splitNamespace(to);
  if (from === to) throw new DocumentError('IllegalOperation', "Can't rename a collection to itself");
  await store.write((tx) => {
    const collection = store.catalogue.get(from);
    if (!collection) throw new DocumentError('NamespaceNotFound', `Source collection ${from} does not exist`);
    if (store.catalogue.get(to) && !args.flag('dropTarget')) {
      throw new DocumentError('NamespaceExists', 'target namespace exists');
    }
    store.renameCollection(tx, collection, target.db, target.name);
  });
  server.sweepSoon();
  return {};
};

const idIndex = { v: 2, key: { _id: 1 }, name: '_id_' };

const described = (collection: Collection, isNameOnly: boolean): Value =>
  documentValue(
    encode({
      name: collection.name,
      type: 'collection',
      ...(isNameOnly ? {} : { options: {}, info: { readOnly: false, uuid: binary(collection.uuid, 4) }, idIndex }),
    }),
  );

const listCollections: Command = (call) => {
  const { args, db, server } = call;
  assertDatabase(db);
  const matches = compileFilter(parseFilter(args.document('filter')));
  const docs = server.store.catalogue
    .all()
    .filter((collection) => collection.db === db)
    .map((collection) => described(collection, args.flag('nameOnly')))
    .filter((doc) => matches(doc));
  return firstBatch(call, sourceFeed(listSource(docs)), `${db}.$cmd.listCollections`, undefined);
};

const listIndexes: Command = (call) => {
  const collection = existing(call);
  const built = collection.indexes.filter(({ isBuilding }) => !isBuilding).map(indexDocument);
  const docs = [idIndex, ...built].map((spec) => documentValue(encode(spec as { [name: string]: Writable })));
  return firstBatch(call, sourceFeed(listSource(docs)), namespaceOf(collection), undefined);
};

const cannotCreate = (message: string): DocumentError => new DocumentError('CannotCreateIndex', message);

const assertPattern = (key: Value): void => {
  const fields = elements(key);
  if (fields.length === 0) throw cannotCreate('Index keys cannot be an empty object.');
  for (const { name, value } of fields) {
    if (isString(value)) throw notImplemented(`an index of type "${text(value)}"`);
    if (!isNumber(value) || toNumber(value) === 0 || Number.isNaN(toNumber(value))) {
      throw cannotCreate(`Values in v:2 index key pattern cannot be of this type or 0: ${documentText(key)}`);
    }
    if (name.startsWith('$') || name === '' || name.split('.').includes('')) {
      throw cannotCreate(`Index key contains an illegal field name: '${name}'.`);
    }
    if (name.split('.').includes('$**')) throw notImplemented('a wildcard index');
  }
};

const assertExpiry = (doc: Value, key: Value): void => {
  const expiry = field(doc, 'expireAfterSeconds');
  if (!expiry) return;
  if (!isNumber(expiry) || toNumber(expiry) < 0 || toNumber(expiry) > 2 ** 31 - 1) {
    throw cannotCreate("TTL index 'expireAfterSeconds' option must be within an acceptable range");
  }
  if (elements(key).length > 1 || elements(key)[0]!.name === '_id') {
    throw cannotCreate('TTL indexes are single-field indexes, compound indexes do not support TTL');
  }
};

const checkedSpec = (doc: Value): IndexSpec => {
  const [key, name] = [field(doc, 'key'), field(doc, 'name')];
  if (!isDocument(key))
    throw new DocumentError('FailedToParse', "The 'key' field is a required property of an index specification");
  if (!isString(name))
    throw new DocumentError('FailedToParse', "The 'name' field is a required property of an index specification");
  if (field(doc, 'collation')) throw notImplemented('an index with a collation');
  if (field(doc, 'wildcardProjection')) throw notImplemented('a wildcard index');
  assertPattern(key);
  assertExpiry(doc, key);
  const partial = field(doc, 'partialFilterExpression');
  if (partial && truthy(field(doc, 'sparse'))) {
    throw cannotCreate('cannot mix "partialFilterExpression" and "sparse" options');
  }
  if (isDocument(partial)) parseFilter(partial);
  return readIndexSpec(doc);
};

const optionsText = (spec: IndexSpec): string => encode({ ...indexDocument(spec), name: '' }).toString('latin1');

/** Whether this very index exists; throws if a different one is in its way. */
const isPresent = (collection: Collection, spec: IndexSpec): boolean => {
  const byName = collection.indexes.find(({ name }) => name === spec.name);
  if (byName) {
    if (optionsText(byName) === optionsText(spec)) return true;
    const text = `An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. Requested index: ${documentText(spec.key)}, existing index: ${documentText(byName.key)}`;
    throw new DocumentError(equal(byName.key, spec.key) ? 'IndexOptionsConflict' : 'IndexKeySpecsConflict', text);
  }
  const byKey = collection.indexes.find((one) => equal(one.key, spec.key) && samePartial(one, spec));
  if (!byKey) return false;
  throw new DocumentError('IndexOptionsConflict', `Index already exists with a different name: ${byKey.name}`);
};

const samePartial = (a: IndexSpec, b: IndexSpec): boolean =>
  a.partialFilter && b.partialFilter ? equal(a.partialFilter, b.partialFilter) : a.partialFilter === b.partialFilter;

const isIdPattern = ({ key }: IndexSpec): boolean => {
  const fields = elements(key);
  return fields.length === 1 && fields[0]!.name === '_id';
};

const createIndexes: Command = async (call) => {
  const { store, builds } = call.server;
  const name = collectionName(call);
  const docs = call.args.documents('indexes');
  if (docs.length === 0) throw new DocumentError('BadValue', 'Must specify at least one index to create');
  const specs = docs.map(checkedSpec).filter((spec) => !isIdPattern(spec));
  const created = store.catalogue.get(`${call.db}.${name}`) === undefined;
  const collection = await store.write((tx) => store.collectionFor(tx, call.db, name));
  const before = collection.indexes.length + 1;
  const missing = specs.filter((spec) => !isPresent(collection, spec));
  for (const spec of missing) await builds.build(collection, spec);
  return {
    numIndexesBefore: before,
    numIndexesAfter: collection.indexes.length + 1,
    createdCollectionAutomatically: created,
    ...(missing.length === 0 ? { note: 'all indexes already exist' } : {}),
  };
};

const named = (collection: Collection, wanted: Value): ((spec: IndexSpec) => boolean) => {
  if (isString(wanted) && text(wanted) === '*') return () => true;
  if (isArray(wanted)) {
    const names = new Set(items(wanted).map(text));
    for (const name of names) assertFound(collection, (spec) => spec.name === name, name);
    return ({ name }) => names.has(name);
  }
  if (isString(wanted)) {
    if (text(wanted) === '_id_') throw new DocumentError('InvalidOptions', 'cannot drop _id index');
    assertFound(collection, ({ name }) => name === text(wanted), text(wanted));
    return ({ name }) => name === text(wanted);
  }
  assertFound(collection, ({ key }) => equal(key, wanted), documentText(wanted));
  return ({ key }) => equal(key, wanted);
};

const assertFound = (collection: Collection, is: (spec: IndexSpec) => boolean, what: string): void => {
  if (!collection.indexes.some(is)) throw new DocumentError('IndexNotFound', `index not found with name [${what}]`);
};

const dropIndexes: Command = async (call) => {
  const collection = existing(call);
  const wanted = call.args.get('index');
  if (!wanted) throw call.args.missing('index');
  const before = collection.indexes.length + 1;
  const { store } = call.server;
  await store.write(() => {
    const isDropped = named(collection, wanted);
    for (const index of collection.indexes.filter(isDropped)) store.catalogue.discard(index.id);
    collection.indexes = collection.indexes.filter((index) => !isDropped(index));
    store.catalogue.save(collection);
  });
  call.server.sweepSoon();
  return { nIndexesWas: before };
};

const collMod: Command = async (call) => {
  const collection = existing(call);
  const change = call.args.optionalDocument('index');
  const other = call.args.names().find((name) => unsupported.includes(name));
  if (other) throw notImplemented(`collMod with ${other}`);
  if (!change) return {};
  const [key, name, expiry] = ['keyPattern', 'name', 'expireAfterSeconds'].map((one) => field(change, one));
  const index = collection.indexes.find((one) =>
    key ? equal(one.key, key) : isString(name) && one.name === text(name),
  );
  if (!index) throw new DocumentError('IndexNotFound', `cannot find index for ns ${namespaceOf(collection)}`);
  if (!isNumber(expiry)) throw notImplemented('collMod of anything but expireAfterSeconds');
  const old = index.expireAfterSeconds;
  await call.server.store.write(() => {
    Object.assign(index, { expireAfterSeconds: toNumber(expiry) });
    call.server.store.catalogue.save(collection);
  });
  return { expireAfterSeconds_old: old, expireAfterSeconds_new: toNumber(expiry) };
};

/** The commands that define collections and indexes. */
export const definitionCommands: Readonly<Record<string, Command>> = {
  create,
  drop,
  dropDatabase,
  renameCollection,
  listCollections,
  createIndexes,
  listIndexes,
  dropIndexes,
  deleteIndexes: dropIndexes,
  collMod,
};
