import type { Filter, Test } from '../filter/shape.ts';
import type { Sort } from '../sort.ts';
import type { Index } from '../storage/collection.ts';
import type { Range } from './bounds.ts';

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

/** The tests every match passes, by path. */
export type Tests = ReadonlyMap<string, readonly Test[]>;

/** The tests of a list of filters, by path. */
export const testsByPath = (parts: readonly Filter[]): Tests => {
  const tests = new Map<string, Test[]>();
  for (const part of parts) {
    if (part.kind !== 'test') continue;
    const list = tests.get(part.path.text) ?? [];
    tests.set(part.path.text, [...list, part.test]);
  }
  return tests;
};
