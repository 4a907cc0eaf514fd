import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Item, Run } from './sorted-runs.ts';

const closing = new FinalizationRegistry<number>(closeSync);

const headSize = 8;
const windowSize = 64 * 1024;

/** How values become bytes, and bytes values again. */
interface Form<T> {
  readonly toBytes: (value: T) => Buffer;
  readonly fromBytes: (bytes: Buffer) => T;
}

const packed = <T>(items: readonly Item<T>[], toBytes: (value: T) => Buffer): Buffer =>
  Buffer.concat(
    items.flatMap(({ key, value }) => {
      const [head, bytes] = [Buffer.alloc(headSize), toBytes(value)];
      head.writeUInt32LE(key.length, 0);
      head.writeUInt32LE(bytes.length, 4);
      return [head, key, bytes];
    }),
  );

/** Values in order that are read back from a file, a little at a time. */
class SpooledRun<T> implements Run<T> {
  head: Item<T> | undefined;
  private window = Buffer.alloc(0);
  private readonly spool: Spool<T>;
  private readonly fromBytes: (bytes: Buffer) => T;
  private at: number;
  private readonly end: number;

  constructor(spool: Spool<T>, fromBytes: (bytes: Buffer) => T, at: number, end: number) {
    this.spool = spool;
    this.fromBytes = fromBytes;
    this.at = at;
    this.end = end;
    this.advance();
  }

  /** Sees to it that so many bytes lie in the window. */
  private need(size: number): void {
    if (this.window.length >= size) return;
    const length = Math.min(Math.max(size - this.window.length, windowSize), this.end - this.at);
    this.window = Buffer.concat([this.window, this.spool.read(this.at, length)]);
    this.at += length;
  }

  advance(): void {
    this.head = undefined;
    if (this.window.length === 0 && this.at === this.end) return;
    this.need(headSize);
    const keyEnd = headSize + this.window.readUInt32LE(0);
    const end = keyEnd + this.window.readUInt32LE(4);
    this.need(end);
    this.head = {
      key: this.window.subarray(headSize, keyEnd),
      value: this.fromBytes(this.window.subarray(keyEnd, end)),
    };
    this.window = this.window.subarray(end);
  }
}

/** A temporary file for what a sort cannot hold. It has no name, and goes with the last run that is read from it. */
export class Spool<T> {
  private readonly form: Form<T>;
  private readonly file: number;
  private size = 0;

  constructor(form: Form<T>) {
    this.form = form;
    const path = join(tmpdir(), `documents-sort-${randomUUID()}`);
    this.file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    closing.register(this, this.file);
  }

  /** Puts values that are in order aside. */
  write(items: readonly Item<T>[]): Run<T> {
    const start = this.size;
    const bytes = packed(items, this.form.toBytes);
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.file, bytes, done, bytes.length - done, start + done);
    this.size += bytes.length;
    return new SpooledRun(this, this.form.fromBytes, start, this.size);
  }

  read(at: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.file, bytes, done, length - done, at + done);
      if (count === 0) throw new RangeError('the temporary file of a sort has been cut off');
      done += count;
    }
    return bytes;
  }
}
