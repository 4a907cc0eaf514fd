import { arrayValue, documentValue, encode, encodeElements, toValue } from '../bson/build.ts';
import { toInteger } from '../bson/number.ts';
import { elements, isArray, isDocument, isNumber, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { filtered, flatMapped, limited, listSource, mapped, type Source, skipped, sorted } from '../query/source.ts';
import { compileSort } from '../sort.ts';
import { documentStages } from './document-stages.ts';
import { count, group } from './group.ts';
import { unwind } from './unwind.ts';

/** Turns a stream of documents into another. */
export type Stage = (source: Source) => Source;

/** One stage as it was written. */
export interface StageSpec {
  readonly name: string;
  readonly spec: Value;
}

const whole = (name: string, spec: Value, least: bigint): number => {
  const n = isNumber(spec) ? toInteger(spec) : undefined;
  if (n === undefined || n < least) {
    const code = name === '$limit' ? (n === 0n ? 15958 : 5107201) : 5107200;
    throw new DocumentError(
      code,
      n === 0n ? 'the limit must be positive' : `invalid argument to ${name} stage: Expected a non-negative number`,
    );
  }
  return Number(n);
};

const match = (spec: Value): Stage => {
  if (!isDocument(spec)) throw new DocumentError(15959, 'the match filter must be an expression in an object');
  const matches = compileFilter(parseFilter(spec));
  return (source) => filtered(source, matches);
};

const sort = (spec: Value): Stage => {
  if (!isDocument(spec)) throw new DocumentError(15973, 'the $sort key specification must be an object');
  if (elements(spec).length === 0) throw new DocumentError(15976, '$sort stage must have at least one sort key');
  const compiled = compileSort(spec);
  return (source) => sorted(source, compiled);
};

const countStage = (spec: Value): Stage => {
  if (!isString(spec) || text(spec) === '')
    throw new DocumentError(40156, 'the count field must be a non-empty string');
  const name = text(spec);
  if (name.startsWith('$') || name.includes('.'))
    throw new DocumentError(40158, `the count field cannot be a $-prefixed path or contain '.'`);
  return count(name);
};

const sortByCount = (spec: Value): Stage => {
  const grouped = group(documentValue(encode({ _id: spec, count: { $sum: 1 } })));
  const ordered = sort(documentValue(encode({ count: -1 })));
  return (source) => ordered(grouped(source));
};

const facet = (spec: Value): Stage => {
  if (!isDocument(spec) || elements(spec).length === 0) {
    throw new DocumentError(40169, 'the $facet specification must be a non-empty object');
  }
  const parts = elements(spec).map(({ name, value }) => {
    if (!isArray(value)) throw new DocumentError(40170, `arguments to $facet must be arrays, ${name} is not`);
    return { name, run: compilePipeline(parseStages(items(value))) };
  });
  return (source) => facetSource(source, parts);
};

interface Part {
  readonly name: string;
  readonly run: Stage;
}

const mostBytes = 100 * 1024 * 1024;

const facetSource = (source: Source, parts: readonly Part[]): Source => {
  const docs: Value[] = [];
  let size = 0;
  let running: { source: Source; results: Value[] }[] | undefined;
  let isDone = false;
  const absorb = (found: readonly Value[]): void => {
    for (const doc of found) size += docs[docs.push(doc) - 1]!.end - doc.start;
    if (size > mostBytes) throw new DocumentError(4031700, `$facet needs more than ${mostBytes} bytes`);
  };
  return {
    get isDone() {
      return isDone;
    },
    pull: (budget) => {
      if (!source.isDone) {
        absorb(source.pull({ ...budget, documents: 1000 }));
        return [];
      }
      running ??= parts.map(({ run }) => ({ source: run(listSource(docs)), results: [] }));
      const next = running.find((part) => !part.source.isDone);
      if (next) {
        next.results.push(...next.source.pull({ ...budget, documents: 1000 }));
        return [];
      }
      isDone = true;
      const fields = running.map(({ results }, i) => [parts[i]!.name, arrayValue(results)] as const);
      return [documentValue(encodeElements(fields))];
    },
  };
};

const stages: Readonly<Record<string, (spec: Value) => Stage>> = {
  $match: match,
  $sort: sort,
  $skip: (spec) => {
    const n = whole('$skip', spec, 0n);
    return (source) => skipped(source, n);
  },
  $limit: (spec) => {
    const n = whole('$limit', spec, 1n);
    return (source) => limited(source, n);
  },
  $count: countStage,
  $group: group,
  $sortByCount: sortByCount,
  $unwind: (spec) => {
    const expand = unwind(spec);
    return (source) => flatMapped(source, expand);
  },
  $facet: facet,
};

/** Stages that MongoDB has and this server has not. */
const known = new Set(
  '$bucket $bucketAuto $changeStreamSplitLargeEvent $collStats $currentOp $densify $documents $fill $geoNear $graphLookup $indexStats $lookup $merge $out $planCacheStats $redact $sample $search $setWindowFields $unionWith $listSessions $listLocalSessions'.split(
    ' ',
  ),
);

const compileStage = ({ name, spec }: StageSpec): Stage => {
  const make = Object.hasOwn(stages, name) ? stages[name] : undefined;
  if (make) return make(spec);
  const change = Object.hasOwn(documentStages, name) ? documentStages[name]!(spec) : undefined;
  if (change) return (source) => mapped(source, change);
  const reason = known.has(name) ? '; the embedded document store does not have it, use a MongoDB server' : '';
  throw new DocumentError(40324, `Unrecognized pipeline stage name: '${name}'${reason}`);
};

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
  return {
    filter: matches.length === 1 ? matches[0]! : toValue(matches.length === 0 ? {} : { $and: matches }),
    sort: taken.get('$sort'),
    skip: Number((taken.get('$skip') && toInteger(taken.get('$skip')!)) ?? 0n),
    limit: Number((taken.get('$limit') && toInteger(taken.get('$limit')!)) ?? 0n),
    rest: specs.slice(at),
  };
};
