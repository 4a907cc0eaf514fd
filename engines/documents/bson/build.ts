import { Type } from './types.ts';
import type { Value } from './value.ts';
import { BsonWriter, isView, type Writable } from './writer.ts';

/** The BSON document with these fields, in this order; undefined fields are left out. */
export const encode = (fields: { readonly [name: string]: Writable }): Buffer => {
  const writer = new BsonWriter();
  writer.body(fields);
  return writer.done();
};

/** The BSON document with these elements; unlike an object, a list keeps the order of names that look like integers. */
export const encodeElements = (list: Iterable<readonly [string, Writable]>): Buffer => {
  const writer = new BsonWriter();
  const start = writer.open();
  for (const [name, value] of list) writer.field(name, value);
  writer.close(start);
  return writer.done();
};

/** A document's bytes as a value. */
export const documentValue = (buf: Buffer): Value => ({ type: Type.document, buf, start: 0, end: buf.length });

/** An array as a value. */
export const arrayValue = (values: readonly Writable[]): Value => ({
  ...documentValue(encodeElements(values.map((value, i) => [String(i), value ?? null] as const))),
  type: Type.array,
});

/** Any writable as a value. */
export const toValue = (value: Writable): Value => {
  if (value !== null && typeof value === 'object' && !Buffer.isBuffer(value) && isView(value)) return value;
  const buf = encodeElements([['', value ?? null]]);
  return { type: buf[4]!, buf, start: 6, end: buf.length - 1 };
};

const scalar = (type: number, size: number, write: (buf: Buffer) => void): Value => {
  const buf = Buffer.alloc(size);
  write(buf);
  return { type, buf, start: 0, end: size };
};

export const nullValue: Value = scalar(Type.null, 0, () => {});
export const undefinedValue: Value = scalar(Type.undefined, 0, () => {});
export const int32 = (n: number): Value => scalar(Type.int32, 4, (buf) => buf.writeInt32LE(n));
export const int64 = (n: bigint): Value => scalar(Type.int64, 8, (buf) => buf.writeBigInt64LE(n));
export const double = (n: number): Value => scalar(Type.double, 8, (buf) => buf.writeDoubleLE(n));
export const dateAt = (millis: bigint): Value => scalar(Type.date, 8, (buf) => buf.writeBigInt64LE(millis));
export const date = (at: Date): Value => dateAt(BigInt(at.getTime()));
export const objectId = (id: Buffer): Value => ({ type: Type.objectId, buf: id, start: 0, end: 12 });

/** A timestamp: seconds in the high half, an ordinal in the low half. */
export const timestamp = (position: bigint): Value =>
  scalar(Type.timestamp, 8, (buf) => buf.writeBigUInt64LE(position));

export const binary = (bytes: Buffer, subtype = 0): Value =>
  scalar(Type.binary, bytes.length + 5, (buf) => {
    buf.writeInt32LE(bytes.length);
    buf[4] = subtype;
    bytes.copy(buf, 5);
  });

export const regexValue = (pattern: string, options: string): Value => {
  const buf = Buffer.from(`${pattern}\0${options}\0`);
  return { type: Type.regex, buf, start: 0, end: buf.length };
};
