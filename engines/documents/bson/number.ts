import { coefficientOf, type Decimal, readDecimal } from './decimal.ts';
import { partsOfDouble } from './double-parts.ts';
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
  typeof value === 'number' ? value : Number(`${value.isNegative ? '-' : ''}${value.digits}e${value.exponent}`);

/** The integer a decimal is, or comes closest to towards zero; undefined where there is none. */
const wholePart = (value: Decimal | number): { whole: bigint; isExact: boolean } | undefined => {
  if (typeof value === 'number' || value.exponent > 40) return undefined;
  const coefficient = coefficientOf(value);
  if (value.exponent >= 0) return { whole: coefficient * 10n ** BigInt(value.exponent), isExact: true };
  const divisor = 10n ** BigInt(-value.exponent);
  return { whole: coefficient / divisor, isExact: coefficient % divisor === 0n };
};

/** A number without a fraction as a bigint; undefined for anything else. */
export const toInteger = (value: Value): bigint | undefined => {
  if (value.type === Type.int64) return value.buf.readBigInt64LE(value.start);
  if (value.type === Type.decimal) {
    const part = wholePart(readDecimal(value));
    return part?.isExact ? part.whole : undefined;
  }
  const n = toNumber(value);
  return Number.isInteger(n) ? BigInt(n) : undefined;
};

/** A number cut to an integer; undefined for NaN, the infinities and what is beyond all integers. */
export const truncated = (value: Value): bigint | undefined => {
  if (value.type === Type.decimal) return wholePart(readDecimal(value))?.whole;
  const n = value.type === Type.int64 ? 0 : toNumber(value);
  return toInteger(value) ?? (Number.isFinite(n) ? BigInt(Math.trunc(n)) : undefined);
};

interface Rational {
  readonly numerator: bigint;
  readonly two: number;
  readonly ten: number;
}

const rational = (value: Value): Rational => {
  if (value.type === Type.int64) return { numerator: value.buf.readBigInt64LE(value.start), two: 0, ten: 0 };
  if (value.type !== Type.decimal) {
    const { mantissa, two } = partsOfDouble(toNumber(value));
    return { numerator: mantissa, two, ten: 0 };
  }
  const parts = readDecimal(value) as Decimal;
  return { numerator: coefficientOf(parts), two: 0, ten: parts.exponent };
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
