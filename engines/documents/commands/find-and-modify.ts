import { elements, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileProjection } from '../projection/project.ts';
import { requestOf } from '../query/find.ts';
import { compileUpdate } from '../update/apply.ts';
import type { Change } from '../writes/operations.ts';
import type { Arguments } from './arguments.ts';
import type { Call, Command } from './context.ts';
import { collectionName } from './namespace.ts';
import { executeOnce } from './once.ts';

const failedToParse = (message: string): DocumentError => new DocumentError('FailedToParse', message);

const assertRemoval = (args: Arguments): void => {
  if (args.has('update')) throw failedToParse('Cannot specify both an update and remove=true');
  if (args.flag('upsert')) throw failedToParse('Cannot specify both upsert=true and remove=true');
  if (args.flag('new'))
    throw failedToParse("Cannot specify both new=true and remove=true; 'remove' always returns the deleted document");
  if (args.has('arrayFilters')) throw failedToParse('Cannot specify arrayFilters and remove=true');
};

/** The change a `findAndModify` asks for. */
export const modifyOperation = (call: Call): Change => {
  const { args } = call;
  args.refuseCollation();
  const update = args.get('update');
  if (args.flag('remove')) assertRemoval(args);
  else if (!update) throw failedToParse('Either an update or remove=true must be specified');
  return {
    kind: 'change',
    timeLimit: call.timeLimit,
    namespace: { db: call.db, name: collectionName(call) },
    request: requestOf(args.document('query'), args.optionalDocument('sort'), 0, 0, args.hint()),
    isMulti: false,
    update: update && compileUpdate(update, args.optionalDocuments('arrayFilters')),
    isUpsert: args.flag('upsert'),
    returns: args.flag('new') ? 'after' : 'before',
  };
};

/** How to show the document; once it is changed, the filter no longer says which array item it was about. */
const shown = (args: Arguments, { request, returns }: Change): ((value: Value) => Value) => {
  const spec = args.optionalDocument('fields') ?? args.optionalDocument('projection');
  if (!spec) return (value) => value;
  const show = compileProjection(spec, 'find', request.matches);
  if (returns !== 'after' || !elements(spec).some(({ name }) => name.endsWith('.$'))) return show;
  throw new DocumentError('BadValue', 'cannot use a positional projection and return the new document');
};

/** Changes or removes one document and returns it. */
export const findAndModify: Command = async (call) => {
  const operation = modifyOperation(call);
  const show = shown(call.args, operation);
  const [outcome] = await executeOnce(call, [operation]);
  const { n, upsertedId, value, error } = outcome!;
  if (error) throw error;
  const lastErrorObject = operation.update ? { n, updatedExisting: n > 0 && !upsertedId, upserted: upsertedId } : { n };
  return { lastErrorObject, value: value ? show(value) : null };
};
