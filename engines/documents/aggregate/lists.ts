import { arrayValue, int32, nullValue, toValue } from '../bson/build.ts';
import { equal } from '../bson/compare.ts';
import { toInteger, toNumber } from '../bson/number.ts';
import { isArray, isNumber, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { any, array, bool, fixed, type Given, isNullish, type Operator, strict, typeName } from './operator.ts';

/** A number that must be an integer of 32 bits. */
const int = (value: Given, notNumeric: number, notInt: number, what: string): number => {
  if (!isNumber(value))
    throw new DocumentError(notNumeric, `${what} must be a numeric value, but is ${typeName(value)}`);
  const n = toInteger(value);
  if (n === undefined || BigInt.asIntN(32, n) !== n) {
    throw new DocumentError(notInt, `${what} must be representable as a 32-bit integer: ${toNumber(value)}`);
  }
  return Number(n);
};

const itemAt = strict((list, index) => {
  const all = array(28689, "$arrayElemAt's first argument must be an array, but is ", list);
  return all.at(int(index, 28690, 28691, "$arrayElemAt's second argument"));
});

const contains = (needle: Given, list: Given): Value => {
  const all = array(40081, '$in requires an array as a second argument, found: ', list);
  return bool(all.some((item) => needle !== undefined && equal(item, needle)));
};

const sliceOf = (all: Value[], first: number): Value[] => (first < 0 ? all.slice(first) : all.slice(0, first));

const sliced = strict((list, ...rest) => {
  const all = array(28724, 'First argument to $slice must be an array, but is of type: ', list);
  const first = int(rest[0], 28725, 28726, 'Second argument to $slice');
  if (rest.length === 1) return arrayValue(sliceOf(all, first));
  const count = int(rest[1], 28727, 28728, 'Third argument to $slice');
  if (count <= 0) throw new DocumentError(28729, `Third argument to $slice must be positive: ${count}`);
  const from = first < 0 ? Math.max(all.length + first, 0) : first;
  return arrayValue(all.slice(from, from + count));
});

const mostSteps = 1_000_000;

const range = (from: Given, to: Given, step?: Given): Value => {
  const [start, end] = [int(from, 34443, 34444, '$range: start'), int(to, 34445, 34446, '$range: end')];
  const by = step === undefined ? 1 : int(step, 34447, 34448, '$range: step');
  if (by === 0) throw new DocumentError(34449, '$range requires a non-zero step value');
  if ((end - start) / by > mostSteps)
    throw new DocumentError('ExceededMemoryLimit', '$range would use too much memory');
  const list: number[] = [];
  for (let n = start; by > 0 ? n < end : n > end; n += by) list.push(n);
  return arrayValue(list);
};

const ends = (name: string, at: number): Operator =>
  fixed(
    1,
    strict((list) => array(28689, `${name}'s argument must be an array, but is `, list).at(at)),
  );

const concatenated = (...lists: Given[]): Value => {
  const all: Value[] = [];
  for (const list of lists) {
    if (isNullish(list)) return nullValue;
    all.push(...array(28664, '$concatArrays only supports arrays, not ', list));
  }
  return arrayValue(all);
};

/** The operators on arrays. */
export const lists: Readonly<Record<string, Operator>> = {
  $size: fixed(1, (list) =>
    int32(array(17124, 'The argument to $size must be an array, but was of type: ', list).length),
  ),
  $arrayElemAt: fixed(2, itemAt),
  $first: ends('$first', 0),
  $last: ends('$last', -1),
  $in: fixed(2, contains),
  $concatArrays: any(concatenated),
  $slice: { arity: [2, 3], apply: sliced },
  $range: { arity: [2, 3], apply: range },
  $reverseArray: fixed(
    1,
    strict((list) =>
      arrayValue(array(34435, 'The argument to $reverseArray must be an array, but was of type: ', list).reverse()),
    ),
  ),
  $isArray: fixed(1, (value) => toValue(isArray(value))),
};
