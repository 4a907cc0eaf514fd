import { compilePipeline, parseStages, type StageSpec } from '../aggregate/pipeline.ts';
import { isDocument, isNumber, isString, text } from '../bson/value.ts';
import { changeFeed } from '../change-streams/feed.ts';
import { scopeOf } from '../change-streams/scope.ts';
import { DocumentError } from '../errors.ts';
import { search } from '../query/find.ts';
import type { Arguments } from './arguments.ts';
import type { Call, Command, Reply } from './context.ts';
import { firstBatch, sourceFeed } from './cursor-replies.ts';
import { isDiagnostic, runDiagnostic } from './diagnostic-stages.ts';
import { explain, explainAggregate } from './explain.ts';
import { preparePipeline } from './explained.ts';
import { refuseUnknownFields } from './fields.ts';
import { assertCollection, assertDatabase } from './namespace.ts';

const collectionOrNone = ({ args, db }: Call): string | undefined => {
  const value = args.get('aggregate');
  if (isNumber(value)) {
    assertDatabase(db);
    return undefined;
  }
  if (!isString(value))
    throw new DocumentError('FailedToParse', 'Invalid aggregate command: the collection must be a string or 1');
  assertCollection(db, text(value));
  return text(value);
};

const batchSizeOf = (args: Arguments): number | undefined => {
  if (!args.has('cursor'))
    throw new DocumentError(
      'FailedToParse',
      "The 'cursor' option is required, except for aggregate with the explain argument",
    );
  const cursor = args.within('cursor');
  refuseUnknownFields(cursor);
  return cursor.has('batchSize') ? cursor.count('batchSize', 0) : undefined;
};

const watch = (call: Call, name: string | undefined, { spec }: StageSpec, rest: readonly StageSpec[]) => {
  if (!isDocument(spec)) throw new DocumentError(50808, '$changeStream stage expects a document as argument');
  const { db, server } = call;
  return changeFeed(server.store, scopeOf(db, name, spec), spec, rest);
};

/** The documents a pipeline begins with, if it is about a collection. */
const collectionFeed = (call: Call, name: string) => {
  const { store } = call.server;
  const { request, run } = preparePipeline(call.args);
  const { source } = search(store, store.catalogue.get(`${call.db}.${name}`), request, call.timeLimit);
  return sourceFeed(run(source), call.timeLimit);
};

/** Throws for a pipeline that would need a collection; first of all its stages must be ones. */
const refuseWithoutCollection = (stages: readonly StageSpec[]): never => {
  compilePipeline(stages);
  const what = stages[0] ? `'${stages[0].name}'; a collection is required.` : 'an empty pipeline.';
  throw new DocumentError('InvalidNamespace', `{aggregate: 1} is not valid for ${what}`);
};

const aggregate: Command = async (call): Promise<Reply> => {
  const { args, db } = call;
  const name = collectionOrNone(call);
  const namespace = `${db}.${name ?? '$cmd.aggregate'}`;
  const all = parseStages(args.documents('pipeline'));
  const [first, ...rest] = all;
  if (args.flag('explain')) return name === undefined ? refuseWithoutCollection(all) : explainAggregate(call);
  const batchSize = batchSizeOf(args);
  if (first?.name === '$changeStream') return firstBatch(call, watch(call, name, first, rest), namespace, batchSize);
  if (first && isDiagnostic(first.name)) {
    const source = await runDiagnostic(call, name, first, rest);
    return firstBatch(call, sourceFeed(source), namespace, batchSize);
  }
  if (name === undefined) return refuseWithoutCollection(all);
  return firstBatch(call, collectionFeed(call, name), namespace, batchSize);
};

/** `aggregate`, change streams included, and `explain`. */
export const aggregateCommands: Readonly<Record<string, Command>> = { aggregate, explain };
