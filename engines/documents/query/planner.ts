import { DocumentError } from '../errors.ts';
import type { Filter, Test } from '../filter/shape.ts';
import { idKey, keptBytes, maxKey } from '../key-encoding.ts';
import type { Sort } from '../sort.ts';
import type { Collection, Index } from '../storage/collection.ts';
import { afterPrefix, type Bounds, boundsOf, directed, directedRange, joinBounds, type Range } from './bounds.ts';
import { conjuncts, implies, impliesPresence } from './implication.ts';

/** How the documents of a query are found. The filter is checked again on every one of them. */
export type Plan =
  | { readonly kind: 'ids'; readonly ids: readonly Buffer[]; readonly isSorted: boolean }
  | {
      readonly kind: 'collection';
      readonly ranges: readonly Range[];
      readonly isReverse: boolean;
      readonly isSorted: boolean;
    }
  | IndexPlan
  | { readonly kind: 'union'; readonly plans: readonly Plan[]; readonly isSorted: false }
  | { readonly kind: 'nothing'; readonly isSorted: true };

export interface IndexPlan {
  readonly kind: 'index';
  readonly index: Index;
  readonly ranges: readonly Range[];
  readonly isReverse: boolean;
  readonly isSorted: boolean;
  readonly score: number;
}

/** The query as the planner sees it. */
export interface Query {
  readonly filter: Filter;
  readonly sort: Sort | undefined;
}

type Tests = ReadonlyMap<string, readonly Test[]>;

const mostRanges = 500;

const testsByPath = (parts: readonly Filter[]): Tests => {
  const tests = new Map<string, Test[]>();
  for (const part of parts) {
    if (part.kind !== 'test') continue;
    const list = tests.get(part.path.text) ?? [];
    tests.set(part.path.text, [...list, part.test]);
  }
  return tests;
};

const boundsAt = (tests: Tests, path: string, mayIntersect: boolean): Bounds | undefined => {
  const all = (tests.get(path) ?? []).map(boundsOf).filter((bounds) => bounds !== undefined);
  return joinBounds(all, mayIntersect);
};

const everything: Range = { lower: Buffer.alloc(0), upper: Buffer.alloc(2, 255) };

/** What bounds make of an index: how many fields are fixed, and the stretches to read. */
interface Stretch {
  readonly prefixes: readonly Buffer[];
  readonly points: number;
  readonly isSinglePoint: boolean;
  readonly range: readonly Range[] | undefined;
}

const emptyStretch: Stretch = { prefixes: [Buffer.alloc(0)], points: 0, isSinglePoint: true, range: undefined };

const withPoints = (stretch: Stretch, points: readonly Buffer[], direction: number): Stretch => ({
  prefixes: stretch.prefixes.flatMap((prefix) =>
    points.map((point) => Buffer.concat([prefix, directed(point, direction)])),
  ),
  points: stretch.points + 1,
  isSinglePoint: stretch.isSinglePoint && points.length === 1,
  range: undefined,
});

const isNumericPath = (index: Index): boolean =>
  index.fields.some(({ path }) => path.indexes.some((position) => position >= 0));

const stretchOf = (index: Index, tests: Tests): Stretch => {
  let stretch = emptyStretch;
  let hasUsedArray = false;
  for (const [i, { path, direction }] of index.fields.entries()) {
    const isMultikey = index.multikey[i]!;
    const bounds = isMultikey && hasUsedArray ? undefined : boundsAt(tests, path.text, !isMultikey);
    if (!bounds) return stretch;
    hasUsedArray ||= isMultikey;
    if (bounds.kind === 'ranges')
      return { ...stretch, range: bounds.ranges.map((range) => directedRange(range, direction)) };
    if (stretch.prefixes.length * bounds.points.length > mostRanges) return stretch;
    stretch = withPoints(stretch, bounds.points, direction);
  }
  return stretch;
};

const clamp = ({ lower, upper }: Range): Range => {
  const kept = keptBytes(maxKey.entry);
  return {
    lower: lower.length > kept ? lower.subarray(0, kept) : lower,
    upper: upper.length > kept ? afterPrefix(upper.subarray(0, kept)) : upper,
  };
};

const rangesOf = ({ prefixes, points, range }: Stretch): Range[] =>
  prefixes
    .flatMap((prefix): Range[] => {
      if (range) {
        return range.map(({ lower, upper }) => ({
          lower: Buffer.concat([prefix, lower]),
          upper: Buffer.concat([prefix, upper]),
        }));
      }
      return points === 0 ? [everything] : [{ lower: prefix, upper: afterPrefix(prefix) }];
    })
    .map(clamp)
    .filter(({ lower, upper }) => lower.compare(upper) < 0)
    .sort((a, b) => a.lower.compare(b.lower));

/** Whether reading the index gives the order asked for: 1 forwards, -1 backwards, 0 not at all. */
const sortDirection = (index: Index, stretch: Stretch, sort: Sort): 1 | -1 | 0 => {
  if (index.isInexact || !stretch.isSinglePoint || (index.partial?.filter === undefined && index.isSparse)) return 0;
  if (stretch.range && stretch.range.length > 1) return 0;
  const fixed = new Set(
    index.fields.slice(0, stretch.points).flatMap(({ path }, i) => (index.multikey[i] ? [] : [path.text])),
  );
  const wanted = sort.fields.filter(({ path }) => !fixed.has(path.text));
  if (wanted.length === 0) return 1;
  const offered = index.fields.slice(stretch.points);
  const flip = wanted[0]!.direction === offered[0]?.direction ? 1 : -1;
  const isOffered = wanted.every(({ path, direction }, i) => {
    const field = offered[i];
    return (
      field?.path.text === path.text && direction === field.direction * flip && !index.multikey[stretch.points + i]
    );
  });
  if (!isOffered) return 0;
  const laterRangeOnArray = stretch.range !== undefined && index.multikey[stretch.points];
  return laterRangeOnArray ? 0 : flip;
};

