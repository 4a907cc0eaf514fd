import { Type } from './types.ts';
import type { Value } from './value.ts';

/** What can be written into a document: plain JavaScript values, views of BSON values, and buffers holding whole documents. */
export type Writable =
  | Value
  | Buffer
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | readonly Writable[]
  | { readonly [name: string]: Writable };

const isView = (value: object): value is Value => 'buf' in value && 'start' in value && 'type' in value;

/** Writes BSON into a buffer that grows. */
export class BsonWriter {
  private buf = Buffer.allocUnsafe(256);
  private at = 0;

  private room(size: number): number {
    const start = this.at;
    this.at += size;
    if (this.at > this.buf.length) {
      const bigger = Buffer.allocUnsafe(Math.max(this.at, this.buf.length * 2));
      this.buf.copy(bigger, 0, 0, start);
      this.buf = bigger;
    }
    return start;
  }

  /** Opens a document or array body; give what it returns to `close`. */
  open(): number {
    return this.room(4);
  }

  close(start: number): void {
    const end = this.room(1);
    this.buf[end] = 0;
    this.buf.writeInt32LE(this.at - start, start);
  }

  head(type: number, name: string): void {
    const size = Buffer.byteLength(name);
    const start = this.room(size + 2);
    this.buf[start] = type;
    this.buf.write(name, start + 1);
    this.buf[start + size + 1] = 0;
  }

  bytes(source: Buffer, from: number, to: number): void {
    const start = this.room(to - from);
    source.copy(this.buf, start, from, to);
  }

  /** Writes a view of a value under a name, byte for byte. */
  view(name: string, value: Value): void {
    this.head(value.type, name);
    this.bytes(value.buf, value.start, value.end);
  }

  field(name: string, value: Writable): void {
    if (value === undefined) return;
    if (value === null) this.head(Type.null, name);
    else if (typeof value === 'object') this.object(name, value);
    else this.scalar(name, value);
  }

  private scalar(name: string, value: string | number | bigint | boolean): void {
    if (typeof value === 'string') this.string(name, value);
    else if (typeof value === 'boolean') {
      this.head(Type.boolean, name);
      const at = this.room(1);
      this.buf[at] = value ? 1 : 0;
    } else if (typeof value === 'bigint') {
      this.head(Type.int64, name);
      const at = this.room(8);
      this.buf.writeBigInt64LE(value, at);
    } else if (Number.isInteger(value) && Math.abs(value) < 2 ** 31 && !Object.is(value, -0)) {
      this.head(Type.int32, name);
      const at = this.room(4);
      this.buf.writeInt32LE(value, at);
    } else {
      this.head(Type.double, name);
      const at = this.room(8);
      this.buf.writeDoubleLE(value, at);
    }
  }

  private string(name: string, value: string): void {
    this.head(Type.string, name);
    const size = Buffer.byteLength(value);
    const at = this.room(size + 5);
    this.buf.writeInt32LE(size + 1, at);
    this.buf.write(value, at + 4);
    this.buf[at + 4 + size] = 0;
  }

  private object(name: string, value: object): void {
    if (Buffer.isBuffer(value)) {
      this.head(Type.document, name);
      this.bytes(value, 0, value.length);
    } else if (value instanceof Date) {
      this.head(Type.date, name);
      const at = this.room(8);
      this.buf.writeBigInt64LE(BigInt(value.getTime()), at);
    } else if (isView(value)) this.view(name, value);
    else if (Array.isArray(value)) this.array(name, value);
    else {
      this.head(Type.document, name);
      this.body(value as { [name: string]: Writable });
    }
  }

  private array(name: string, values: readonly Writable[]): void {
    this.head(Type.array, name);
    const start = this.open();
    for (let i = 0; i < values.length; i += 1) this.field(String(i), values[i] ?? null);
    this.close(start);
  }

  /** Writes a whole document. */
  body(fields: { readonly [name: string]: Writable }): void {
    const start = this.open();
    for (const name in fields) this.field(name, fields[name]);
    this.close(start);
  }

  /** The bytes written so far. */
  done(): Buffer {
    return this.buf.subarray(0, this.at);
  }
}

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
