import { Type } from './types.ts';
import type { Value } from './value.ts';

/** A finite Decimal128: sign and coefficient in one integer, times ten to the exponent. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

const bias = 6176;
const low49 = (1n << 49n) - 1n;
const limit = 10n ** 34n;

/** Reads a Decimal128: a number for NaN and the infinities, else its exact parts. */
export const readDecimal = (value: Value): Decimal | number => {
  const low = value.buf.readBigUInt64LE(value.start);
  const high = value.buf.readBigUInt64LE(value.start + 8);
  const negative = high >> 63n === 1n;
  const kind = (high >> 58n) & 31n;
  if (kind === 31n) return Number.NaN;
  if (kind === 30n) return negative ? -Infinity : Infinity;
  if (kind >= 24n) return { coefficient: 0n, exponent: 0 };
  const coefficient = ((high & low49) << 64n) | low;
  if (coefficient >= limit) return { coefficient: 0n, exponent: 0 };
  return { coefficient: negative ? -coefficient : coefficient, exponent: Number((high >> 49n) & 0x3fffn) - bias };
};

const halfEven = (n: bigint, divisor: bigint): bigint => {
  const quotient = n / divisor;
  const twice = (n % divisor) * 2n;
  return twice > divisor || (twice === divisor && quotient % 2n === 1n) ? quotient + 1n : quotient;
};

const normalised = (magnitude: bigint, exponent: number): { magnitude: bigint; exponent: number } => {
  const excess = Math.max(magnitude.toString().length - 34, -bias - exponent, 0);
  if (excess > 0) {
    const rounded = halfEven(magnitude, 10n ** BigInt(excess));
    return normalised(rounded, exponent + excess);
  }
  const room = 34 - magnitude.toString().length;
  const shift = Math.min(Math.max(exponent - 6111, 0), room);
  return { magnitude: magnitude * 10n ** BigInt(shift), exponent: exponent - shift };
};

const special: ReadonlyMap<string, bigint> = new Map([
  ['NaN', 31n << 58n],
  ['Infinity', 30n << 58n],
  ['-Infinity', 62n << 58n],
]);

const decimalBits = (high: bigint, low: bigint): Value => {
  const buf = Buffer.alloc(16);
  buf.writeBigUInt64LE(low, 0);
  buf.writeBigUInt64LE(high, 8);
  return { type: Type.decimal, buf, start: 0, end: 16 };
};

/** Writes a Decimal128, rounded half-even to 34 digits. */
export const writeDecimal = (value: Decimal | number): Value => {
  if (typeof value === 'number') return decimalBits(special.get(String(value))!, 0n);
  const negative = value.coefficient < 0n;
  const { magnitude, exponent } = normalised(negative ? -value.coefficient : value.coefficient, value.exponent);
  if (exponent > 6111) return writeDecimal(negative ? -Infinity : Infinity);
  const high = (negative ? 1n << 63n : 0n) | (BigInt(exponent + bias) << 49n) | (magnitude >> 64n);
  return decimalBits(high, magnitude & ((1n << 64n) - 1n));
};

/** Parses decimal notation with an optional exponent; undefined if it is none. */
export const parseDecimal = (source: string): Decimal | undefined => {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(source);
  if (!match || match[2]! + match[3]! === '') return undefined;
  const digits = BigInt(match[2]! + match[3]!);
  return {
    coefficient: match[1] === '-' ? -digits : digits,
    exponent: Number(match[4] ?? 0) - match[3]!.length,
  };
};

/** The shortest text of a Decimal128, as MongoDB prints it. */
export const decimalText = (value: Decimal | number): string => {
  if (typeof value === 'number') return String(value);
  const { exponent } = value;
  const sign = value.coefficient < 0n ? '-' : '';
  const digits = String(value.coefficient < 0n ? -value.coefficient : value.coefficient);
  const scientific = exponent + digits.length - 1;
  if (exponent > 0 || scientific < -6) {
    const tail = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${tail}E${scientific >= 0 ? '+' : ''}${scientific}`;
  }
  if (exponent === 0) return sign + digits;
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
};

/** Two decimals brought to one exponent. */
export const align = (a: Decimal, b: Decimal): { a: bigint; b: bigint; exponent: number } => {
  const exponent = Math.min(a.exponent, b.exponent);
  return {
    a: a.coefficient * 10n ** BigInt(a.exponent - exponent),
    b: b.coefficient * 10n ** BigInt(b.exponent - exponent),
    exponent,
  };
};