/** Whether the index holds every document the query can match. */
const isComplete = (index: Index, parts: readonly Filter[], tests: Tests): boolean => {
  if (index.partial) return implies(parts, index.partial.filter);
  if (!index.isSparse) return true;
  return index.fields.some(({ path }) => (tests.get(path.text) ?? []).some(impliesPresence));
};

const indexPlan = (index: Index, query: Query, tests: Tests): IndexPlan => {
  const stretch = stretchOf(index, tests);
  const direction = query.sort ? sortDirection(index, stretch, query.sort) : 0;
  const rangeScore = stretch.range ? 5 : 0;
  const pointScore = stretch.points * (stretch.isSinglePoint ? 10 : 8);
  const isExact = index.isUnique && stretch.isSinglePoint && stretch.points === index.fields.length;
  return {
    kind: 'index',
    index,
    ranges: rangesOf(stretch),
    isReverse: direction === -1,
    isSorted: direction !== 0 || !query.sort,
    score: pointScore + rangeScore + (direction === 0 ? 0 : 6) + (isExact ? 100 : 0),
  };
};

const usableIndexes = (collection: Collection, parts: readonly Filter[], tests: Tests): Index[] =>
  collection.indexes.filter(
    (index) => !index.isBuilding && !index.isHidden && !isNumericPath(index) && isComplete(index, parts, tests),
  );

/** The sort as an order of `_id`s, if it is one. */
const idDirection = (collection: Collection, sort: Sort | undefined): 1 | -1 | 0 => {
  const first = sort?.fields[0];
  return first?.path.text === '_id' && !collection.hasLongIds ? first.direction : 0;
};

const byId = (collection: Collection, query: Query, tests: Tests): Plan | undefined => {
  const bounds = (tests.get('_id') ?? []).find((test) => {
    const found = boundsOf(test);
    return found?.kind === 'points';
  });
  if (!bounds) return undefined;
  const operands = bounds.op === '$in' ? bounds.operands : bounds.op === '$eq' ? [bounds.operand] : undefined;
  if (!operands) return undefined;
  const ids = [...new Map(operands.map(idKey).map((id) => [id.toString('latin1'), id])).values()].sort(Buffer.compare);
  const direction = idDirection(collection, query.sort);
  if (direction < 0) ids.reverse();
  return { kind: 'ids', ids, isSorted: !query.sort || ids.length <= 1 || direction !== 0 };
};

/** The scan of a collection, cut to what the filter says about `_id`. */
export const scanPlan = (collection: Collection, query: Query, tests: Tests = new Map()): Plan => {
  const bounds = collection.hasLongIds ? undefined : boundsAt(tests, '_id', true);
  const direction = idDirection(collection, query.sort);
  const ranges = bounds?.kind === 'ranges' ? bounds.ranges : [everything];
  return {
    kind: 'collection',
    ranges: ranges.filter(({ lower, upper }) => lower.compare(upper) < 0),
    isReverse: direction < 0,
    isSorted: !query.sort || direction !== 0,
  };
};

const isScan = (plan: Plan): boolean => plan.kind === 'collection' && plan.ranges[0] === everything;

const unionPlan = (collection: Collection, parts: readonly Filter[]): Plan | undefined => {
  for (const part of parts) {
    if (part.kind !== 'or') continue;
    const plans = part.of.map((branch) => planFor(collection, { filter: branch, sort: undefined }));
    if (!plans.some(isScan)) return { kind: 'union', plans, isSorted: false };
  }
  return undefined;
};

const isBounded = (plan: IndexPlan): boolean => plan.ranges[0] !== everything;

/** Chooses how to find a query's documents: by `_id`, by the best index, by several for `$or`, else by a scan. */
export const planFor = (collection: Collection, query: Query): Plan => {
  const parts = conjuncts(query.filter);
  if (parts.some((part) => part.kind === 'constant' && !part.value)) return { kind: 'nothing', isSorted: true };
  const tests = testsByPath(parts);
  const ids = byId(collection, query, tests);
  if (ids) return ids;
  const scan = scanPlan(collection, query, tests);
  const plans = usableIndexes(collection, parts, tests).map((index) => indexPlan(index, query, tests));
  const best = plans.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score)[0];
  if (best && isBounded(best)) return best;
  const union = isScan(scan) ? unionPlan(collection, parts) : undefined;
  if (union) return union;
  if (scan.isSorted && query.sort) return scan;
  return best && isScan(scan) ? best : scan;
};

/** The plan a hint asks for; a partial index must hold all that the query can match. */
export const hintedPlan = (index: Index, query: Query): IndexPlan => {
  const parts = conjuncts(query.filter);
  if (index.partial && !implies(parts, index.partial.filter)) {
    throw new DocumentError(
      'NoQueryExecutionPlans',
      'error processing query: planner returned error :: caused by :: No query solutions',
    );
  }
  return indexPlan(index, query, testsByPath(parts));
};
