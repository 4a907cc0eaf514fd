import { type Environment, endOfScope, scoped } from './environment.ts';

/** How many documents a collection has, and how many bytes they take. */
export interface Counts {
  readonly count: number;
  readonly bytes: number;
}

/** The number of a collection as the key of its count. */
export const countKey = (id: number): Buffer => {
  const key = Buffer.alloc(4);
  key.writeUInt32BE(id);
  return key;
};

/** Counts as they are stored. */
export const storedCounts = ({ count, bytes }: Counts): Buffer => {
  const value = Buffer.alloc(16);
  value.writeBigUInt64BE(BigInt(count));
  value.writeBigUInt64BE(BigInt(bytes), 8);
  return value;
};

/** The stored counts of a collection. An earlier version did not store the bytes; then they are counted once. */
export const loadCounts = ({ counts, documents }: Environment, id: number): Counts => {
  const stored = counts.get(countKey(id));
  const count = Number(stored?.readBigUInt64BE() ?? 0n);
  if (!stored || stored.length === 16) return { count, bytes: Number(stored?.readBigUInt64BE(8) ?? 0n) };
  let bytes = 0;
  const range = { start: scoped(id, Buffer.alloc(0)), end: endOfScope(id) };
  for (const { value } of documents.getRange(range)) bytes += value.length;
  return { count, bytes };
};
