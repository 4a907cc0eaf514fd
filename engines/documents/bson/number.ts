import { double, int32, int64 } from './build.ts';
import { align, type Decimal, parseDecimal, readDecimal, writeDecimal } from './decimal.ts';
import { Type } from './types.ts';
import type { Value } from './value.ts';

/** A numeric value as a JavaScript number; beyond 53 bits the nearest one. */
export const toNumber = (value: Value): number => {
  switch (value.type) {
    case Type.int32:
      return value.buf.readInt32LE(value.start);
    case Type.double:
      return value.buf.readDoubleLE(value.start);
    case Type.int64:
      return Number(value.buf.readBigInt64LE(value.start));
    default:
      return decimalToNumber(readDecimal(value));
  }
};

const decimalToNumber = (value: Decimal | number): number =>
  typeof value === 'number' ? value : Number(`${value.coefficient}e${value.exponent}`);

/** An int32, int64 or integral double as a bigint; undefined for anything else. */
export const toInteger = (value: Value): bigint | undefined => {
  if (value.type === Type.int64) return value.buf.readBigInt64LE(value.start);
  if (value.type === Type.decimal) {
    const parts = readDecimal(value);
    if (typeof parts === 'number') return undefined;
    if (parts.exponent >= 0) return parts.exponent > 40 ? undefined : parts.coefficient * 10n ** BigInt(parts.exponent);
    const divisor = 10n ** BigInt(-parts.exponent);
    return parts.coefficient % divisor === 0n ? parts.coefficient / divisor : undefined;
  }
  const n = toNumber(value);
  return Number.isInteger(n) ? BigInt(n) : undefined;
};

interface Rational {
  readonly numerator: bigint;
  readonly two: number;
  readonly ten: number;
}

const rationalOfDouble = (n: number): Rational => {
  const buf = Buffer.alloc(8);
  buf.writeDoubleBE(n);
  const bits = buf.readBigUInt64BE();
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
  return { numerator: n < 0 ? -mantissa : mantissa, two: Math.max(exponent, 1) - 1075, ten: 0 };
};

const rational = (value: Value): Rational => {
  if (value.type === Type.int64) return { numerator: value.buf.readBigInt64LE(value.start), two: 0, ten: 0 };
  if (value.type !== Type.decimal) return rationalOfDouble(toNumber(value));
  const parts = readDecimal(value) as Decimal;
  return { numerator: parts.coefficient, two: 0, ten: parts.exponent };
};

const scaled = (r: Rational, two: number, ten: number): bigint =>
  r.numerator * 2n ** BigInt(r.two - two) * 10n ** BigInt(r.ten - ten);

const compareExactly = (x: Value, y: Value): number => {
  const [a, b] = [rational(x), rational(y)];
  const [two, ten] = [Math.min(a.two, b.two), Math.min(a.ten, b.ten)];
  const [left, right] = [scaled(a, two, ten), scaled(b, two, ten)];
  return left < right ? -1 : left > right ? 1 : 0;
};

const order = (a: number, b: number): number => {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : 1;
};

const isNarrow = (value: Value): boolean => value.type === Type.int32 || value.type === Type.double;

const mayBeInexact = (value: Value, n: number): boolean =>
  value.type === Type.decimal || (value.type === Type.int64 && Math.abs(n) > Number.MAX_SAFE_INTEGER);

const isInfinite = (value: Value): boolean => {
  if (isNarrow(value)) return !Number.isFinite(toNumber(value));
  return value.type === Type.decimal && typeof readDecimal(value) === 'number';
};

/** Compares two numeric values exactly, whatever their types; NaN equals itself and comes before every other number. */
export const compareNumbers = (x: Value, y: Value): number => {
  const [a, b] = [toNumber(x), toNumber(y)];
  if (isNarrow(x) && isNarrow(y)) return order(a, b);
  if (!mayBeInexact(x, a) && !mayBeInexact(y, b)) return order(a, b);
  if (isInfinite(x)) return isInfinite(y) ? order(a, b) : a > 0 ? 1 : -1;
  if (isInfinite(y)) return b > 0 ? -1 : 1;
  if (Math.abs(a - b) > 1e-9 * Math.max(Math.abs(a), Math.abs(b))) return order(a, b);
  return compareExactly(x, y);
};

