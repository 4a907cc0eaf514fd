import { toValue } from '../bson/build.ts';
import { toInteger } from '../bson/number.ts';
import { elements, isDocument, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { mapped, type Source } from '../query/source.ts';
import { documentStages } from './document-stages.ts';
import { facet } from './facet.ts';
import { stages } from './stages.ts';

/** Turns a stream of documents into another. */
export type Stage = (source: Source) => Source;

/** One stage as it was written. */
export interface StageSpec {
  readonly name: string;
  readonly spec: Value;
}

const words = (text: string): Set<string> => new Set(text.split(' '));

/** Stages that can only begin a pipeline. */
const initial = words('$changeStream $collStats $currentOp $indexStats');

/** Stages that MongoDB has and this server has not. */
const known = words(
  '$bucket $bucketAuto $changeStreamSplitLargeEvent $densify $documents $fill $geoNear $graphLookup $listLocalSessions $listSessions $lookup $merge $out $planCacheStats $redact $search $searchMeta $setWindowFields $unionWith $vectorSearch',
);

const missing = (name: string): DocumentError => {
  if (initial.has(name)) return new DocumentError(40602, `${name} is only valid as the first stage in a pipeline`);
  const reason = known.has(name) ? '; the embedded document store does not have it, use a MongoDB server' : '';
  return new DocumentError(40324, `Unrecognized pipeline stage name: '${name}'${reason}`);
};

const compileStage = ({ name, spec }: StageSpec): Stage => {
  if (name === '$facet') return facet(parseStages, compilePipeline)(spec);
  if (Object.hasOwn(stages, name)) return stages[name]!(spec);
  if (!Object.hasOwn(documentStages, name)) throw missing(name);
  const change = documentStages[name]!(spec);
  return (source) => mapped(source, change);
};

/** Whether MongoDB has a stage of this name. */
export const isStage = (name: string): boolean =>
  [stages, documentStages].some((table) => Object.hasOwn(table, name)) ||
  name === '$facet' ||
  known.has(name) ||
  initial.has(name);

/** Reads a pipeline's list of stages. */
export const parseStages = (pipeline: readonly Value[]): StageSpec[] =>
  pipeline.map((stage) => {
    const [only, ...others] = isDocument(stage) ? elements(stage) : [];
    if (!only || others.length > 0) {
      throw new DocumentError(40323, 'A pipeline stage specification object must contain exactly one field.');
    }
    return { name: only.name, spec: only.value };
  });

/** Compiles stages into one. */
export const compilePipeline = (specs: readonly StageSpec[]): Stage => {
  const all = specs.map(compileStage);
  return (source) => all.reduce((flow, stage) => stage(flow), source);
};

/** The stages at the beginning that a search can do itself, and the rest. */
export interface Split {
  readonly filter: Value;
  readonly sort: Value | undefined;
  readonly skip: number;
  readonly limit: number;
  readonly rest: readonly StageSpec[];
}

const order = ['$match', '$sort', '$skip', '$limit'];

/** Takes the leading `$match`, `$sort`, `$skip` and `$limit` off a pipeline, as far as they stand in this order. */
export const splitPipeline = (specs: readonly StageSpec[]): Split => {
  const matches: Value[] = [];
  const taken = new Map<string, Value>();
  let at = 0;
  for (let least = 0; at < specs.length; at += 1) {
    const { name, spec } = specs[at]!;
    const place = order.indexOf(name);
    if (place < least || (place > 0 && taken.has(name))) break;
    compileStage(specs[at]!);
    if (place === 0) matches.push(spec);
    else taken.set(name, spec);
    least = place;
  }
  const numberOf = (name: string): number => Number((taken.get(name) && toInteger(taken.get(name)!)) ?? 0n);
  return {
    filter: matches.length === 1 ? matches[0]! : toValue(matches.length === 0 ? {} : { $and: matches }),
    sort: taken.get('$sort'),
    skip: numberOf('$skip'),
    limit: numberOf('$limit'),
    rest: specs.slice(at),
  };
};
