import { double, int32, int64, nullValue, toValue } from '../bson/build.ts';
import { compare } from '../bson/compare.ts';
import { add, divide, multiply, subtract, toInteger, toNumber } from '../bson/number.ts';
import { Type } from '../bson/types.ts';
import { isArray, isNumber, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import {
  any,
  dateMillis,
  fixed,
  type Given,
  isNullish,
  mistyped,
  type Operator,
  strict,
  typeName,
} from './operator.ts';

const number = (name: string, value: Value): Value => {
  if (!isNumber(value)) throw mistyped(28765, `${name} only supports numeric types`, value);
  return value;
};

const plus = (a: Value, b: Value): Value => {
  if (a.type === Type.date || b.type === Type.date) {
    const [at, delta] = a.type === Type.date ? [a, b] : [b, a];
    return toValue(new Date(dateMillis(at) + Math.round(toNumber(number('$add', delta)))));
  }
  if (!isNumber(a) || !isNumber(b)) {
    throw mistyped(14, '$add only supports numeric or date types', isNumber(a) ? b : a);
  }
  return add(a, b) ?? double(toNumber(a) + toNumber(b));
};

const minus = (a: Value, b: Value): Value => {
  if (a.type === Type.date && b.type === Type.date) return int64(BigInt(dateMillis(a) - dateMillis(b)));
  if (a.type === Type.date && isNumber(b)) return toValue(new Date(dateMillis(a) - Math.round(toNumber(b))));
  if (!isNumber(a) || !isNumber(b)) {
    throw new DocumentError(14, `can't $subtract ${typeName(b)} from ${typeName(a)}`);
  }
  return subtract(a, b) ?? double(toNumber(a) - toNumber(b));
};

const times = (a: Value, b: Value): Value => {
  const [x, y] = [number('$multiply', a), number('$multiply', b)];
  return multiply(x, y) ?? double(toNumber(x) * toNumber(y));
};

const over = (a: Value, b: Value): Value => {
  if (!isNumber(a) || !isNumber(b)) {
    throw new DocumentError(14, `$divide only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);
  }
  if (toNumber(b) === 0) throw new DocumentError('BadValue', "can't $divide by zero");
  return divide(a, b);
};

const modulo = (a: Value, b: Value): Value => {
  if (!isNumber(a) || !isNumber(b)) {
    throw new DocumentError(16611, `$mod only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);
  }
  if (toNumber(b) === 0) throw new DocumentError(16610, "can't $mod by zero");
  const [x, y] = [toInteger(a), toInteger(b)];
  const isWhole = x !== undefined && y !== undefined && a.type !== Type.double && b.type !== Type.double;
  if (!isWhole) return double(toNumber(a) % toNumber(b));
  return a.type === Type.int32 && b.type === Type.int32 ? int32(Number(x % y)) : int64(x % y);
};

/** Rounding that leaves integers as they are. */
const rounded = (name: string, round: (n: number) => number) =>
  strict((value) => {
    const n = number(name, value);
    return n.type === Type.double ? double(round(toNumber(n))) : n;
  });

const roundEven = (n: number): number => {
  const low = Math.floor(n);
  if (n - low !== 0.5) return Math.round(n);
  return low % 2 === 0 ? low : low + 1;
};

const roundTo = (value: Given, place?: Given): Value => {
  if (isNullish(value)) return nullValue;
  const n = number('$round', value!);
  const digits = place ? toNumber(place) : 0;
  const scale = 10 ** digits;
  if (n.type === Type.double) return double(roundEven(toNumber(n) * scale) / scale);
  return digits >= 0 ? n : (toValue(roundEven(toNumber(n) * scale) / scale) as Value);
};

const absolute = (value: Value): Value => {
  const n = number('$abs', value);
  return toNumber(n) < 0 ? times(n, int32(-1)) : n;
};

const folded = (start: Value, step: (a: Value, b: Value) => Value) => strict((...values) => values.reduce(step, start));

/** The items an operator of totals looks at: those of its one array, or its arguments. */
const totalled = (args: readonly Given[]): Value[] => {
  const [only] = args;
  const list = args.length === 1 && isArray(only) ? items(only) : args;
  return list.filter((value) => value !== undefined && !isNullish(value)) as Value[];
};

const numbersOf = (args: readonly Given[]): Value[] => totalled(args).filter(isNumber);

const average = (list: readonly Value[]): Value =>
  list.length === 0 ? nullValue : divide(list.reduce(plus), int32(list.length));

const extreme =
  (wanted: number) =>
  (...args: Given[]): Value =>
    totalled(args).reduce<Value | undefined>(
      (best, value) => (best && compare(value, best) * wanted <= 0 ? best : value),
      undefined,
    ) ?? nullValue;

/** The operators that calculate. */
export const arithmetic: Readonly<Record<string, Operator>> = {
  $add: any(folded(int32(0), plus)),
  $subtract: fixed(2, strict(minus)),
  $multiply: any(folded(int32(1), times)),
  $divide: fixed(2, strict(over)),
  $mod: fixed(2, strict(modulo)),
  $abs: fixed(1, strict(absolute)),
  $ceil: fixed(1, rounded('$ceil', Math.ceil)),
  $floor: fixed(1, rounded('$floor', Math.floor)),
  $trunc: fixed(1, rounded('$trunc', Math.trunc)),
  $round: { arity: [1, 2], apply: roundTo },
  $sum: any((...args) => numbersOf(args).reduce(plus, int32(0))),
  $avg: any((...args) => average(numbersOf(args))),
  $min: any(extreme(-1)),
  $max: any(extreme(1)),
};
