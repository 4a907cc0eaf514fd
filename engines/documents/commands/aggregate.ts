import { compilePipeline, parseStages, splitPipeline } from '../aggregate/pipeline.ts';
import { elements, isDocument, isNumber, isString, text, type Value } from '../bson/value.ts';
import { changeFeed, scopeOf } from '../change-streams.ts';
import { DocumentError } from '../errors.ts';
import { winningPlan } from '../query/explain.ts';
import { type Request, requestOf, search } from '../query/find.ts';
import { collect, type Source } from '../query/source.ts';
import { Arguments } from './arguments.ts';
import type { Call, Command, Reply } from './context.ts';
import { firstBatch, sourceFeed } from './cursor-replies.ts';
import { assertCollection, assertDatabase } from './namespace.ts';
import { findRequest, queryRequest } from './reads.ts';

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
  const cursor = new Arguments(args.document('cursor'), 'aggregate.cursor');
  return cursor.get('batchSize') ? cursor.count('batchSize', 0) : undefined;
};

interface Prepared {
  readonly request: Request;
  readonly filter: Value;
  readonly sort: Value | undefined;
  readonly run: (source: Source) => Source;
  readonly restCount: number;
}

const prepare = (args: Arguments): Prepared => {
  args.refuseCollation();
  const split = splitPipeline(parseStages(args.documents('pipeline')));
  return {
    request: requestOf(split.filter, split.sort, split.skip, split.limit, args.get('hint')),
    filter: split.filter,
    sort: split.sort,
    run: compilePipeline(split.rest),
    restCount: split.rest.length,
  };
};

const aggregate: Command = async (call): Promise<Reply> => {
  const { args, db, server } = call;
  const name = collectionOrNone(call);
  const namespace = `${db}.${name ?? '$cmd.aggregate'}`;
  const stages = parseStages(args.documents('pipeline'));
  if (stages[0]?.name === '$changeStream') {
    const { spec } = stages[0];
    if (!isDocument(spec)) throw new DocumentError('FailedToParse', '$changeStream must be an object');
    const feed = changeFeed(server.store, scopeOf(db, name, spec), spec, stages.slice(1));
    return firstBatch(call, feed, namespace, batchSizeOf(args));
  }
  if (name === undefined)
    throw new DocumentError(
      'InvalidNamespace',
      `{aggregate: 1} is not valid for '${stages[0]?.name}'; a collection is required.`,
    );
  if (args.flag('explain')) return explainAggregate(call, args, name);
  const { request, run } = prepare(args);
  const { source } = search(server.store, server.store.catalogue.get(namespace), request);
  return firstBatch(call, sourceFeed(run(source)), namespace, batchSizeOf(args));
};

const statsOf = async (call: Call, namespace: string, prepared: Prepared): Promise<Reply> => {
  const { store } = call.server;
  const found = search(store, store.catalogue.get(namespace), prepared.request);
  const plan = winningPlan(found, prepared.request, prepared.filter, prepared.sort);
  const verbosity = call.args.optionalText('verbosity') ?? 'allPlansExecution';
  const queryPlanner = {
    namespace,
    parsedQuery: prepared.filter,
    indexFilterSet: false,
    winningPlan: plan,
    rejectedPlans: [],
  };
  if (verbosity === 'queryPlanner') return { explainVersion: '1', queryPlanner };
  const started = performance.now();
  const results = await collect(prepared.run(found.source), Number.MAX_SAFE_INTEGER);
  const { examined } = found.scan;
  return {
    explainVersion: '1',
    queryPlanner,
    executionStats: {
      executionSuccess: true,
      nReturned: results.length,
      executionTimeMillis: Math.round(performance.now() - started),
      totalKeysExamined: examined.keys,
      totalDocsExamined: examined.documents,
      executionStages: plan,
    },
  };
};

const explainAggregate = async (call: Call, args: Arguments, name: string): Promise<Reply> => {
  const prepared = prepare(args);
  const stats = await statsOf(call, `${call.db}.${name}`, prepared);
  if (prepared.restCount === 0) return stats;
  const names = parseStages(args.documents('pipeline')).slice(-prepared.restCount);
  return { explainVersion: '1', stages: [{ $cursor: stats }, ...names.map((stage) => ({ [stage.name]: stage.spec }))] };
};

const asPrepared = (request: Request, filter: Value, sort: Value | undefined): Prepared => ({
  request,
  filter,
  sort,
  run: (source) => source,
  restCount: 0,
});

const firstStatement = (args: Arguments, list: string): Arguments => {
  const [doc] = args.documents(list);
  if (!doc) throw args.missing(list);
  return new Arguments(doc, `${args.command}.${list}`);
};

/** What the search behind a command looks for. */
const explained = (args: Arguments): Prepared => {
  switch (args.command) {
    case 'find':
      return asPrepared(findRequest(args), args.document('filter'), args.optionalDocument('sort'));
    case 'count':
    case 'distinct':
      return asPrepared(queryRequest(args), args.document('query'), undefined);
    case 'findAndModify': {
      const sort = args.optionalDocument('sort');
      return asPrepared(requestOf(args.document('query'), sort, 0, 1, args.get('hint')), args.document('query'), sort);
    }
    case 'update':
    case 'delete': {
      const filter = firstStatement(args, `${args.command}s`).document('q');
      return asPrepared(requestOf(filter), filter, undefined);
    }
    default:
      throw new DocumentError('CommandNotFound', `Explain failed due to unknown command: ${args.command}`);
  }
};

const explain: Command = async (call) => {
  const inner = call.args.optionalDocument('explain');
  const command = inner && elements(inner)[0];
  if (!inner || !command) throw new DocumentError('BadValue', 'explain command requires a nested object');
  const args = new Arguments(inner, command.name);
  if (!isString(command.value)) throw new DocumentError('BadValue', 'explain needs the name of a collection');
  if (command.name === 'aggregate') return explainAggregate(call, args, text(command.value));
  return statsOf(call, `${call.db}.${text(command.value)}`, explained(args));
};

/** `aggregate`, change streams included, and `explain`. */
export const aggregateCommands: Readonly<Record<string, Command>> = { aggregate, explain };
