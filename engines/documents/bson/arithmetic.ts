import { double, int32, int64 } from './build.ts';
import { coefficientOf, type Decimal, decimal, readDecimal, writeDecimal } from './decimal.ts';
import {
  addDecimals,
  decimalOfDouble,
  divideDecimals,
  multiplyDecimals,
  negated,
  remainderOfDecimals,
} from './decimal-arithmetic.ts';
import { toNumber } from './number.ts';
import { Type } from './types.ts';
import type { Value } from './value.ts';

/** A numeric value as a decimal; a number for NaN and the infinities. */
export const decimalOf = (value: Value): Decimal | number => {
  if (value.type === Type.decimal) return readDecimal(value);
  if (value.type === Type.int64) return decimal(value.buf.readBigInt64LE(value.start), 0);
  if (value.type === Type.int32) return decimal(BigInt(toNumber(value)), 0);
  const n = toNumber(value);
  return Number.isFinite(n) ? decimalOfDouble(n) : n;
};

/** Whether a numeric value is zero. */
export const isZero = (value: Value): boolean => {
  if (value.type !== Type.decimal) return toNumber(value) === 0;
  const parts = readDecimal(value);
  return typeof parts !== 'number' && parts.digits === 0n;
};

const asNumber = (value: Decimal | number): number =>
  typeof value === 'number' ? value : Math.sign(Number(coefficientOf(value)));

interface Operation {
  readonly integers: (a: bigint, b: bigint) => bigint;
  readonly doubles: (a: number, b: number) => number;
  readonly decimals: (a: Decimal, b: Decimal) => Decimal;
}

const addition: Operation = {
  integers: (a, b) => a + b,
  doubles: (a, b) => a + b,
  decimals: addDecimals,
};

const subtraction: Operation = {
  integers: (a, b) => a - b,
  doubles: (a, b) => a - b,
  decimals: (a, b) => addDecimals(a, negated(b)),
};

const multiplication: Operation = {
  integers: (a, b) => a * b,
  doubles: (a, b) => a * b,
  decimals: multiplyDecimals,
};

/** Where NaN or an infinity takes part, only the signs of the others matter. */
const withDecimals = (
  { doubles, decimals }: Pick<Operation, 'doubles' | 'decimals'>,
  a: Decimal | number,
  b: Decimal | number,
): Value =>
  writeDecimal(typeof a === 'number' || typeof b === 'number' ? doubles(asNumber(a), asNumber(b)) : decimals(a, b));

const fitsInt64 = (n: bigint): boolean => BigInt.asIntN(64, n) === n;

/** The narrowest integer value that holds `n` and is at least as wide as `floor`; undefined beyond 64 bits. */
export const integerValue = (n: bigint, floor: number): Value | undefined => {
  if (floor === Type.int32 && BigInt.asIntN(32, n) === n) return int32(Number(n));
  return fitsInt64(n) ? int64(n) : undefined;
};

const integerOf = (value: Value): bigint =>
  value.type === Type.int64 ? value.buf.readBigInt64LE(value.start) : BigInt(value.buf.readInt32LE(value.start));

/** The type of a result of numbers of these two types: the wider one. */
const widest = (x: Value, y: Value): number =>
  [Type.decimal, Type.double, Type.int64].find((type) => x.type === type || y.type === type) ?? Type.int32;

const compute = (operation: Operation, x: Value, y: Value): Value | undefined => {
  const type = widest(x, y);
  if (type === Type.decimal) return withDecimals(operation, decimalOf(x), decimalOf(y));
  if (type === Type.double) return double(operation.doubles(toNumber(x), toNumber(y)));
  return integerValue(operation.integers(integerOf(x), integerOf(y)), type);
};

/** Sum, difference and product with MongoDB's result types; undefined when 64-bit integers overflow. */
export const add = (x: Value, y: Value): Value | undefined => compute(addition, x, y);
export const subtract = (x: Value, y: Value): Value | undefined => compute(subtraction, x, y);
export const multiply = (x: Value, y: Value): Value | undefined => compute(multiplication, x, y);

const division = { doubles: (a: number, b: number) => a / b, decimals: divideDecimals };

/** The quotient: a decimal if either is one, else a double. The caller has refused a zero divisor. */
export const divide = (x: Value, y: Value): Value => {
  if (widest(x, y) !== Type.decimal) return double(toNumber(x) / toNumber(y));
  const [a, b] = [decimalOf(x), decimalOf(y)];
  if (typeof a !== 'number' && typeof b === 'number' && !Number.isNaN(b)) {
    return writeDecimal(decimal(0n, -6176, a.isNegative !== b < 0));
  }
  return withDecimals(division, a, b);
};

const remainderDecimal = (a: Decimal | number, b: Decimal | number): Value => {
  if (typeof a !== 'number' && typeof b === 'number' && !Number.isNaN(b)) return writeDecimal(a);
  return withDecimals({ doubles: () => Number.NaN, decimals: remainderOfDecimals }, a, b);
};

/** The remainder, with the sign of the dividend. The caller has refused a zero divisor. */
export const remainder = (x: Value, y: Value): Value => {
  const type = widest(x, y);
  if (type === Type.decimal) return remainderDecimal(decimalOf(x), decimalOf(y));
  if (type === Type.double) return double(toNumber(x) % toNumber(y));
  return integerValue(integerOf(x) % integerOf(y), type)!;
};
