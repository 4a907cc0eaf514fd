import { createHash } from 'node:crypto';
import { double, nullValue } from './bson/build.ts';
import { type Decimal, decimal, readDecimal } from './bson/decimal.ts';
import { compareNumbers, toNumber } from './bson/number.ts';
import { rank, Type } from './bson/types.ts';
import { elements, items, regexParts, type Value } from './bson/value.ts';

/** Collects the bytes of one key. */
class KeyBytes {
  private buf = Buffer.allocUnsafe(128);
  length = 0;

  private room(size: number): number {
    const start = this.length;
    this.length += size;
    if (this.length > this.buf.length) {
      const bigger = Buffer.allocUnsafe(Math.max(this.length, this.buf.length * 2));
      this.buf.copy(bigger, 0, 0, start);
      this.buf = bigger;
    }
    return start;
  }

  byte(value: number): void {
    const at = this.room(1);
    this.buf[at] = value;
  }

  copy(source: Buffer, from: number, to: number): void {
    const at = this.room(to - from);
    source.copy(this.buf, at, from, to);
  }

  unsigned32(value: number): void {
    const at = this.room(4);
    this.buf.writeUInt32BE(value, at);
  }

  unsigned64(value: bigint): void {
    const at = this.room(8);
    this.buf.writeBigUInt64BE(value, at);
  }

  /** A double so that the order of bytes is the order of numbers; NaN comes first. */
  double(value: number): void {
    const at = this.room(8);
    if (Number.isNaN(value)) {
      this.buf.fill(0, at, at + 8);
      return;
    }
    this.buf.writeDoubleBE(value === 0 ? 0 : value, at);
    if (this.buf[at]! < 128) this.buf[at] = this.buf[at]! | 128;
    else this.invert(at);
  }

  /** Bytes that may hold zeros, so that no other text's encoding begins with this one's. */
  terminated(source: Buffer, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const byte = source[i]!;
      this.byte(byte);
      if (byte === 0) this.byte(255);
    }
    this.byte(0);
  }

  invert(from: number): void {
    for (let i = from; i < this.length; i += 1) this.buf[i] = 255 - this.buf[i]!;
  }

  done(): Buffer {
    return Buffer.from(this.buf.subarray(0, this.length));
  }
}

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

const appendNumber = (key: KeyBytes, value: Value): void => {
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

const appendDocument = (key: KeyBytes, value: Value): void => {
  for (const element of elements(value)) {
    key.byte(rank[element.value.type]!);
    const name = Buffer.from(element.name);
    key.copy(name, 0, name.length);
    key.byte(0);
    appendPayload(key, element.value);
  }
  key.byte(0);
};

const appendArray = (key: KeyBytes, value: Value): void => {
  for (const item of items(value)) append(key, item);
  key.byte(0);
};

const appendBinary = (key: KeyBytes, { buf, start, end }: Value): void => {
  key.unsigned32(buf.readInt32LE(start));
  key.copy(buf, start + 4, end);
};

const appendRegex = (key: KeyBytes, value: Value): void => {
  const { pattern, options } = regexParts(value);
  key.copy(Buffer.from(`${pattern}\0${options}\0`), 0, Buffer.byteLength(pattern) + options.length + 2);
};

const appendText = (key: KeyBytes, { buf, start, end }: Value): void => key.terminated(buf, start + 4, end - 1);
const appendFixed = (key: KeyBytes, { buf, start, end }: Value): void => key.copy(buf, start, end);
const signBit = 1n << 63n;

const payloads: Readonly<Record<number, (key: KeyBytes, value: Value) => void>> = {
  [Type.double]: appendNumber,
  [Type.int32]: appendNumber,
  [Type.int64]: appendNumber,
  [Type.decimal]: appendNumber,
  [Type.string]: appendText,
  [Type.symbol]: appendText,
  [Type.code]: appendText,
  [Type.document]: appendDocument,
  [Type.array]: appendArray,
  [Type.binary]: appendBinary,
  [Type.objectId]: appendFixed,
  [Type.boolean]: appendFixed,
  [Type.date]: (key, { buf, start }) => key.unsigned64(BigInt.asUintN(64, buf.readBigInt64LE(start)) ^ signBit),
  [Type.timestamp]: (key, { buf, start }) => key.unsigned64(buf.readBigUInt64LE(start)),
  [Type.regex]: appendRegex,
  [Type.dbPointer]: appendFixed,
  [Type.codeWithScope]: (key, { buf, start, end }) => key.terminated(buf, start, end),
};

const appendPayload = (key: KeyBytes, value: Value): void => payloads[value.type]?.(key, value);

const append = (key: KeyBytes, value: Value): void => {
  key.byte(rank[value.type]!);
  appendPayload(key, value);
};

/** Bytes whose order is MongoDB's order of values; equal values have equal bytes, and no encoding begins another. */
export const encodeKey = (value: Value): Buffer => {
  const key = new KeyBytes();
  append(key, value);
  return key.done();
};

/** The bytes of several values in a row, those of descending fields inverted; a missing value counts as null. */
export const encodeKeys = (values: readonly (Value | undefined)[], directions: readonly number[]): Buffer => {
  const key = new KeyBytes();
  for (let i = 0; i < values.length; i += 1) {
    const start = key.length;
    append(key, values[i] ?? nullValue);
    if (directions[i]! < 0) key.invert(start);
  }
  return key.done();
};

const hashSize = 32;

/** The longest key of a document or index entry; lmdb takes 1978 bytes, and an entry joins one of each. */
export const maxKey = { id: 800, entry: 1100 } as const;

/** How many leading bytes of an over-long key survive in what is stored. */
export const keptBytes = (limit: number): number => limit - hashSize;

/** A key of bounded length: an over-long one keeps its beginning and stays distinct by a hash. */
export const boundedKey = (key: Buffer, limit: number): Buffer =>
  key.length <= limit
    ? key
    : Buffer.concat([key.subarray(0, keptBytes(limit)), createHash('sha256').update(key).digest()]);

/** The key under which a document with this `_id` is stored. */
export const idKey = (id: Value): Buffer => boundedKey(encodeKey(id), maxKey.id);
