import { binary, documentValue, encode } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import type { Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { compileFilter } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { listSource } from '../query/source.ts';
import type { Collection } from '../storage/collection.ts';
import type { Arguments } from './arguments.ts';
import type { Call, Command } from './context.ts';
import { firstBatch, sourceFeed } from './cursor-replies.ts';
import { refuseUnknownFields } from './fields.ts';
import { assertDatabase, collectionName, splitNamespace } from './namespace.ts';

/** Options of a collection that would change what it does. */
const unsupported = [
  'capped',
  'size',
  'max',
  'timeseries',
  'expireAfterSeconds',
  'viewOn',
  'pipeline',
  'clusteredIndex',
  'encryptedFields',
  'validator',
  'changeStreamPreAndPostImages',
  'recordPreImages',
  'cappedSize',
  'cappedMax',
  'storageEngine',
  'indexOptionDefaults',
];

/** Refuses options this server cannot honour. */
export const refuseOptions = (args: Arguments): void => {
  const option = unsupported.find((name) => args.has(name) && truthy(args.get(name)));
  if (option) throw notImplemented(`a collection with ${option}`);
};

const create: Command = async (call) => {
  const name = collectionName(call);
  call.args.refuseCollation();
  refuseOptions(call.args);
  const { store } = call.server;
  await store.write(() => {
    if (store.catalogue.get(`${call.db}.${name}`)) {
      throw new DocumentError('NamespaceExists', `Collection ${call.db}.${name} already exists.`);
    }
    store.catalogue.create(call.db, name);
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
  if (['admin', 'config', 'local'].includes(db))
    throw new DocumentError('IllegalOperation', `Dropping the '${db}' database is prohibited.`);
  const isThere = server.store.catalogue.all().some((collection) => collection.db === db);
  if (isThere) await server.store.write((tx) => server.store.dropDatabase(tx, db));
  server.sweepSoon();
  return isThere ? { dropped: db } : {};
};

const renameCollection: Command = async ({ server, args, db }) => {
  if (db !== 'admin')
    throw new DocumentError('Unauthorized', 'renameCollection may only be run against the admin database.');
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

/** A listing as a cursor, in batches of the size the command asks for. */
export const listing = (call: Call, docs: readonly Value[], namespace: string) => {
  const cursor = call.args.within('cursor');
  refuseUnknownFields(cursor);
  const batchSize = cursor.has('batchSize') ? cursor.count('batchSize', 0) : undefined;
  return firstBatch(call, sourceFeed(listSource(docs)), namespace, batchSize);
};

const listCollections: Command = (call) => {
  const { args, db, server } = call;
  assertDatabase(db);
  const matches = compileFilter(parseFilter(args.document('filter')));
  const docs = server.store.catalogue
    .all()
    .filter((collection) => collection.db === db)
    .map((collection) => described(collection, args.flag('nameOnly')))
    .filter((doc) => matches(doc));
  return listing(call, docs, `${db}.$cmd.listCollections`);
};

/** The commands about collections as a whole. */
export const collectionCommands: Readonly<Record<string, Command>> = {
  create,
  drop,
  dropDatabase,
  renameCollection,
  listCollections,
};
