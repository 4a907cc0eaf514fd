import { Type } from './types.ts';
import type { Value } from './value.ts';

/** A finite Decimal128: its sign, which zero has too, and its digits as one integer, times ten to the exponent. */
export interface Decimal {
  readonly isNegative: boolean;
  readonly digits: bigint;
  readonly exponent: number;
}

const bias = 6176;
const largestExponent = 6111;
const precision = 34;
const low49 = (1n << 49n) - 1n;
const limit = 10n ** BigInt(precision);

/** The decimal with this coefficient; `isNegative` counts for zero only. */
export const decimal = (coefficient: bigint, exponent: number, isNegative = false): Decimal => ({
  isNegative: coefficient === 0n ? isNegative : coefficient < 0n,
  digits: coefficient < 0n ? -coefficient : coefficient,
  exponent,
});

/** The digits with their sign. */
export const coefficientOf = ({ isNegative, digits }: Decimal): bigint => (isNegative ? -digits : digits);

/** Reads a Decimal128: a number for NaN and the infinities, else its exact parts. */
export const readDecimal = (value: Value): Decimal | number => {
  const low = value.buf.readBigUInt64LE(value.start);
  const high = value.buf.readBigUInt64LE(value.start + 8);
  const isNegative = high >> 63n === 1n;
  const kind = (high >> 58n) & 31n;
  if (kind === 31n) return Number.NaN;
  if (kind === 30n) return isNegative ? -Infinity : Infinity;
  if (kind >= 24n) return { isNegative, digits: 0n, exponent: Number((high >> 47n) & 0x3fffn) - bias };
  const digits = ((high & low49) << 64n) | low;
  return { isNegative, digits: digits < limit ? digits : 0n, exponent: Number((high >> 49n) & 0x3fffn) - bias };
};

const lengthOf = (digits: bigint): number => digits.toString().length;

/** A quotient of digits, rounded to the nearest integer, a half to the even one. */
const halfEven = (digits: bigint, divisor: bigint): bigint => {
  const quotient = digits / divisor;
  const twice = (digits % divisor) * 2n;
  return twice > divisor || (twice === divisor && quotient % 2n === 1n) ? quotient + 1n : quotient;
};

/** The decimal with so many digits less, the last one rounded. */
const shortened = ({ isNegative, digits, exponent }: Decimal, by: number): Decimal => ({
  isNegative,
  digits: halfEven(digits, 10n ** BigInt(by)),
  exponent: exponent + by,
});

/** Rounds, half to even, to so many digits. */
export const rounded = (value: Decimal, most: number): Decimal => {
  const excess = lengthOf(value.digits) - most;
  return excess > 0 ? rounded(shortened(value, excess), most) : value;
};

const fitted = (value: Decimal): Decimal => {
  const excess = Math.max(lengthOf(value.digits) - precision, -bias - value.exponent, 0);
  if (excess > 0) return fitted(shortened(value, excess));
  const tooHigh = Math.max(value.exponent - largestExponent, 0);
  const shift = value.digits === 0n ? tooHigh : Math.min(tooHigh, precision - lengthOf(value.digits));
  return { ...value, digits: value.digits * 10n ** BigInt(shift), exponent: value.exponent - shift };
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
  const { isNegative, digits, exponent } = fitted(value);
  if (exponent > largestExponent) return writeDecimal(isNegative ? -Infinity : Infinity);
  const high = (isNegative ? 1n << 63n : 0n) | (BigInt(exponent + bias) << 49n) | (digits >> 64n);
  return decimalBits(high, digits & ((1n << 64n) - 1n));
};

/** Parses decimal notation with an optional exponent; undefined if it is none. */
export const parseDecimal = (source: string): Decimal | undefined => {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(source);
  if (!match || match[2]! + match[3]! === '') return undefined;
  return {
    isNegative: match[1] === '-',
    digits: BigInt(match[2]! + match[3]!),
    exponent: Number(match[4] ?? 0) - match[3]!.length,
  };
};

/** The shortest text of a Decimal128, as MongoDB prints it. */
export const decimalText = (value: Decimal | number): string => {
  if (typeof value === 'number') return String(value);
  const { exponent } = value;
  const sign = value.isNegative ? '-' : '';
  const digits = String(value.digits);
  const scientific = exponent + digits.length - 1;
  if (exponent > 0 || scientific < -6) {
    const tail = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${tail}E${scientific >= 0 ? '+' : ''}${scientific}`;
  }
  if (exponent === 0) return sign + digits;
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
};
