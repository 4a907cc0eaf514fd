import { EventEmitter } from 'node:events';
import { timestamp } from '../bson/build.ts';
import { documentAt, type Value } from '../bson/value.ts';
import { BsonWriter } from '../bson/writer.ts';
import type { ChangeEvent } from './change-events.ts';
import type { Environment } from './environment.ts';

/** A change with its place in the order of all changes. */
export interface Entry {
  readonly position: bigint;
  readonly event: Value;
}

/** How much of the past is kept for change streams to resume from. */
export interface OplogLimits {
  readonly bytes: number;
}

const keyOf = (position: bigint): Buffer => {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(position);
  return key;
};

const positionOf = (key: Buffer): bigint => key.readBigUInt64BE(0);

const countedAtATime = 1000;

const lostKey = Buffer.from('\0lost');

const startOfSecond = (): bigint => BigInt(Math.floor(Date.now() / 1000)) << 32n;

/**
 * Every change in order, one stored record per transaction. A position is a MongoDB timestamp: seconds, then an ordinal;
 * the changes of one record have consecutive positions. Emits `commit` when changes have become durable.
 */
export class Oplog extends EventEmitter {
  private readonly env: Environment;
  private readonly limits: OplogLimits;
  /** The bytes of all records, once they are counted. */
  private bytes = 0;
  private isCounted = false;
  private last: bigint;
  /** The position up to which changes have been forgotten. */
  private lost: bigint;
  /** The position up to which everything is durable. */
  committed: bigint;

  constructor(env: Environment, limits: OplogLimits) {
    super();
    this.setMaxListeners(0);
    this.env = env;
    this.limits = limits;
    this.last = this.findLast();
    const lost = env.catalogue.get(lostKey);
    this.lost = lost ? positionOf(lost) : 0n;
    this.committed = this.last;
  }

  /** Counts what was stored before the start, with pauses; until that is done nothing is forgotten. */
  async count(pause: () => Promise<void>): Promise<void> {
    if (this.isCounted) return;
    const end = keyOf(this.last + 1n);
    let start = keyOf(0n);
    let counted = 0;
    for (let isAtEnd = false; !isAtEnd; await pause()) {
      const records = [...this.env.oplog.getRange({ start, end, limit: countedAtATime })];
      for (const { value } of records) counted += value.length;
      isAtEnd = records.length < countedAtATime;
      if (!isAtEnd) start = keyOf(positionOf(records.at(-1)!.key) + 1n);
    }
    this.bytes += counted;
    this.isCounted = true;
  }

  private findLast(): bigint {
    for (const { key, value } of this.env.oplog.getRange({ reverse: true, limit: 1 })) {
      return positionOf(key) + BigInt(split(value).length) - 1n;
    }
    return startOfSecond();
  }

  /** Appends the changes of one transaction, each made from its position; returns the last position. Inside a transaction. */
  append(makers: readonly ChangeEvent[]): bigint {
    if (makers.length === 0) return this.last;
    const now = startOfSecond();
    const first = this.last >= now ? this.last + 1n : now + 1n;
    const writer = new BsonWriter();
    makers.forEach((make, i) => {
      const event = make(timestamp(first + BigInt(i)));
      writer.bytes(event, 0, event.length);
    });
    const record = writer.done();
    this.env.oplog.putSync(keyOf(first), record);
    this.last = first + BigInt(makers.length) - 1n;
    this.bytes += record.length;
    this.trim();
    return this.last;
  }

  private trim(): void {
    if (!this.isCounted || this.bytes <= this.limits.bytes) return;
    const { oplog } = this.env;
    for (const { key, value } of [...oplog.getRange({ limit: 8 })]) {
      if (this.bytes <= this.limits.bytes || positionOf(key) + BigInt(split(value).length) > this.last) return;
      oplog.removeSync(key);
      this.bytes -= value.length;
      this.lost = positionOf(key) + BigInt(split(value).length) - 1n;
      this.env.catalogue.putSync(lostKey, keyOf(this.lost));
    }
  }

  /** Makes changes up to a position visible to change streams. */
  commit(position: bigint): void {
    if (position <= this.committed) return;
    this.committed = position;
    this.emit('commit');
  }

  /** Whether all changes after a position are still known. */
  remembers(position: bigint): boolean {
    return position >= this.lost;
  }

  /** Durable changes after a position, oldest first, at least one record's if there are any, else about `most`. */
  after(position: bigint, most: number): Entry[] {
    const found: Entry[] = [];
    if (position >= this.committed) return found;
    this.env.root.resetReadTxn();
    const start = this.recordHolding(position) ?? keyOf(position + 1n);
    for (const { key, value } of this.env.oplog.getRange({ start })) {
      if (positionOf(key) > this.committed || (found.length > 0 && found.length >= most)) break;
      split(value).forEach((event, i) => {
        const at = positionOf(key) + BigInt(i);
        if (at > position && at <= this.committed) found.push({ position: at, event });
      });
    }
    return found;
  }

  private recordHolding(position: bigint): Buffer | undefined {
    for (const key of this.env.oplog.getKeys({ start: keyOf(position), reverse: true, limit: 1 })) return key;
    return undefined;
  }
}

const split = (record: Buffer): Value[] => {
  const events: Value[] = [];
  for (let at = 0; at < record.length; ) {
    const event = documentAt(record, at);
    events.push(event);
    at = event.end;
  }
  return events;
};
