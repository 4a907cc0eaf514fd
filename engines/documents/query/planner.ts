import { DocumentError } from '../errors.ts';
import type { Filter } from '../filter/shape.ts';
import { idKey } from '../key-encoding.ts';
import type { Sort } from '../sort.ts';
import type { Collection, Index } from '../storage/collection.ts';
import { boundsOf } from './bounds.ts';
import { conjuncts, implies } from './implication.ts';
import { indexPlan, usableIndexes } from './index-plan.ts';
import { type IndexPlan, type Plan, type Query, type Tests, testsByPath } from './plan.ts';
import { boundsAt, everything } from './stretch.ts';

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

/** Chooses how to find a query's documents: by `_id`, by the best index, by several for `$or`, else by a scan. */
export const planFor = (collection: Collection, query: Query): Plan => {
  const parts = conjuncts(query.filter);
  if (parts.some((part) => part.kind === 'constant' && !part.value)) return { kind: 'nothing', isSorted: true };
  const tests = testsByPath(parts);
  const ids = byId(collection, query, tests);
  if (ids) return ids;
  const plans = usableIndexes(collection, parts, tests).map((index) => indexPlan(index, query, tests));
  const [best] = plans.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
  if (best) return best;
  const scan = scanPlan(collection, query, tests);
  return (isScan(scan) ? unionPlan(collection, parts) : undefined) ?? scan;
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
