import { arrayValue, documentValue, double, encode, int32, nullValue } from '../bson/build.ts';
import { compare } from '../bson/compare.ts';
import { add, divide, toNumber } from '../bson/number.ts';
import { Type } from '../bson/types.ts';
import { elements, isDocument, isNumber, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { encodeKey } from '../key-encoding.ts';

/** Gathers one value per document of a group and tells the result. */
export interface Accumulator {
  add(value: Value | undefined): void;
  result(): Value;
}

const isNullish = (value: Value | undefined): boolean =>
  !value || value.type === Type.null || value.type === Type.undefined;

const total = (sum: Value, value: Value): Value => add(sum, value) ?? double(toNumber(sum) + toNumber(value));

const sum = (): Accumulator => {
  let all: Value = int32(0);
  return {
    add: (value) => {
      if (isNumber(value)) all = total(all, value);
    },
    result: () => all,
  };
};

const average = (): Accumulator => {
  let all: Value = int32(0);
  let count = 0;
  return {
    add: (value) => {
      if (!isNumber(value)) return;
      all = total(all, value);
      count += 1;
    },
    result: () => (count === 0 ? nullValue : divide(all, int32(count))),
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
      if (value) all.set(encodeKey(value).toString('latin1'), value);
    },
    result: () => arrayValue([...all.values()]),
  };
};

const mergeObjects = (): Accumulator => {
  const fields = new Map<string, Value>();
  return {
    add: (value) => {
      if (isDocument(value)) for (const element of elements(value)) fields.set(element.name, element.value);
    },
    result: () => documentValue(encode(Object.fromEntries(fields))),
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

const known = new Set([
  '$top',
  '$topN',
  '$bottom',
  '$bottomN',
  '$firstN',
  '$lastN',
  '$maxN',
  '$minN',
  '$accumulator',
  '$stdDevPop',
  '$stdDevSamp',
  '$median',
  '$percentile',
  '$concatArrays',
  '$setUnion',
]);

/** How to make an accumulator of this name. */
export const accumulatorOf = (name: string): (() => Accumulator) => {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make) return make;
  if (known.has(name)) throw notImplemented(`the accumulator ${name}`);
  throw new DocumentError(15952, `unknown group operator '${name}'`);
};
