import { documentValue, encode, type Writable } from '../bson/build.ts';
import { elements, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { compileProjection } from '../projection/project.ts';
import { requestOf } from '../query/find.ts';
import { listSource } from '../query/source.ts';
import { compileUpdate } from '../update/apply.ts';
import { execute } from '../writes/execute.ts';
import type { Change, Namespace, Operation, Outcome } from '../writes/operations.ts';
import { Arguments } from './arguments.ts';
import type { Call, Command, Reply } from './context.ts';
import { firstBatch, sourceFeed } from './cursor-replies.ts';
import { refuseUnknownFields } from './fields.ts';
import { collectionName, splitNamespace } from './namespace.ts';

const mostStatements = 100_000;

const retryable = ({ args, session }: Call) => {
  const number = args.long('txnNumber');
  return session && number !== undefined ? { session, number } : undefined;
};

/** Carries out operations once, however often the client asks. */
const executeOnce = (call: Call, operations: readonly Operation[]): Promise<Outcome[]> => {
  const { store, sessions } = call.server;
  const write = retryable(call);
  const isOrdered = call.args.get('ordered') === undefined || call.args.flag('ordered');
  if (!write) return execute(store, operations, isOrdered, () => {});
  const remember = (outcomes: readonly Outcome[]): void => sessions.remember(write, outcomes);
  return execute(store, operations, isOrdered, remember, sessions.earlier(write));
};

const sum = (outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + of(outcome), 0);

const errorFields = ({ code, message, details }: DocumentError) => ({ code, errmsg: message, ...details });

const writeErrors = (outcomes: readonly Outcome[]): Writable => {
  const errors = outcomes.flatMap(({ error }, index) => (error ? [{ index, ...errorFields(error) }] : []));
  return errors.length > 0 ? errors : undefined;
};

const statements = (call: Call, name: string): readonly Value[] => {
  const list = call.args.documents(name);
  if (list.length === 0 || list.length > mostStatements) {
    throw new DocumentError(
      'InvalidLength',
      `Write batch sizes must be between 1 and ${mostStatements}. Got ${list.length} operations.`,
    );
  }
  return list;
};

const namespaceOf = (call: Call): Namespace => ({ db: call.db, name: collectionName(call) });

const insert: Command = async (call) => {
  const namespace = namespaceOf(call);
  const operations = statements(call, 'documents').map((doc): Operation => ({ kind: 'insert', namespace, doc }));
  const outcomes = await executeOnce(call, operations);
  return { n: sum(outcomes, ({ n }) => n), writeErrors: writeErrors(outcomes) };
};

const required = (args: Arguments, name: string): Value => {
  const value = args.get(name);
  if (!value) throw args.missing(name);
  return value;
};

const updateOperation = (namespace: Namespace, statement: Arguments): Change => {
  refuseUnknownFields(statement);
  statement.refuseCollation();
  if (statement.get('c')) throw notImplemented('an update with constants');
  const update = compileUpdate(required(statement, 'u'), statement.optionalDocuments('arrayFilters'));
  const isMulti = statement.flag('multi');
  if (isMulti && update.kind === 'replacement') {
    throw new DocumentError('FailedToParse', 'multi update is not supported for replacement-style update');
  }
  required(statement, 'q');
  return {
    kind: 'change',
    namespace,
    request: requestOf(statement.document('q'), statement.optionalDocument('sort'), 0, 0, statement.get('hint')),
    isMulti,
    update,
    isUpsert: statement.flag('upsert'),
    returns: 'nothing',
  };
};

/** Turns statements into operations; one that makes no sense becomes a failure in its place. */
const compiled = (list: readonly Value[], compile: (statement: Value) => Operation): Operation[] =>
  list.map((statement) => {
    try {
      return compile(statement);
    } catch (error) {
      if (error instanceof DocumentError) return { kind: 'invalid', error };
      throw error;
    }
  });

const upsertedIn = (outcomes: readonly Outcome[]): Writable => {
  const list = outcomes.flatMap(({ upsertedId }, index) => (upsertedId ? [{ index, _id: upsertedId }] : []));
  return list.length > 0 ? list : undefined;
};

const update: Command = async (call) => {
  const namespace = namespaceOf(call);
  const operations = compiled(statements(call, 'updates'), (doc) =>
    updateOperation(namespace, new Arguments(doc, 'update.updates')),
  );
  const outcomes = await executeOnce(call, operations);
  return {
    n: sum(outcomes, ({ n }) => n),
    nModified: sum(outcomes, ({ modified }) => modified),
    upserted: upsertedIn(outcomes),
    writeErrors: writeErrors(outcomes),
  };
};

const deleteOperation = (namespace: Namespace, statement: Arguments, isMulti: boolean): Change => {
  statement.refuseCollation();
  return {
    kind: 'change',
    namespace,
    request: requestOf(statement.document('q'), undefined, 0, 0, statement.get('hint')),
    isMulti,
    update: undefined,
    isUpsert: false,
    returns: 'nothing',
  };
};

const remove: Command = async (call) => {
  const namespace = namespaceOf(call);
  const operations = compiled(statements(call, 'deletes'), (doc) => {
    const statement = new Arguments(doc, 'delete.deletes');
    refuseUnknownFields(statement);
    required(statement, 'q');
    const limit = statement.number('limit', 0);
    if (limit !== 0 && limit !== 1) {
      throw new DocumentError('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${limit}`);
    }
    return deleteOperation(namespace, statement, limit === 0);
  });
  const outcomes = await executeOnce(call, operations);
  return { n: sum(outcomes, ({ n }) => n), writeErrors: writeErrors(outcomes) };
};

const modifyOperation = (call: Call): Change => {
  const { args } = call;
  args.refuseCollation();
  const isRemove = args.flag('remove');
  const update = args.get('update');
  if (isRemove === (update !== undefined)) {
    throw new DocumentError(
      'FailedToParse',
      isRemove ? 'Cannot specify both an update and remove=true' : 'Either an update or remove=true must be specified',
    );
  }
  if (isRemove && (args.flag('upsert') || args.flag('new'))) {
    throw new DocumentError(
      'FailedToParse',
      `Cannot specify both ${args.flag('upsert') ? 'upsert' : 'new'}=true and remove=true`,
    );
  }
  return {
    kind: 'change',
    namespace: namespaceOf(call),
    request: requestOf(args.document('query'), args.optionalDocument('sort'), 0, 0, args.get('hint')),
    isMulti: false,
    update: update && compileUpdate(update, args.optionalDocuments('arrayFilters')),
    isUpsert: args.flag('upsert'),
    returns: args.flag('new') ? 'after' : 'before',
  };
};

const findAndModify: Command = async (call) => {
  const operation = modifyOperation(call);
  const spec = call.args.optionalDocument('fields') ?? call.args.optionalDocument('projection');
  const project = spec && compileProjection(spec, 'find', operation.request.matches);
  const [outcome] = await executeOnce(call, [operation]);
  const { n, upsertedId, value, error } = outcome!;
  if (error) throw error;
  const lastErrorObject = operation.update ? { n, updatedExisting: n > 0 && !upsertedId, upserted: upsertedId } : { n };
  return { lastErrorObject, value: value ? (project ? project(value) : value) : null };
};

const bulkOperation = (namespaces: readonly Namespace[], doc: Value): Operation => {
  const kind = elements(doc)[0]!.name;
  const args = new Arguments(doc, 'bulkWrite.ops');
  const namespace = namespaces[args.number(kind, 0)];
  if (!namespace) throw new DocumentError('BadValue', `BulkWrite ops entry has an invalid nsInfo index`);
  if (kind === 'insert') return { kind: 'insert', namespace, doc: args.document('document') };
  const renamed = documentValue(
    encode({
      q: args.document('filter'),
      u: args.get('updateMods'),
      multi: args.get('multi'),
      upsert: args.get('upsert'),
      arrayFilters: args.get('arrayFilters'),
      hint: args.get('hint'),
      sort: args.get('sort'),
      collation: args.get('collation'),
    }),
  );
  const statement = new Arguments(renamed, 'bulkWrite.ops');
  if (kind === 'update') return updateOperation(namespace, statement);
  if (kind === 'delete') return deleteOperation(namespace, statement, args.flag('multi'));
  throw new DocumentError('BadValue', `Unrecognized bulkWrite operation '${kind}'`);
};

const bulkResult = (operation: Operation, { n, modified, upsertedId, error }: Outcome, idx: number) => ({
  ok: error ? 0 : 1,
  idx,
  ...(error ? errorFields(error) : {}),
  n,
  nModified: kindOf(operation) === 'update' ? modified : undefined,
  upserted: upsertedId ? { _id: upsertedId } : undefined,
});

const kindOf = (operation: Operation): string => {
  if (operation.kind !== 'change') return operation.kind;
  return operation.update ? 'update' : 'delete';
};

const bulkWrite: Command = async (call): Promise<Reply> => {
  const { args } = call;
  if (call.db !== 'admin')
    throw new DocumentError('Unauthorized', 'bulkWrite may only be run against the admin database.');
  const namespaces = args
    .documents('nsInfo')
    .map((doc) => splitNamespace(new Arguments(doc, 'bulkWrite.nsInfo').text('ns')));
  const operations = compiled(statements(call, 'ops'), (doc) => bulkOperation(namespaces, doc));
  const outcomes = await executeOnce(call, operations);
  const count = (kind: string, of: (outcome: Outcome) => number): number =>
    sum(
      outcomes.filter((_, i) => kindOf(operations[i]!) === kind),
      of,
    );
  const all = outcomes.map((outcome, i) => bulkResult(operations[i]!, outcome, i));
  const shown = args.flag('errorsOnly') ? all.filter(({ ok }) => ok === 0) : all;
  const docs = shown.map((result) => documentValue(encode(result)));
  const batchSize = args.optionalDocument('cursor') ? new Arguments(args.document('cursor'), 'cursor') : undefined;
  const most = batchSize?.get('batchSize') ? batchSize.count('batchSize', 0) : Number.MAX_SAFE_INTEGER;
  return {
    ...(await firstBatch(call, sourceFeed(listSource(docs)), 'admin.$cmd.bulkWrite', most)),
    nErrors: errorCount(outcomes),
    nInserted: count('insert', ({ n }) => n),
    nMatched: count('update', ({ n, upsertedId }) => (upsertedId ? 0 : n)),
    nModified: count('update', ({ modified }) => modified),
    nUpserted: count('update', ({ upsertedId }) => (upsertedId ? 1 : 0)),
    nDeleted: count('delete', ({ n }) => n),
  };
};

const errorCount = (outcomes: readonly Outcome[]): number => outcomes.filter(({ error }) => error).length;

/** The commands that write documents. */
export const writeCommands: Readonly<Record<string, Command>> = {
  insert,
  update,
  delete: remove,
  findAndModify,
  findandmodify: findAndModify,
  bulkWrite,
};
