import { hostname } from 'node:os';
import { compilePipeline, type StageSpec } from '../aggregate/pipeline.ts';
import { documentValue, encode } from '../bson/build.ts';
import { elements, isDocument, type Value } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { listSource, type Source } from '../query/source.ts';
import { indexDocument } from '../storage/index-spec.ts';
import { runningOperations } from './administration.ts';
import { Arguments } from './arguments.ts';
import type { Call } from './context.ts';
import { existingCollection, scaleOf, storageStats } from './statistics.ts';

type Fields = { readonly [name: string]: Writable };

/** Makes the documents a diagnostic stage begins a pipeline with. */
type Diagnostic = (call: Call, name: string | undefined, spec: Value) => Promise<Fields[]> | Fields[];

const collectionOf = (call: Call, stage: string, name: string | undefined) => {
  if (name !== undefined) return existingCollection(call.server.store, call.db, name);
  throw new DocumentError('InvalidNamespace', `{aggregate: 1} is not valid for '${stage}'; a collection is required.`);
};

const collStats: Diagnostic = async (call, name, spec) => {
  const args = new Arguments(spec, '$collStats');
  const other = args.names().find((option) => option !== 'count' && option !== 'storageStats');
  if (other) throw notImplemented(`$collStats with ${other}`);
  const collection = collectionOf(call, '$collStats', name);
  const head: Fields = { ns: `${call.db}.${name}`, host: hostname(), localTime: new Date() };
  const storage = args.has('storageStats')
    ? { storageStats: await storageStats(call.server.store, collection, scaleOf(args.within('storageStats'))) }
    : {};
  return [{ ...head, ...storage, ...(args.has('count') ? { count: collection.count } : {}) }];
};

const indexStats: Diagnostic = (call, name, spec) => {
  if (elements(spec).length > 0)
    throw new DocumentError(28803, 'The $indexStats stage specification must be an empty object');
  const { indexes, uses } = collectionOf(call, '$indexStats', name);
  const accesses = (ops: number) => ({ ops: BigInt(ops), since: new Date(call.server.startedAt) });
  const id = { name: '_id_', key: { _id: 1 }, host: hostname(), accesses: accesses(uses) };
  const others = indexes.map((index) => ({
    name: index.name,
    key: index.key,
    host: hostname(),
    accesses: accesses(index.uses),
    spec: indexDocument(index),
  }));
  return [{ ...id, spec: { v: 2, key: { _id: 1 }, name: '_id_' } }, ...others];
};

const currentOp: Diagnostic = (call, name) => {
  if (name !== undefined || call.db !== 'admin') {
    throw new DocumentError(
      'InvalidNamespace',
      "$currentOp must be run against the 'admin' database with {aggregate: 1}",
    );
  }
  return runningOperations(call);
};

const diagnostics: Readonly<Record<string, Diagnostic>> = {
  $collStats: collStats,
  $indexStats: indexStats,
  $currentOp: currentOp,
};

/** Whether a stage begins a pipeline with what the server knows of itself. */
export const isDiagnostic = (name: string): boolean => Object.hasOwn(diagnostics, name);

/** A pipeline that begins with a diagnostic stage. */
export const runDiagnostic = async (
  call: Call,
  name: string | undefined,
  first: StageSpec,
  rest: readonly StageSpec[],
): Promise<Source> => {
  if (!isDocument(first.spec)) throw new DocumentError('FailedToParse', `${first.name} must take a nested object`);
  const run = compilePipeline(rest);
  const docs = await diagnostics[first.name]!(call, name, first.spec);
  return run(listSource(docs.map((doc) => documentValue(encode(doc)))));
};
