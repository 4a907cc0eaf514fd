import { compareNumbers } from './number.ts';
import { rank, Type } from './types.ts';
import { bytesOf, elements, items, type Value } from './value.ts';

const sign = <T extends number | bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

const compareTexts = (a: Value, b: Value): number =>
  sign(a.buf.compare(b.buf, b.start + 4, b.end - 1, a.start + 4, a.end - 1), 0);

const compareBytes = (a: Value, b: Value): number => sign(a.buf.compare(b.buf, b.start, b.end, a.start, a.end), 0);

const compareBinaries = (a: Value, b: Value): number =>
  sign(a.buf.readInt32LE(a.start), b.buf.readInt32LE(b.start)) ||
  sign(a.buf[a.start + 4]!, b.buf[b.start + 4]!) ||
  sign(a.buf.compare(b.buf, b.start + 5, b.end, a.start + 5, a.end), 0);

const compareDocuments = (a: Value, b: Value): number => {
  const [left, right] = [elements(a), elements(b)];
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const [x, y] = [left[i]!, right[i]!];
    const found =
      sign(rank[x.value.type]!, rank[y.value.type]!) ||
      Buffer.compare(Buffer.from(x.name), Buffer.from(y.name)) ||
      compare(x.value, y.value);
    if (found !== 0) return found;
  }
  return sign(left.length, right.length);
};

const compareArrays = (a: Value, b: Value): number => {
  const [left, right] = [items(a), items(b)];
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const found = compare(left[i]!, right[i]!);
    if (found !== 0) return found;
  }
  return sign(left.length, right.length);
};

const compareScopedCode = (a: Value, b: Value): number => sign(bytesOf(a).compare(bytesOf(b)), 0);

const comparers: Readonly<Record<number, (a: Value, b: Value) => number>> = {
  [rank[Type.int32]!]: compareNumbers,
  [rank[Type.string]!]: compareTexts,
  [rank[Type.document]!]: compareDocuments,
  [rank[Type.array]!]: compareArrays,
  [rank[Type.binary]!]: compareBinaries,
  [rank[Type.objectId]!]: compareBytes,
  [rank[Type.boolean]!]: compareBytes,
  [rank[Type.date]!]: (a, b) => sign(a.buf.readBigInt64LE(a.start), b.buf.readBigInt64LE(b.start)),
  [rank[Type.timestamp]!]: (a, b) => sign(a.buf.readBigUInt64LE(a.start), b.buf.readBigUInt64LE(b.start)),
  [rank[Type.regex]!]: compareBytes,
  [rank[Type.dbPointer]!]: compareBytes,
  [rank[Type.code]!]: compareTexts,
  [rank[Type.codeWithScope]!]: compareScopedCode,
};

/** MongoDB's total order of values: first by type, then by value; numbers of all types are one type. */
export const compare = (a: Value, b: Value): number => {
  const [left, right] = [rank[a.type]!, rank[b.type]!];
  if (left !== right) return left - right;
  return comparers[left]?.(a, b) ?? 0;
};

/** Whether two values are equal in MongoDB's sense: 1 equals 1.0, field order matters. */
export const equal = (a: Value, b: Value): boolean => compare(a, b) === 0;

/** Whether a value is true where MongoDB wants a boolean: everything but false, null, undefined and zero. */
export const truthy = (value: Value | undefined): boolean => {
  if (!value) return false;
  if (value.type === Type.boolean) return value.buf[value.start] === 1;
  if (value.type === Type.null || value.type === Type.undefined) return false;
  return rank[value.type] !== rank[Type.int32] || compareNumbers(value, zero) !== 0;
};

const zero: Value = { type: Type.int32, buf: Buffer.alloc(4), start: 0, end: 4 };
