import { arrayValue, int32 } from '../bson/build.ts';
import { equal } from '../bson/compare.ts';
import { toNumber } from '../bson/number.ts';
import { isArray, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { any, array, bool, fixed, type Given, mistyped, type Operator, strict, typeName } from './operator.ts';

const itemAt = strict((list, index) => {
  const all = array(28689, '$arrayElemAt', list);
  const at = toNumber(index);
  return all[at < 0 ? all.length + at : at] ?? absent;
});

/** Stands for a missing result where a value is required. */
const absent: Value = { type: 0, buf: Buffer.alloc(0), start: 0, end: 0 };

const presentOrMissing =
  (apply: (...args: Given[]) => Value) =>
  (...args: Given[]): Given => {
    const result = apply(...args);
    return result === absent ? undefined : result;
  };

const contains = (needle: Given, list: Given): Value => {
  if (!isArray(list)) throw mistyped(40081, '$in requires an array as a second argument', list);
  return bool(items(list).some((item) => needle !== undefined && equal(item, needle)));
};

const distinct = (list: readonly Value[]): Value[] =>
  list.filter((value, i) => list.findIndex((other) => equal(other, value)) === i);

const has = (list: readonly Value[], value: Value): boolean => list.some((other) => equal(other, value));

const sets = (combine: (a: Value[], b: Value[]) => Value[]) =>
  strict((...lists) =>
    arrayValue(distinct(lists.map((list) => array(17043, 'a set operator', list)).reduce((a, b) => combine(a, b)))),
  );

const sliced = strict((list, ...rest) => {
  const all = array(28724, '$slice', list);
  const [a, b] = rest.map(toNumber);
  if (b === undefined) return arrayValue(a! < 0 ? all.slice(a) : all.slice(0, a));
  const from = a! < 0 ? Math.max(all.length + a!, 0) : a!;
  return arrayValue(all.slice(from, from + b));
});

const range = strict((from, to, step) => {
  const [start, end, by] = [toNumber(from), toNumber(to), step ? toNumber(step) : 1];
  const list: number[] = [];
  for (let n = start; by > 0 ? n < end : n > end; n += by) list.push(n);
  return arrayValue(list);
});

const ends = (name: string, at: number): Operator =>
  fixed(1, presentOrMissing(strict((list) => array(28689, name, list).at(at) ?? absent)));

/** The operators on arrays. */
export const lists: Readonly<Record<string, Operator>> = {
  $size: fixed(1, (list) => {
    if (!isArray(list)) {
      throw new DocumentError(17124, `The argument to $size must be an array, but was of type: ${typeName(list)}`);
    }
    return int32(items(list).length);
  }),
  $arrayElemAt: fixed(2, presentOrMissing(itemAt)),
  $first: ends('$first', 0),
  $last: ends('$last', -1),
  $in: fixed(2, contains),
  $concatArrays: any(strict((...lists) => arrayValue(lists.flatMap((list) => array(28664, '$concatArrays', list))))),
  $slice: { arity: [2, 3], apply: sliced },
  $range: { arity: [2, 3], apply: range },
  $reverseArray: fixed(
    1,
    strict((list) => arrayValue(array(34435, '$reverseArray', list).reverse())),
  ),
  $isArray: fixed(1, (value) => bool(isArray(value))),
  $setUnion: any(sets((a, b) => [...a, ...b])),
  $setIntersection: any(sets((a, b) => a.filter((value) => has(b, value)))),
  $setDifference: fixed(
    2,
    sets((a, b) => a.filter((value) => !has(b, value))),
  ),
};
