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

/** Whether an object is a view of a value. */
export const isView = (value: object): value is Value => 'buf' in value && 'start' in value && 'type' in value;

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
