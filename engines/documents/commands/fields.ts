import { DocumentError, notImplemented } from '../errors.ts';
import type { Arguments } from './arguments.ts';

const words = (text: string): readonly string[] => text.split(' ');

/** Fields any command may have; those with a dollar are the driver's. */
const general = new Set(
  words(
    'lsid txnNumber startTransaction autocommit readConcern writeConcern maxTimeMS comment apiVersion apiStrict apiDeprecationErrors',
  ),
);

const writing = words('ordered bypassDocumentValidation let');

/** The fields of each command that is read field by field. */
const own: Readonly<Record<string, readonly string[]>> = {
  find: words(
    'filter sort projection hint skip limit batchSize singleBatch min max let collation allowDiskUse noCursorTimeout tailable awaitData oplogReplay allowPartialResults returnKey showRecordId',
  ),
  getMore: words('collection batchSize term lastKnownCommittedOpTime'),
  aggregate: words('pipeline cursor explain hint let collation allowDiskUse bypassDocumentValidation'),
  count: words('query skip limit hint collation fields'),
  distinct: words('key query collation hint'),
  insert: [...writing, 'documents'],
  update: [...writing, 'updates'],
  delete: [...writing, 'deletes'],
  findAndModify: words(
    'query update remove new upsert sort fields projection arrayFilters hint collation let bypassDocumentValidation',
  ),
  bulkWrite: [...writing, ...words('ops nsInfo errorsOnly cursor')],
  createIndexes: words('indexes commitQuorum'),
  'update.updates': words('q u c multi upsert arrayFilters hint collation sort'),
  'delete.deletes': words('q limit hint collation'),
};

/** Fields that change the answer in a way this server cannot. */
const beyond = new Set(words('returnKey showRecordId let min max'));

/** Refuses fields a command does not have, so that no wish is silently passed over. */
export const refuseUnknownFields = (args: Arguments): void => {
  const known = own[args.command];
  if (!known) return;
  for (const name of args.names()) {
    if (name === args.command || name.startsWith('$') || general.has(name)) continue;
    if (!known.includes(name)) {
      throw new DocumentError(40415, `BSON field '${args.command}.${name}' is an unknown field.`);
    }
    if (beyond.has(name) && args.flag(name)) throw notImplemented(`${args.command} with ${name}`);
  }
};
