import { divide } from '../bson/arithmetic.ts';
import { arrayValue, int32, nullValue } from '../bson/build.ts';
import { compare } from '../bson/compare.ts';
import { Total } from '../bson/total.ts';
import { isNumber, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { encodeKey } from '../key-encoding.ts';
import { merged } from './objects.ts';
import { isNullish } from './operator.ts';

/** Gathers one value per document of a group and tells the result. */
export interface Accumulator {
  add(value: Value | undefined): void;
  result(): Value;
}

const sum = (): Accumulator => {
  const total = new Total();
  return {
    add: (value) => {
      if (isNumber(value)) total.add(value);
    },
    result: () => total.result(),
  };
};

const average = (): Accumulator => {
  const total = new Total();
  let count = 0;
  return {
    add: (value) => {
      if (!isNumber(value)) return;
      total.add(value);
      count += 1;
    },
    result: () => (count === 0 ? nullValue : divide(total.wide(), int32(count))),
  };
};

const extreme = (wanted: number) => (): Accumulator => {
  let best: Value | undefined;
  return {
    add: (value) => {
      if (!value || isNullish(value)) return;
      if (!best || compare(value, best) * wanted > 0) best = value;
    },
    result: () => best ?? nullValue,
  };
};

const edge = (isFirst: boolean) => (): Accumulator => {
  let kept: Value | undefined;
  let count = 0;
  return {
    add: (value) => {
      if (!isFirst || count === 0) kept = value;
      count += 1;
    },
    result: () => kept ?? nullValue,
  };
};

const push = (): Accumulator => {
  const all: Value[] = [];
  return {
    add: (value) => {
      if (value) all.push(value);
    },
    result: () => arrayValue(all),
  };
};

const addToSet = (): Accumulator => {
  const all = new Map<string, Value>();
  return {
    add: (value) => {
      const key = value && encodeKey(value).toString('latin1');
      if (key !== undefined && !all.has(key)) all.set(key, value!);
    },
    result: () => arrayValue([...all.values()]),
  };
};

const mergeObjects = (): Accumulator => {
  let all = merged([]);
  return {
    add: (value) => {
      all = merged([all, value]);
    },
    result: () => all,
  };
};

const makers: Readonly<Record<string, () => Accumulator>> = {
  $sum: sum,
  $avg: average,
  $min: extreme(-1),
  $max: extreme(1),
  $first: edge(true),
  $last: edge(false),
  $push: push,
  $addToSet: addToSet,
  $mergeObjects: mergeObjects,
};

/** The accumulators MongoDB has and this server has not. */
const known = new Set(
  '$top $topN $bottom $bottomN $firstN $lastN $maxN $minN $accumulator $stdDevPop $stdDevSamp $median $percentile $concatArrays $setUnion'.split(
    ' ',
  ),
);

/** How to make an accumulator of this name. */
export const accumulatorOf = (name: string): (() => Accumulator) => {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make) return make;
  if (known.has(name)) throw notImplemented(`the accumulator ${name}`);
  throw new DocumentError(15952, `unknown group operator '${name}'`);
};
