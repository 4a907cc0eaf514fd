import { double } from './bson/build.ts';
import { type Decimal, decimal, readDecimal } from './bson/decimal.ts';
import { compareNumbers, toNumber } from './bson/number.ts';
import { Type } from './bson/types.ts';
import type { Value } from './bson/value.ts';
import type { KeyBytes } from './key-bytes.ts';

const isExactDouble = (value: Value): boolean =>
  value.type === Type.double ||
  value.type === Type.int32 ||
  (value.type === Type.int64 && Math.abs(toNumber(value)) <= Number.MAX_SAFE_INTEGER);

/** The largest double that is not above the value. */
const doubleBelow = (value: Value): number => {
  const near = toNumber(value);
  return compareNumbers(double(near), value) <= 0 ? near : nextDown(near);
};

const nextDown = (n: number): number => {
  if (n === 0) return -Number.MIN_VALUE;
  const buf = Buffer.alloc(8);
  buf.writeDoubleBE(n);
  buf.writeBigInt64BE(buf.readBigInt64BE() + (n > 0 ? -1n : 1n));
  return buf.readDoubleBE();
};

const exactParts = (value: Value): Decimal =>
  value.type === Type.int64 ? decimal(value.buf.readBigInt64LE(value.start), 0) : (readDecimal(value) as Decimal);

/** What tells apart the numbers between two doubles: exponent and 34 digits, inverted below zero. */
const appendDigits = (key: KeyBytes, value: Value): void => {
  const { isNegative, digits, exponent } = exactParts(value);
  const text = String(digits);
  const start = key.length;
  key.unsigned32(exponent + text.length + 32768);
  key.copy(Buffer.from(text.padEnd(34, '0')), 0, 34);
  if (isNegative) key.invert(start);
};

/** A number so that the order of bytes is the order of numbers, whatever their types: a double, then what it cannot say. */
export const appendNumber = (key: KeyBytes, value: Value): void => {
  if (isExactDouble(value)) {
    key.double(toNumber(value));
    key.byte(0);
    return;
  }
  const below = doubleBelow(value);
  key.double(below);
  const isExact = compareNumbers(double(below), value) === 0;
  key.byte(isExact ? 0 : 1);
  if (!isExact) appendDigits(key, value);
};
