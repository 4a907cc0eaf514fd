import { equal } from '../bson/compare.ts';
import type { Value } from '../bson/value.ts';
import { elements, isString, text } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter, type Matcher } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import type { Filter } from '../filter/shape.ts';
import { compileSort, inNaturalOrder, type Sort } from '../sort.ts';
import type { Collection } from '../storage/collection.ts';
import type { Store } from '../storage/store.ts';
import type { Plan } from './plan.ts';
import { hintedPlan, planFor, scanPlan } from './planner.ts';
import { scanOf } from './run-plan.ts';
import type { Scan } from './scan.ts';
import { sorted } from './sorted.ts';
import { limited, listSource, type Source, scanSource, skipped } from './source.ts';
import type { TimeLimit } from './time-limit.ts';

/** What to find, and how much of it. */
export interface Request {
  readonly filter: Filter;
  readonly matches: Matcher;
  readonly sort: Sort | undefined;
  readonly skip: number;
  readonly limit: number;
  readonly hint: Value | undefined;
  /** Whether a sort may use the disk; it may unless this says no. */
  readonly mayUseDisk?: boolean | undefined;
}

/** A search that is ready to run, with what `explain` tells about it. */
export interface Search {
  readonly source: Source;
  readonly plan: Plan;
  readonly scan: Scan;
}

const isEmpty = (doc: Value): boolean => doc.end - doc.start === 5;

/** A request from its BSON parts; `skip` and `limit` of 0 mean none. */
export const requestOf = (filter: Value, sort?: Value, skip = 0, limit = 0, hint?: Value): Request => {
  const parsed = parseFilter(filter);
  const natural = sort && inNaturalOrder(sort);
  return {
    filter: parsed,
    matches: compileFilter(parsed),
    sort: sort && !isEmpty(sort) && !natural ? compileSort(sort) : undefined,
    skip,
    limit,
    hint: natural ? sort : hint && !isString(hint) && isEmpty(hint) ? undefined : hint,
  };
};

const badHint = (): DocumentError =>
  new DocumentError(
    'BadValue',
    'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
  );

const isIdPattern = (hint: Value): boolean => {
  const names = isString(hint) ? [text(hint)] : elements(hint).map(({ name }) => name);
  return names.length === 1 && (names[0] === '_id_' || names[0] === '_id');
};

const fromHint = (collection: Collection, request: Request, hint: Value): Plan => {
  if (!isString(hint) && inNaturalOrder(hint)) return scanPlan(collection, request);
  const index = collection.indexes.find((one) => (isString(hint) ? one.name === text(hint) : equal(one.key, hint)));
  if (index && !index.isBuilding && !index.isHidden) return hintedPlan(index, request);
  if (!isIdPattern(hint)) throw badHint();
  return planFor({ ...collection, indexes: [] }, request);
};

/** The plan of a request: what its hint says, or what the planner thinks best. */
export const planOf = (collection: Collection, request: Request): Plan =>
  request.hint ? fromHint(collection, request, request.hint) : planFor(collection, request);

const emptyScan: Scan = { examined: { keys: 0, documents: 0 }, isDone: true, take: () => [] };

/** Prepares a search; a collection that does not exist is empty. */
export const search = (
  store: Store,
  collection: Collection | undefined,
  request: Request,
  timeLimit?: TimeLimit,
): Search => {
  if (!collection) return { source: listSource([]), plan: { kind: 'nothing', isSorted: true }, scan: emptyScan };
  const plan = planOf(collection, request);
  const scan = scanOf(store, collection, plan, request.matches, timeLimit);
  const { skip, limit, sort, mayUseDisk } = request;
  const found = scanSource(scan);
  const ordered =
    sort && !plan.isSorted ? sorted(found, sort, { most: limit > 0 ? skip + limit : undefined, mayUseDisk }) : found;
  const rest = skip > 0 ? skipped(ordered, skip) : ordered;
  return { source: limit > 0 ? limited(rest, limit) : rest, plan, scan };
};
