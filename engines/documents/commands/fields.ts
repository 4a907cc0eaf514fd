import { truthy } from '../bson/compare.ts';
import { elements, isDocument, type Value } from '../bson/value.ts';
import { ArgumentError, notImplemented } from '../errors.ts';
import type { Arguments } from './arguments.ts';

const words = (text: string): readonly string[] => text.split(' ');

/** Fields any command may have; those with a dollar are the driver's. */
const general = new Set(
  words(
    'lsid txnNumber stmtId stmtIds startTransaction autocommit readConcern writeConcern maxTimeMS comment apiVersion apiStrict apiDeprecationErrors',
  ),
);

const writing = words('ordered bypassDocumentValidation let');

/** The fields of each command and statement. */
const own: Readonly<Record<string, readonly string[]>> = {
  find: words(
    'filter sort projection hint skip limit batchSize singleBatch min max let collation allowDiskUse noCursorTimeout tailable awaitData oplogReplay allowPartialResults returnKey showRecordId',
  ),
  getMore: words('collection batchSize term lastKnownCommittedOpTime'),
  killCursors: words('cursors'),
  aggregate: words('pipeline cursor explain hint let collation allowDiskUse bypassDocumentValidation'),
  count: words('query skip limit hint collation fields'),
  distinct: words('key query collation hint'),
  explain: words('verbosity'),
  insert: [...writing, 'documents'],
  update: [...writing, 'updates'],
  delete: [...writing, 'deletes'],
  findAndModify: words(
    'query update remove new upsert sort fields projection arrayFilters hint collation let bypassDocumentValidation',
  ),
  bulkWrite: [...writing, ...words('ops nsInfo errorsOnly cursor')],
  'update.updates': words('q u c multi upsert arrayFilters hint collation sort'),
  'delete.deletes': words('q limit hint collation'),
  'bulkWrite.nsInfo': words('ns'),
  'bulkWrite.insert': words('insert document'),
  'bulkWrite.update': words('update filter updateMods multi upsert arrayFilters hint collation constants sort'),
  'bulkWrite.delete': words('delete filter multi hint collation'),
  create: words(
    'capped autoIndexId size max timeseries expireAfterSeconds clusteredIndex changeStreamPreAndPostImages encryptedFields validator validationLevel validationAction viewOn pipeline collation storageEngine indexOptionDefaults',
  ),
  drop: [],
  dropDatabase: [],
  renameCollection: words('to dropTarget stayTemp'),
  listCollections: words('filter cursor nameOnly authorizedCollections'),
  listIndexes: words('cursor includeBuildUUIDs includeIndexBuildInfo'),
  listDatabases: words('filter nameOnly authorizedDatabases'),
  createIndexes: words('indexes commitQuorum'),
  dropIndexes: words('index'),
  collMod: words(
    'index validator validationLevel validationAction viewOn pipeline changeStreamPreAndPostImages expireAfterSeconds timeseries recordPreImages cappedSize cappedMax dryRun',
  ),
  'aggregate.cursor': words('batchSize'),
  'listCollections.cursor': words('batchSize'),
  'listIndexes.cursor': words('batchSize'),
  'bulkWrite.cursor': words('batchSize'),
  readConcern: words('level afterClusterTime atClusterTime afterOpTime provenance'),
  $changeStream: words(
    'fullDocument fullDocumentBeforeChange resumeAfter startAfter startAtOperationTime allChangesForCluster showExpandedEvents',
  ),
};

const aliases: Readonly<Record<string, string>> = { findandmodify: 'findAndModify', deleteIndexes: 'dropIndexes' };

/** Fields that change the answer in a way this server cannot. */
const beyond = new Set(words('returnKey showRecordId let min max oplogReplay'));

const isWish = (value: Value): boolean => (isDocument(value) ? elements(value).length > 0 : truthy(value));

/** Refuses fields a command does not have, so that no wish is silently passed over. */
export const refuseUnknownFields = (args: Arguments, form = args.command): void => {
  const known = own[aliases[form] ?? form];
  if (!known) return;
  for (const name of args.names()) {
    if (name === args.command || name.startsWith('$') || general.has(name)) continue;
    if (!known.includes(name)) {
      throw new ArgumentError('IDLUnknownField', `BSON field '${args.command}.${name}' is an unknown field.`);
    }
    if (beyond.has(name) && isWish(args.get(name)!)) throw notImplemented(`${args.command} with ${name}`);
  }
};
