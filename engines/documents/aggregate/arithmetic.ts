import { add, divide, integerValue, isZero, multiply, remainder, subtract } from '../bson/arithmetic.ts';
import { dateAt, double, int32, int64, nullValue } from '../bson/build.ts';
import { compare } from '../bson/compare.ts';
import { toInteger, toNumber, truncated } from '../bson/number.ts';
import { totalOf } from '../bson/total.ts';
import { Type } from '../bson/types.ts';
import { isArray, isNumber, items, type Typed, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { any, fixed, type Given, isNullish, mistyped, type Operator, strict, typeName } from './operator.ts';
import { rounding } from './rounding.ts';

const isDate = (value: Value): value is Typed<9> => value.type === Type.date;

const millisOf = ({ buf, start }: Value): bigint => buf.readBigInt64LE(start);

const overflow = (): DocumentError => new DocumentError('Overflow', 'date overflow');

/** A length of time in whole milliseconds; half ones of a double go away from zero. */
const wholeMillis = (value: Value): bigint => {
  const n = value.type === Type.double ? toNumber(value) : 0;
  const whole = n === 0 ? truncated(value) : truncated(double(Math.sign(n) * Math.floor(Math.abs(n) + 0.5)));
  if (whole === undefined) throw overflow();
  return whole;
};

const moved = (at: Value, by: bigint): Value => {
  const millis = millisOf(at) + by;
  if (BigInt.asIntN(64, millis) !== millis) throw overflow();
  return dateAt(millis);
};

const plus = (a: Value, b: Value): Value => {
  if (isDate(a) && isDate(b)) throw new DocumentError(16612, 'only one date allowed in an $add expression');
  if (isDate(a)) return moved(a, wholeMillis(b));
  if (isDate(b)) return moved(b, wholeMillis(a));
  return add(a, b) ?? double(toNumber(a) + toNumber(b));
};

/** The operands up to the end, each checked in its turn; undefined if one of them is null. */
const checked = (values: readonly Given[], check: (value: Value) => void): Value[] | undefined => {
  for (const value of values) {
    if (isNullish(value)) return undefined;
    check(value!);
  }
  return values as Value[];
};

/** A result of ints alone is an int again if it fits, whatever it was on the way. */
const narrowed = (result: Value, operands: readonly Value[]): Value =>
  result.type === Type.int64 && operands.every(({ type }) => type === Type.int32)
    ? integerValue(toInteger(result)!, Type.int32)!
    : result;

const sum = (...given: Given[]): Value => {
  const values = checked(given, (value) => {
    if (!isNumber(value) && !isDate(value))
      throw mistyped('TypeMismatch', '$add only supports numeric or date types', value);
  });
  return values ? narrowed(values.reduce(plus, int32(0)), values) : nullValue;
};

/** The product; beside it runs the product as doubles, which counts once integers overflow or a double takes part. */
const product = (...given: Given[]): Value => {
  const values = checked(given, (value) => {
    if (!isNumber(value)) throw mistyped('TypeMismatch', '$multiply only supports numeric types', value);
  });
  if (!values) return nullValue;
  let approximate = 1;
  let exact: Value = int32(1);
  for (const value of values) {
    approximate *= toNumber(value);
    const next = multiply(exact, value);
    exact = next && next.type !== Type.double ? next : double(approximate);
  }
  return narrowed(exact, values);
};

const minus = (a: Value, b: Value): Value => {
  if (isNumber(a) && isNumber(b)) return subtract(a, b) ?? double(toNumber(a) - toNumber(b));
  if (isDate(a) && isDate(b)) return int64(BigInt.asIntN(64, millisOf(a) - millisOf(b)));
  if (isDate(a) && isNumber(b)) return moved(a, -wholeMillis(b));
  throw new DocumentError('TypeMismatch', `can't $subtract ${typeName(b)} from ${typeName(a)}`);
};

const notNumbers = (code: number | 'TypeMismatch', name: string, a: Value, b: Value): DocumentError =>
  new DocumentError(code, `${name} only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);

const over = (a: Value, b: Value): Value => {
  if (!isNumber(a) || !isNumber(b)) throw notNumbers('TypeMismatch', '$divide', a, b);
  if (isZero(b)) throw new DocumentError('BadValue', "can't $divide by zero");
  return divide(a, b);
};

const modulo = (a: Value, b: Value): Value => {
  if (!isNumber(a) || !isNumber(b)) throw notNumbers(16611, '$mod', a, b);
  const isDecimal = a.type === Type.decimal || b.type === Type.decimal;
  if (isZero(b)) throw new DocumentError(isDecimal ? 5733415 : 16610, "can't $mod by zero");
  return remainder(a, b);
};

/** The items an operator of totals looks at: those of its one array, or its arguments. */
const totalled = (args: readonly Given[]): Value[] => {
  const [only] = args;
  const list = args.length === 1 && isArray(only) ? items(only) : args;
  return list.filter((value) => !isNullish(value)) as Value[];
};

const numbersOf = (args: readonly Given[]): Value[] => totalled(args).filter(isNumber);

const average = (list: readonly Value[]): Value =>
  list.length === 0 ? nullValue : divide(totalOf(list).wide(), int32(list.length));

const extreme =
  (wanted: number) =>
  (...args: Given[]): Value =>
    totalled(args).reduce<Value | undefined>(
      (best, value) => (best && compare(value, best) * wanted <= 0 ? best : value),
      undefined,
    ) ?? nullValue;

/** The operators that calculate. */
export const arithmetic: Readonly<Record<string, Operator>> = {
  ...rounding,
  $add: any(sum),
  $subtract: fixed(2, strict(minus)),
  $multiply: any(product),
  $divide: fixed(2, strict(over)),
  $mod: fixed(2, strict(modulo)),
  $sum: any((...args) => totalOf(numbersOf(args)).result()),
  $avg: any((...args) => average(numbersOf(args))),
  $min: any(extreme(-1)),
  $max: any(extreme(1)),
};
