import type { Writable } from '../bson/build.ts';
import { DocumentError } from '../errors.ts';
import type { Operation, Outcome } from '../writes/operations.ts';
import { Arguments } from './arguments.ts';
import { bulkWrite } from './bulk-write.ts';
import type { Call, Command } from './context.ts';
import { refuseUnknownFields } from './fields.ts';
import { findAndModify } from './find-and-modify.ts';
import { collectionName } from './namespace.ts';
import { errorFields, executeOnce, sum } from './once.ts';
import { compiled, deleteOperation, statementsOf, type Target, updateOperation } from './statements.ts';

const writeErrors = (outcomes: readonly Outcome[]): Writable => {
  const errors = outcomes.flatMap(({ error }, index) => (error ? [{ index, ...errorFields(error) }] : []));
  return errors.length > 0 ? errors : undefined;
};

const targetOf = (call: Call): Target => ({
  namespace: { db: call.db, name: collectionName(call) },
  timeLimit: call.timeLimit,
});

const insert: Command = async (call) => {
  const target = targetOf(call);
  const operations = statementsOf(call.args, 'documents').map((doc): Operation => ({ ...target, kind: 'insert', doc }));
  const outcomes = await executeOnce(call, operations);
  return { n: sum(outcomes, ({ n }) => n), writeErrors: writeErrors(outcomes) };
};

const upsertedIn = (outcomes: readonly Outcome[]): Writable => {
  const list = outcomes.flatMap(({ upsertedId }, index) => (upsertedId ? [{ index, _id: upsertedId }] : []));
  return list.length > 0 ? list : undefined;
};

const updateNames = { filter: 'q', update: 'u', constants: 'c' };

const update: Command = async (call) => {
  const target = targetOf(call);
  const operations = compiled(statementsOf(call.args, 'updates'), (doc) => {
    const statement = new Arguments(doc, 'update.updates');
    refuseUnknownFields(statement);
    return updateOperation(target, statement, updateNames);
  });
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

const remove: Command = async (call) => {
  const target = targetOf(call);
  const operations = compiled(statementsOf(call.args, 'deletes'), (doc) => {
    const statement = new Arguments(doc, 'delete.deletes');
    refuseUnknownFields(statement);
    return deleteOperation(target, statement, 'q', limitOf(statement) === 0);
  });
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
