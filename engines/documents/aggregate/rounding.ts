import { decimalOf, integerValue } from '../bson/arithmetic.ts';
import { double, int32, int64, nullValue } from '../bson/build.ts';
import { type Decimal, decimal, writeDecimal } from '../bson/decimal.ts';
import { exactDecimal, quantized, type Rounding } from '../bson/decimal-arithmetic.ts';
import { toInteger, toNumber } from '../bson/number.ts';
import { Type } from '../bson/types.ts';
import { isNumber, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { fixed, type Given, isNullish, mistyped, type Operator, strict } from './operator.ts';

const numeric = (name: string, value: Value): Value => {
  if (!isNumber(value)) throw mistyped(28765, `${name} only supports numeric types`, value);
  return value;
};

/** The decimal with this exponent, NaN where there is none. */
const atExponent = (value: Decimal | number, exponent: number, how: Rounding): Value =>
  writeDecimal(typeof value === 'number' ? Number.NaN : (quantized(value, exponent, how) ?? Number.NaN));

/** Rounding to whole numbers, which leaves integers as they are. */
const whole = (name: string, round: (n: number) => number, how: Rounding): Operator =>
  fixed(
    1,
    strict((value) => {
      const n = numeric(name, value);
      if (n.type === Type.double) return double(round(toNumber(n)));
      return n.type === Type.decimal ? atExponent(decimalOf(n), 0, how) : n;
    }),
  );

const placeOf = (name: string, value: Value): number => {
  const place = isNumber(value) ? toInteger(value) : undefined;
  if (place === undefined) throw new DocumentError(51082, `precision argument to  ${name} must be a integral value`);
  if (place < -20n || place > 100n) {
    const text = `cannot apply ${name} with precision value ${place} value must be in [-20, 100]`;
    throw new DocumentError(51083, text);
  }
  return Number(place);
};

const roundDouble = (n: number, place: number, how: Rounding): Value => {
  if (!Number.isFinite(n)) return double(n);
  const found = quantized(exactDecimal(n), -place, how);
  if (!found) return double(Number.NaN);
  return double(toNumber(writeDecimal(found)));
};

const roundInteger = (n: Value, place: number, how: Rounding): Value => {
  if (place >= 0) return n;
  const found = quantized(decimal(toInteger(n)!, 0), -place, how)!;
  const result = integerValue(toInteger(writeDecimal(found))!, n.type);
  if (!result) throw new DocumentError(51080, 'invalid conversion from Decimal128 result in $round');
  return result;
};

/** Rounding to a decimal place, which is exact: a double counts with all its digits. */
const places =
  (name: string, how: Rounding) =>
  (value: Given, place: Given = int32(0)): Given => {
    if (isNullish(value)) return nullValue;
    if (!isNumber(value)) throw mistyped(51081, `${name} only supports numeric types`, value);
    if (isNullish(place)) return nullValue;
    const digits = placeOf(name, place);
    if (value.type === Type.double) return roundDouble(toNumber(value), digits, how);
    if (value.type !== Type.decimal) return roundInteger(value, digits, how);
    const parts = decimalOf(value);
    return typeof parts === 'number' ? value : atExponent(parts, -digits, how);
  };

const absolute = (value: Value): Value => {
  const n = numeric('$abs', value);
  if (n.type === Type.double) return double(Math.abs(toNumber(n)));
  if (n.type === Type.decimal) {
    const parts = decimalOf(n);
    return writeDecimal(typeof parts === 'number' ? Math.abs(parts) : { ...parts, isNegative: false });
  }
  const integer = toInteger(n)!;
  if (integer === -(2n ** 63n)) throw new DocumentError(28680, "can't take $abs of long long min");
  return n.type === Type.int64
    ? int64(integer < 0n ? -integer : integer)
    : integerValue(integer < 0n ? -integer : integer, Type.int32)!;
};

/** The operators that round. */
export const rounding: Readonly<Record<string, Operator>> = {
  $abs: fixed(1, strict(absolute)),
  $ceil: whole('$ceil', Math.ceil, 'up'),
  $floor: whole('$floor', Math.floor, 'down'),
  $round: { arity: [1, 2], apply: places('$round', 'half-even') },
  $trunc: { arity: [1, 2], apply: places('$trunc', 'toward-zero') },
};