const decimalOf = (value: Value): Decimal | number => {
  if (value.type === Type.decimal) return readDecimal(value);
  if (value.type === Type.int64) return { coefficient: value.buf.readBigInt64LE(value.start), exponent: 0 };
  const n = toNumber(value);
  if (!Number.isFinite(n)) return n;
  return parseDecimal(value.type === Type.int32 ? String(n) : n.toPrecision(15))!;
};

const asNumber = (value: Decimal | number): number => (typeof value === 'number' ? value : Number(value.coefficient));

interface Operation {
  readonly integers: (a: bigint, b: bigint) => bigint;
  readonly doubles: (a: number, b: number) => number;
  readonly decimals: (a: Decimal, b: Decimal) => Decimal;
}

const addition: Operation = {
  integers: (a, b) => a + b,
  doubles: (a, b) => a + b,
  decimals: (x, y) => {
    const { a, b, exponent } = align(x, y);
    return { coefficient: a + b, exponent };
  },
};

const subtraction: Operation = {
  integers: (a, b) => a - b,
  doubles: (a, b) => a - b,
  decimals: (x, y) => {
    const { a, b, exponent } = align(x, y);
    return { coefficient: a - b, exponent };
  },
};

const multiplication: Operation = {
  integers: (a, b) => a * b,
  doubles: (a, b) => a * b,
  decimals: (x, y) => ({ coefficient: x.coefficient * y.coefficient, exponent: x.exponent + y.exponent }),
};

const withDecimals = (operation: Operation, a: Decimal | number, b: Decimal | number): Value =>
  typeof a === 'number' || typeof b === 'number'
    ? writeDecimal(operation.doubles(asNumber(a), asNumber(b)))
    : writeDecimal(operation.decimals(a, b));

const fitsInt64 = (n: bigint): boolean => BigInt.asIntN(64, n) === n;

/** The narrowest integer value that holds `n` and is at least as wide as `floor`; undefined beyond 64 bits. */
const integerValue = (n: bigint, floor: number): Value | undefined => {
  if (floor === Type.int32 && BigInt.asIntN(32, n) === n) return int32(Number(n));
  return fitsInt64(n) ? int64(n) : undefined;
};

const integerOf = (value: Value): bigint =>
  value.type === Type.int64 ? value.buf.readBigInt64LE(value.start) : BigInt(value.buf.readInt32LE(value.start));

const compute = (operation: Operation, x: Value, y: Value): Value | undefined => {
  if (x.type === Type.decimal || y.type === Type.decimal) return withDecimals(operation, decimalOf(x), decimalOf(y));
  if (x.type === Type.double || y.type === Type.double) return double(operation.doubles(toNumber(x), toNumber(y)));
  const wider = x.type === Type.int64 || y.type === Type.int64 ? Type.int64 : Type.int32;
  return integerValue(operation.integers(integerOf(x), integerOf(y)), wider);
};

/** Sum, difference and product with MongoDB's result types; undefined when 64-bit integers overflow. */
export const add = (x: Value, y: Value): Value | undefined => compute(addition, x, y);
export const subtract = (x: Value, y: Value): Value | undefined => compute(subtraction, x, y);
export const multiply = (x: Value, y: Value): Value | undefined => compute(multiplication, x, y);

/** The quotient: a decimal if either is one, else a double. The caller has refused a zero divisor. */
export const divide = (x: Value, y: Value): Value => {
  if (x.type !== Type.decimal && y.type !== Type.decimal) return double(toNumber(x) / toNumber(y));
  const [a, b] = [decimalOf(x), decimalOf(y)];
  if (typeof a === 'number' || typeof b === 'number') return writeDecimal(asNumber(a) / asNumber(b));
  return writeDecimal(trimmed((a.coefficient * 10n ** 40n) / b.coefficient, a.exponent - b.exponent - 40));
};

const trimmed = (coefficient: bigint, exponent: number): Decimal => {
  let [c, e] = [coefficient, exponent];
  while (c !== 0n && e < 0 && c % 10n === 0n) [c, e] = [c / 10n, e + 1];
  return { coefficient: c, exponent: e };
};
