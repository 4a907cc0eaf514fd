import type { Filter } from '../filter/shape.ts';
import type { Sort } from '../sort.ts';
import type { Collection, Index } from '../storage/collection.ts';
import { implies, impliesPresence } from './implication.ts';
import type { IndexPlan, Query, Tests } from './plan.ts';
import { rangesOf, type Stretch, stretchOf } from './stretch.ts';

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

/** The plan of reading an index; the better it suits the query, the higher its score. */
export const indexPlan = (index: Index, query: Query, tests: Tests): IndexPlan => {
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

const isNumericPath = (index: Index): boolean =>
  index.fields.some(({ path }) => path.indexes.some((position) => position >= 0));

/** The indexes that can serve a query. */
export const usableIndexes = (collection: Collection, parts: readonly Filter[], tests: Tests): Index[] =>
  collection.indexes.filter(
    (index) => !index.isBuilding && !index.isHidden && !isNumericPath(index) && isComplete(index, parts, tests),
  );
