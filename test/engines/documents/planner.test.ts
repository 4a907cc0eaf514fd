import { serialize } from 'bson';
import type { Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentValue } from '../../../engines/documents/bson/build.ts';
import { compileSort } from '../../../engines/documents/sort.ts';
import { type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

/** Numbers from a seed, the same in every run. */
const seeded = (seed: number) => {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(list: readonly T[]): T => list[next(list.length)]!;
  return { next, pick };
};

let random = seeded(1);
const scalars = [null, 0, 1, 2, 2.5, 3, -1, 'a', 'ab', 'b', '', true, false, new Date(0), new Date(5)];

const value = (): unknown => {
  const kind = random.next(12);
  if (kind === 0) return Array.from({ length: random.next(4) }, () => random.pick(scalars));
  if (kind === 1) return { x: random.pick(scalars) };
  return random.pick(scalars);
};

const randomDocument = (id: number): Document => {
  const doc: Document = { _id: id };
  if (random.next(5) > 0) doc.a = value();
  if (random.next(5) > 0) doc.b = random.next(6);
  if (random.next(5) > 0) doc.c = random.pick(scalars);
  const sub = () => ({ x: random.pick(scalars), y: random.next(4) });
  const kind = random.next(4);
  if (kind === 1) doc.d = sub();
  if (kind > 1) doc.d = Array.from({ length: random.next(3) }, sub);
  return doc;
};

const operand = (path: string): unknown => (path === 'b' || path === 'd.y' ? random.next(6) : random.pick(scalars));

const condition = (path: string): unknown => {
  switch (random.next(10)) {
    case 0:
      return { $in: [operand(path), operand(path), operand(path)] };
    case 1:
      return { $gt: operand(path), $lte: operand(path) };
    case 2:
      return { [random.pick(['$gt', '$gte', '$lt', '$lte'])]: operand(path) };
    case 3:
      return { [random.pick(['$ne', '$nin'])]: operand(path) };
    case 4:
      return { $exists: random.next(2) === 0 };
    case 5:
      return { $not: { $gte: operand(path) } };
    case 6:
      return /^a/;
    default:
      return operand(path);
  }
};

const paths = ['a', 'b', 'c', 'd.x', 'd.y', '_id', 'a.x'];

const wellFormed = (path: string, test: unknown): unknown =>
  test !== null && typeof test === 'object' && '$nin' in test ? { $nin: [operand(path)] } : test;

const randomFilter = (depth = 0): Document => {
  if (depth < 2 && random.next(6) === 0) return { $or: [randomFilter(depth + 1), randomFilter(depth + 1)] };
  if (depth < 2 && random.next(8) === 0) return { $and: [randomFilter(depth + 1), randomFilter(depth + 1)] };
  if (random.next(12) === 0) return { d: { $elemMatch: { x: random.pick(scalars), y: { $gte: random.next(4) } } } };
  const filter: Document = {};
  for (let i = 1 + random.next(3); i > 0; i -= 1) {
    const path = random.pick(paths);
    filter[path] = wellFormed(path, condition(path));
  }
  return filter;
};

const sorts: Document[] = [
  {},
  {},
  { b: 1 },
  { b: -1, c: 1 },
  { c: -1 },
  { a: 1 },
  { b: 1, a: -1 },
  { _id: -1 },
  { 'd.x': 1 },
];

describe('the planner', () => {
  test.each([1, 2, 3, 4])(
    'finds what a full scan finds, in the order asked for: 500 random filters, seed %i',
    async (seed) => {
      random = seeded(seed);
      const docs = store.fresh();
      await docs.insertMany(Array.from({ length: 120 }, (_, i) => randomDocument(i)) as never);
      await docs.createIndexes([
        { key: { a: 1 } },
        { key: { b: 1, c: -1 } },
        { key: { c: 1, a: 1 } },
        { key: { 'd.x': 1, 'd.y': -1 } },
        { key: { b: -1, 'd.y': 1 } },
        { key: { c: -1 }, name: 'sparse', sparse: true },
        { key: { a: 1, b: 1 }, name: 'partial', partialFilterExpression: { b: { $gt: 2 } } },
        { key: { 'a.x': 1 } },
      ]);
      const plans = new Set<string>();
      for (let round = 0; round < 500; round += 1) {
        const filter = randomFilter();
        const sort = random.pick(sorts);
        const hint = { $natural: 1 } as const;
        const [planned, scanned] = await Promise.all([
          docs
            .find(filter)
            .sort(sort as never)
            .toArray(),
          docs
            .find(filter)
            .hint(hint)
            .sort(sort as never)
            .toArray(),
        ]);
        const ids = (list: Document[]) => list.map(({ _id }) => _id as number).sort((a, b) => a - b);
        expect(ids(planned), JSON.stringify(filter)).toEqual(ids(scanned));
        const keys = Object.keys(sort).length > 0 ? sortKeys(planned, sort) : [];
        expect(keys, JSON.stringify({ filter, sort })).toEqual(keys.toSorted());
        if (round % 10 === 0)
          plans.add(
            stageOf(
              await docs
                .find(filter)
                .sort(sort as never)
                .explain(),
            ),
          );
      }
      expect([...plans].sort()).toEqual(expect.arrayContaining(['COLLSCAN', 'IXSCAN', 'OR']));
    },
    90_000,
  );
});

/** The bytes by which the sort orders each document. */
const sortKeys = (list: Document[], sort: Document): string[] => {
  const { key } = compileSort(documentValue(Buffer.from(serialize(sort))));
  return list.map((doc) => key(documentValue(Buffer.from(serialize(doc)))).toString('hex'));
};

const stageOf = (explained: Document): string => {
  const stages: string[] = [];
  let plan = explained.queryPlanner.winningPlan as Document | undefined;
  while (plan) {
    stages.push(plan.stage);
    plan = plan.inputStage as Document | undefined;
  }
  return stages.at(-1)!;
};
