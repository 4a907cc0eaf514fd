import { keptBytes, maxKey } from '../key-encoding.ts';
import type { Index } from '../storage/collection.ts';
import { afterPrefix, type Bounds, boundsOf, directed, directedRange, joinBounds, type Range } from './bounds.ts';
import type { Tests } from './plan.ts';

const mostRanges = 500;

/** What the tests of one path say about an index field. */
export const boundsAt = (tests: Tests, path: string, mayIntersect: boolean): Bounds | undefined => {
  const all = (tests.get(path) ?? []).map(boundsOf).filter((bounds) => bounds !== undefined);
  return joinBounds(all, mayIntersect);
};

/** Every key there is. */
export const everything: Range = { lower: Buffer.alloc(0), upper: Buffer.alloc(2, 255) };

/** What bounds make of an index: how many fields are fixed, and the stretches to read. */
export interface Stretch {
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

/** What the tests make of an index, field by field, up to the first without bounds. */
export const stretchOf = (index: Index, tests: Tests): Stretch => {
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

/** The stretches of keys to read, in order. */
export const rangesOf = ({ prefixes, points, range }: Stretch): Range[] =>
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
