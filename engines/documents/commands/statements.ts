import type { Value } from '../bson/value.ts';
import { ArgumentError, DocumentError, notImplemented } from '../errors.ts';
import { requestOf } from '../query/find.ts';
import { compileUpdate } from '../update/apply.ts';
import type { Change, Namespace, Operation } from '../writes/operations.ts';
import { Arguments } from './arguments.ts';
import type { Call } from './context.ts';
import { refuseUnknownFields } from './fields.ts';

const failedToParse = (message: string): DocumentError => new DocumentError('FailedToParse', message);

/** What all statements of a command share. */
export interface Target {
  readonly namespace: Namespace;
  readonly timeLimit: Call['timeLimit'];
}

/** How a statement names its parts: the two commands that update have a word of their own for each. */
interface Names {
  readonly filter: string;
  readonly update: string;
  readonly constants: string;
}

const assertUpdate = (statement: Arguments, kind: string, isMulti: boolean): void => {
  if (isMulti && kind === 'replacement') {
    throw failedToParse('multi update is not supported for replacement-style update');
  }
  if (isMulti && statement.has('sort')) throw failedToParse('Cannot specify sort with multi=true');
};

/** An update as a statement asks for it. */
export const updateOperation = ({ namespace, timeLimit }: Target, statement: Arguments, names: Names): Change => {
  statement.refuseCollation();
  const filter = statement.requiredDocument(names.filter);
  if (statement.has(names.constants)) throw notImplemented('an update with constants');
  const update = compileUpdate(statement.required(names.update), statement.optionalDocuments('arrayFilters'));
  const isMulti = statement.flag('multi');
  assertUpdate(statement, update.kind, isMulti);
  return {
    kind: 'change',
    timeLimit,
    namespace,
    request: requestOf(filter, statement.optionalDocument('sort'), 0, 0, statement.hint()),
    isMulti,
    update,
    isUpsert: statement.flag('upsert'),
    returns: 'nothing',
  };
};

/** A deletion as a statement asks for it. */
export const deleteOperation = (
  { namespace, timeLimit }: Target,
  statement: Arguments,
  filter: string,
  isMulti: boolean,
): Change => {
  statement.refuseCollation();
  return {
    kind: 'change',
    timeLimit,
    namespace,
    request: requestOf(statement.requiredDocument(filter), undefined, 0, 0, statement.hint()),
    isMulti,
    update: undefined,
    isUpsert: false,
    returns: 'nothing',
  };
};

const mostStatements = 100_000;

/** The statements of a command: at least one, and not too many. */
export const statementsOf = (args: Arguments, name: string): readonly Value[] => {
  const list = args.documents(name);
  if (list.length > 0 && list.length <= mostStatements) return list;
  const text = `Write batch sizes must be between 1 and ${mostStatements}. Got ${list.length} operations.`;
  throw new DocumentError('InvalidLength', text);
};

/** One statement; `form` is where it stands in its command. */
export const statementOf = (doc: Value, form: string): Arguments => {
  const statement = new Arguments(doc, form);
  refuseUnknownFields(statement);
  return statement;
};

/** Turns statements into operations; one that makes no sense becomes a failure in its place. */
export const compiled = (list: readonly Value[], compile: (statement: Value) => Operation): Operation[] =>
  list.map((statement) => {
    try {
      return compile(statement);
    } catch (error) {
      if (!(error instanceof DocumentError) || error instanceof ArgumentError) throw error;
      return { kind: 'invalid', error };
    }
  });
