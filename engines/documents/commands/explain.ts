import { parseStages } from '../aggregate/pipeline.ts';
import { elements, isString, text } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { winningPlan } from '../query/explain.ts';
import { search } from '../query/find.ts';
import { collect } from '../query/source.ts';
import { Arguments } from './arguments.ts';
import type { Call, Command, Reply } from './context.ts';
import { explainable, type Prepared, preparePipeline } from './explained.ts';
import { refuseUnknownFields } from './fields.ts';
import { version } from './handshake.ts';
import { collectionName } from './namespace.ts';

const verbosities = new Set(['queryPlanner', 'executionStats', 'allPlansExecution']);

const serverInfo = (call: Call) => ({ host: call.address, version, gitVersion: 'embedded' });

/** What a command's stages gave: its documents, or only their number. */
const results = ({ taker }: Prepared, plan: Reply, n: number) => {
  const nReturned = taker?.total === undefined ? n : 0;
  const counted = taker?.total === undefined ? {} : { [taker.total]: n };
  return { nReturned, executionStages: { ...plan, nReturned, ...counted } };
};

const statsOf = async (call: Call, namespace: string, prepared: Prepared, verbosity: string): Promise<Reply> => {
  const { store } = call.server;
  const { taker, filter } = prepared;
  const found = search(store, store.catalogue.get(namespace), prepared.request, call.timeLimit);
  const reading = winningPlan(found, prepared.request, filter, prepared.sort);
  const plan = taker ? { stage: taker.stage, inputStage: reading } : reading;
  const queryPlanner = {
    namespace,
    parsedQuery: filter,
    indexFilterSet: false,
    winningPlan: plan,
    rejectedPlans: [],
  };
  if (verbosity === 'queryPlanner') return { explainVersion: '1', queryPlanner };
  const started = performance.now();
  const { length } = await collect(prepared.run(found.source), prepared.most ?? Number.MAX_SAFE_INTEGER);
  const { examined } = found.scan;
  const executionStats = {
    executionSuccess: true,
    executionTimeMillis: Math.round(performance.now() - started),
    totalKeysExamined: examined.keys,
    totalDocsExamined: examined.documents,
    ...results(prepared, plan, length),
  };
  return { explainVersion: '1', queryPlanner, executionStats };
};

const explainWith = async (call: Call, prepared: Prepared, verbosity: string): Promise<Reply> => {
  const stats = await statsOf(call, `${call.db}.${collectionName(call)}`, prepared, verbosity);
  if (prepared.restCount === 0) return stats;
  const rest = parseStages(call.args.documents('pipeline')).slice(-prepared.restCount);
  return { explainVersion: '1', stages: [{ $cursor: stats }, ...rest.map(({ name, spec }) => ({ [name]: spec }))] };
};

/** Explains an `aggregate` that asks for it itself. */
export const explainAggregate = async (call: Call): Promise<Reply> => ({
  ...(await explainWith(call, preparePipeline(call.args), 'queryPlanner')),
  serverInfo: serverInfo(call),
});

const assertSameDatabase = (call: Call, inner: Arguments): void => {
  const given = inner.get('$db');
  if (!isString(given) || text(given) === call.db) return;
  const wanted = `Expected ${call.db} got ${text(given)}`;
  throw new DocumentError('InvalidNamespace', `Mismatched $db in explain command. ${wanted}`);
};

/** Tells how a command would find its documents, and how much work that is. */
export const explain: Command = async (call) => {
  const inner = call.args.optionalDocument('explain');
  const command = inner && elements(inner)[0];
  if (!inner || !command) throw new DocumentError('BadValue', 'explain command requires a nested object');
  const args = new Arguments(inner, command.name);
  const prepare = explainable.get(command.name);
  if (!prepare) throw new DocumentError('CommandNotFound', `Explain failed due to unknown command: ${command.name}`);
  assertSameDatabase(call, args);
  refuseUnknownFields(args);
  const verbosity = call.args.choice('verbosity', 'allPlansExecution', verbosities);
  const innerCall = { ...call, args };
  const reply = await explainWith(innerCall, prepare(innerCall), verbosity);
  return { ...reply, command: inner, serverInfo: serverInfo(call) };
};
