import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentAt, type Value } from '../bson/value.ts';
import type { Item, Run } from './sorted-runs.ts';

const closing = new FinalizationRegistry<number>(closeSync);

const headSize = 8;
const windowSize = 64 * 1024;

const packed = (items: readonly Item<Value>[]): Buffer =>
  Buffer.concat(
    items.flatMap(({ key, value: { buf, start, end } }) => {
      const head = Buffer.alloc(headSize);
      head.writeUInt32LE(key.length, 0);
      head.writeUInt32LE(end - start, 4);
      return [head, key, buf.subarray(start, end)];
    }),
  );

/** Documents in order that are read back from a file, a little at a time. */
class SpooledRun implements Run<Value> {
  head: Item<Value> | undefined;
  private window = Buffer.alloc(0);
  private readonly spool: Spool;
  private at: number;
  private readonly end: number;

  constructor(spool: Spool, at: number, end: number) {
    this.spool = spool;
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
    this.head = { key: this.window.subarray(headSize, keyEnd), value: documentAt(this.window, keyEnd) };
    this.window = this.window.subarray(end);
  }
}

/** A temporary file for what a sort cannot hold. It has no name, and goes with the last run that is read from it. */
export class Spool {
  private readonly file: number;
  private size = 0;

  constructor() {
    const path = join(tmpdir(), `documents-sort-${randomUUID()}`);
    this.file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    closing.register(this, this.file);
  }

  /** Puts documents that are in order aside. */
  write(items: readonly Item<Value>[]): Run<Value> {
    const start = this.size;
    const bytes = packed(items);
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.file, bytes, done, bytes.length - done, start + done);
    this.size += bytes.length;
    return new SpooledRun(this, start, this.size);
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
