import type { Value } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';
import { DocumentError } from '../errors.ts';
import type { Change, Operation, Outcome } from '../writes/operations.ts';
import type { Arguments } from './arguments.ts';
import { bulkWrite } from './bulk-write.ts';
import type { Call, Command } from './context.ts';
import { findAndModify } from './find-and-modify.ts';
import { collectionName } from './namespace.ts';
import { errorFields, executeOnce, sum } from './once.ts';
import { compiled, deleteOperation, statementOf, statementsOf, type Target, updateOperation } from './statements.ts';

const writeErrors = (outcomes: readonly Outcome[]): Writable => {
  const errors = outcomes.flatMap(({ error }, index) => (error ? [{ index, ...errorFields(error) }] : []));
  return errors.length > 0 ? errors : undefined;
};

const targetOf = (call: Call): Target => ({
  namespace: { db: call.db, name: collectionName(call) },
  timeLimit: call.timeLimit,
});

const insert: Command = async (call) => {
  const { namespace, timeLimit } = targetOf(call);
  const operations = statementsOf(call.args, 'documents').map(
    (doc): Operation => ({ kind: 'insert', timeLimit, namespace, doc }),
  );
  const outcomes = await executeOnce(call, operations);
  return { n: sum(outcomes, ({ n }) => n), writeErrors: writeErrors(outcomes) };
};

const upsertedIn = (outcomes: readonly Outcome[]): Writable => {
  const list = outcomes.flatMap(({ upsertedId }, index) => (upsertedId ? [{ index, _id: upsertedId }] : []));
  return list.length > 0 ? list : undefined;
};

const updateNames = { filter: 'q', update: 'u', constants: 'c' };

/** Reads the statements of an `update`. */
export const updateOf = (call: Call): ((doc: Value) => Change) => {
  const target = targetOf(call);
  return (doc) => updateOperation(target, statementOf(doc, 'update.updates'), updateNames);
};

const update: Command = async (call) => {
  const operations = compiled(statementsOf(call.args, 'updates'), updateOf(call));
  const outcomes = await executeOnce(call, operations);
  return {
    n: sum(outcomes, ({ n }) => n),
    nModified: sum(outcomes, ({ modified }) => modified),
    upserted: upsertedIn(outcomes),
    writeErrors: writeErrors(outcomes),
  };
};

const limitOf = (statement: Arguments): number => {
  statement.required('limit');
  const limit = statement.number('limit', 0);
  if (limit === 0 || limit === 1) return limit;
  throw new DocumentError('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${limit}`);
};

/** Reads the statements of a `delete`. */
export const deleteOf = (call: Call): ((doc: Value) => Change) => {
  const target = targetOf(call);
  return (doc) => {
    const statement = statementOf(doc, 'delete.deletes');
    return deleteOperation(target, statement, 'q', limitOf(statement) === 0);
  };
};

const remove: Command = async (call) => {
  const operations = compiled(statementsOf(call.args, 'deletes'), deleteOf(call));
  const outcomes = await executeOnce(call, operations);
  return { n: sum(outcomes, ({ n }) => n), writeErrors: writeErrors(outcomes) };
};

/** The commands that write documents. */
export const writeCommands: Readonly<Record<string, Command>> = {
  insert,
  update,
  delete: remove,
  findAndModify,
  findandmodify: findAndModify,
  bulkWrite,
};
