import { documentValue, encode } from '../bson/build.ts';
import { equal } from '../bson/compare.ts';
import { isArray, isDocument, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { documentText } from '../shell-text.ts';
import { type Collection, type Index, namespaceOf } from '../storage/collection.ts';
import { type IndexSpec, indexDocument } from '../storage/index-spec.ts';
import { wrongType } from './arguments.ts';
import { collMod } from './coll-mod.ts';
import { listing } from './collections.ts';
import type { Call, Command } from './context.ts';
import { isPresent } from './index-conflicts.ts';
import { cannotCreate, isIdPattern } from './index-keys.ts';
import { checkedSpec } from './index-specs.ts';
import { collectionName } from './namespace.ts';

const existing = (call: Call): Collection => {
  const namespace = `${call.db}.${collectionName(call)}`;
  const found = call.server.store.catalogue.get(namespace);
  if (!found) throw new DocumentError('NamespaceNotFound', `ns does not exist: ${namespace}`);
  return found;
};

const listIndexes: Command = (call) => {
  const collection = existing(call);
  const built = collection.indexes.filter(({ isBuilding }) => !isBuilding).map(indexDocument);
  const docs = [{ v: 2, key: { _id: 1 }, name: '_id_' }, ...built].map((spec) => documentValue(encode(spec)));
  return listing(call, docs, namespaceOf(collection));
};

const specsOf = (call: Call): IndexSpec[] => {
  const docs = call.args.documents('indexes');
  if (docs.length === 0) throw new DocumentError('BadValue', 'Must specify at least one index to create');
  return docs.map(checkedSpec).filter(({ key }) => !isIdPattern(key));
};

const mostIndexes = 64;

const assertRoom = (collection: Collection, specs: readonly IndexSpec[]): void => {
  const last = specs.at(-1);
  if (!last || collection.indexes.length + 1 + specs.length <= mostIndexes) return;
  const where = `${namespaceOf(collection)} key:${documentText(last.key)}`;
  throw cannotCreate(`add index fails, too many indexes for ${where}`);
};

const createIndexes: Command = async (call) => {
  const { store, builds } = call.server;
  const name = collectionName(call);
  const specs = specsOf(call);
  const created = store.catalogue.get(`${call.db}.${name}`) === undefined;
  const collection = await store.write(() => store.collectionFor(call.db, name));
  const before = collection.indexes.length + 1;
  const missing = specs.filter((spec) => !isPresent(collection, spec));
  assertRoom(collection, missing);
  for (const spec of missing) if (!isPresent(collection, spec)) await builds.build(collection, spec);
  const after = collection.indexes.length + 1;
  return {
    numIndexesBefore: before,
    numIndexesAfter: after,
    createdCollectionAutomatically: created,
    ...(after === before && !created ? { note: 'all indexes already exist' } : {}),
  };
};

const notFound = (message: string): DocumentError => new DocumentError('IndexNotFound', message);

const cannotDropId = (): DocumentError => new DocumentError('InvalidOptions', 'cannot drop _id index');

const byName = (collection: Collection, name: string): Index => {
  if (name === '_id_') throw cannotDropId();
  const found = collection.indexes.find((index) => index.name === name);
  if (!found) throw notFound(`index not found with name [${name}]`);
  return found;
};

const byKey = (collection: Collection, key: Value): Index => {
  if (isIdPattern(key)) throw cannotDropId();
  const [found, other] = collection.indexes.filter((index) => equal(index.key, key));
  if (!found) throw notFound(`can't find index with key: ${documentText(key)}`);
  if (other) {
    const text = `${documentText(key)} index(es) found for key pattern: ${found.name}, ${other.name}. Use a name`;
    throw new DocumentError('AmbiguousIndexKeyPattern', text);
  }
  return found;
};

/** The indexes a `dropIndexes` names: by name, by pattern, several by name, or all with `*`. */
const named = (collection: Collection, wanted: Value): Index[] => {
  if (isString(wanted) && text(wanted) === '*') return [...collection.indexes];
  if (isString(wanted)) return [byName(collection, text(wanted))];
  if (isDocument(wanted)) return [byKey(collection, wanted)];
  if (!isArray(wanted) || !items(wanted).every(isString)) {
    throw wrongType('dropIndexes', 'index', wanted, '[string, array, object]');
  }
  return items(wanted).map((name) => byName(collection, text(name)));
};

const dropIndexes: Command = async (call) => {
  const collection = existing(call);
  const wanted = call.args.required('index');
  const before = collection.indexes.length + 1;
  const { store } = call.server;
  await store.write(() => {
    const dropped = named(collection, wanted);
    for (const index of dropped) store.catalogue.discard(index.id);
    collection.indexes = collection.indexes.filter((index) => !dropped.includes(index));
    store.catalogue.save(collection);
  });
  call.server.sweepSoon();
  const isAll = isString(wanted) && text(wanted) === '*';
  return { nIndexesWas: before, ...(isAll ? { msg: 'non-_id indexes dropped for collection' } : {}) };
};

/** The commands about indexes. */
export const indexCommands: Readonly<Record<string, Command>> = {
  createIndexes,
  listIndexes,
  dropIndexes,
  deleteIndexes: dropIndexes,
  collMod: (call) => collMod(call, existing(call)),
};
