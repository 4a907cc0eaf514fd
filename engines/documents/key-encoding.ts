import { createHash } from 'node:crypto';
import { nullValue } from './bson/build.ts';
import { rank, Type } from './bson/types.ts';
import { elements, items, regexParts, type Value } from './bson/value.ts';
import { KeyBytes } from './key-bytes.ts';
import { appendNumber } from './key-numbers.ts';

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
