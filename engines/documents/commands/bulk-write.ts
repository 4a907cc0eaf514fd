import { documentValue, double, encode } from '../bson/build.ts';
import { elements, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { listSource } from '../query/source.ts';
import type { Namespace, Operation, Outcome } from '../writes/operations.ts';
import { Arguments } from './arguments.ts';
import type { Call, Command, Reply } from './context.ts';
import { firstBatch, sourceFeed } from './cursor-replies.ts';
import { refuseUnknownFields } from './fields.ts';
import { splitNamespace } from './namespace.ts';
import { errorFields, executeOnce, sum } from './once.ts';
import { compiled, deleteOperation, statementsOf, type Target, updateOperation } from './statements.ts';

const kinds = new Set(['insert', 'update', 'delete']);

const updateNames = { filter: 'filter', update: 'updateMods', constants: 'constants' };

const namespacesOf = ({ args }: Call): Namespace[] =>
  args.documents('nsInfo').map((doc) => {
    const info = new Arguments(doc, 'bulkWrite.nsInfo');
    refuseUnknownFields(info);
    return splitNamespace(info.text('ns'));
  });

/** The kind of an operation and where it writes; what makes no sense fails the whole command. */
const headOf = (namespaces: readonly Namespace[], doc: Value, i: number) => {
  const kind = elements(doc)[0]?.name ?? '';
  if (!kinds.has(kind))
    throw new DocumentError('BadValue', `BulkWrite ops entry[${i}] is not a known operation: '${kind}'`);
  const args = new Arguments(doc, kind);
  refuseUnknownFields(args, `bulkWrite.${kind}`);
  const namespace = namespaces[args.number(kind, 0)];
  if (!namespace) throw new DocumentError('BadValue', `BulkWrite ops entry[${i}] has an invalid nsInfo index.`);
  return { kind, args, namespace };
};

const operationsOf = (call: Call): Operation[] => {
  const namespaces = namespacesOf(call);
  const list = statementsOf(call.args, 'ops');
  const heads = list.map((doc, i) => headOf(namespaces, doc, i));
  let next = 0;
  return compiled(list, () => {
    const { kind, args, namespace } = heads[next]!;
    next += 1;
    const target: Target = { namespace, timeLimit: call.timeLimit };
    if (kind === 'insert') return { ...target, kind, doc: args.requiredDocument('document') };
    if (kind === 'update') return updateOperation(target, args, updateNames);
    return deleteOperation(target, args, 'filter', args.flag('multi'));
  });
};

const kindOf = (operation: Operation): string => {
  if (operation.kind !== 'change') return operation.kind;
  return operation.update ? 'update' : 'delete';
};

const result = (operation: Operation, { n, modified, upsertedId, error }: Outcome, idx: number) => ({
  ok: double(error ? 0 : 1),
  idx,
  ...(error ? errorFields(error) : {}),
  n,
  nModified: kindOf(operation) === 'update' ? modified : undefined,
  upserted: upsertedId ? { _id: upsertedId } : undefined,
});

const counts = (operations: readonly Operation[], outcomes: readonly Outcome[]): Reply => {
  const count = (kind: string, of: (outcome: Outcome) => number): number =>
    sum(
      outcomes.filter((_, i) => kindOf(operations[i]!) === kind),
      of,
    );
  return {
    nErrors: outcomes.filter(({ error }) => error).length,
    nInserted: count('insert', ({ n }) => n),
    nMatched: count('update', ({ n, upsertedId }) => (upsertedId ? 0 : n)),
    nModified: count('update', ({ modified }) => modified),
    nUpserted: count('update', ({ upsertedId }) => (upsertedId ? 1 : 0)),
    nDeleted: count('delete', ({ n }) => n),
  };
};

/** Writes to several collections at once, with a result for each operation. */
export const bulkWrite: Command = async (call): Promise<Reply> => {
  const { args } = call;
  if (call.db !== 'admin')
    throw new DocumentError('Unauthorized', 'bulkWrite may only be run against the admin database.');
  const operations = operationsOf(call);
  const outcomes = await executeOnce(call, operations);
  const isOnlyErrors = args.flag('errorsOnly');
  const shown = outcomes.flatMap((outcome, i) =>
    isOnlyErrors && !outcome.error ? [] : [result(operations[i]!, outcome, i)],
  );
  const cursor = args.within('cursor');
  refuseUnknownFields(cursor);
  const feed = sourceFeed(listSource(shown.map((one) => documentValue(encode(one)))));
  const most = cursor.count('batchSize', Number.MAX_SAFE_INTEGER);
  return { ...(await firstBatch(call, feed, 'admin.$cmd.bulkWrite', most)), ...counts(operations, outcomes) };
};
