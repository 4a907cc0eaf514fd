import { compilePipeline, parseStages, splitPipeline } from '../aggregate/pipeline.ts';
import { elements, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { winningPlan } from '../query/explain.ts';
import { type Request, requestOf, search } from '../query/find.ts';
import { collect, type Source } from '../query/source.ts';
import { Arguments } from './arguments.ts';
import type { Call, Command, Reply } from './context.ts';
import { refuseUnknownFields } from './fields.ts';
import { version } from './handshake.ts';
import { findRequest, queryRequest } from './reads.ts';

/** The search behind a command, and what becomes of the documents it finds. */
export interface Prepared {
  readonly request: Request;
  readonly filter: Value;
  readonly sort: Value | undefined;
  readonly run: (source: Source) => Source;
  readonly restCount: number;
}

/** An `aggregate` taken apart: what a search can do, and the rest of the pipeline. */
export const preparePipeline = (args: Arguments): Prepared => {
  args.refuseCollation();
  const split = splitPipeline(parseStages(args.documents('pipeline')));
  return {
    request: requestOf(split.filter, split.sort, split.skip, split.limit, args.hint()),
    filter: split.filter,
    sort: split.sort,
    run: compilePipeline(split.rest),
    restCount: split.rest.length,
  };
};

type Verbosity = 'queryPlanner' | 'executionStats' | 'allPlansExecution';

const verbosities: ReadonlySet<string> = new Set(['queryPlanner', 'executionStats', 'allPlansExecution']);

const verbosityOf = (args: Arguments): Verbosity => {
  const given = args.optionalText('verbosity') ?? 'allPlansExecution';
  if (verbosities.has(given)) return given as Verbosity;
  throw new DocumentError(
    'BadValue',
    `Enumeration value '${given}' for field 'explain.verbosity' is not a valid value.`,
  );
};

const serverInfo = (call: Call) => ({ host: call.address, version, gitVersion: 'embedded' });

const statsOf = async (call: Call, namespace: string, prepared: Prepared, verbosity: Verbosity): Promise<Reply> => {
  const { store } = call.server;
  const found = search(store, store.catalogue.get(namespace), prepared.request, call.timeLimit);
  const plan = winningPlan(found, prepared.request, prepared.filter, prepared.sort);
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
      executionStages: { ...plan, nReturned: results.length },
    },
  };
};

/** Explains an `aggregate`. */
export const explainAggregate = async (
  call: Call,
  args: Arguments,
  name: string,
  verbosity: Verbosity,
): Promise<Reply> => {
  const prepared = preparePipeline(args);
  const stats = await statsOf(call, `${call.db}.${name}`, prepared, verbosity);
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
    case 'findAndModify':
    case 'findandmodify': {
      const sort = args.optionalDocument('sort');
      return asPrepared(requestOf(args.document('query'), sort, 0, 1, args.hint()), args.document('query'), sort);
    }
    case 'update':
    case 'delete': {
      const statement = firstStatement(args, `${args.command}s`);
      const filter = statement.document('q');
      return asPrepared(requestOf(filter, undefined, 0, 0, statement.hint()), filter, undefined);
    }
    default:
      throw new DocumentError('CommandNotFound', `Explain failed due to unknown command: ${args.command}`);
  }
};

/** Tells how a command would find its documents, and how much work that is. */
export const explain: Command = async (call) => {
  const inner = call.args.optionalDocument('explain');
  const command = inner && elements(inner)[0];
  if (!inner || !command) throw new DocumentError('BadValue', 'explain command requires a nested object');
  const args = new Arguments(inner, command.name);
  refuseUnknownFields(args);
  const verbosity = verbosityOf(call.args);
  const name = isString(command.value) ? text(command.value) : undefined;
  if (name === undefined) throw new DocumentError('InvalidNamespace', 'explain needs the name of a collection');
  const reply =
    command.name === 'aggregate'
      ? await explainAggregate(call, args, name, verbosity)
      : await statsOf(call, `${call.db}.${name}`, explained(args), verbosity);
  return { ...reply, command: inner, serverInfo: serverInfo(call) };
};
