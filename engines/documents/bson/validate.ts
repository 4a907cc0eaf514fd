import { DocumentError } from '../errors.ts';
import { Type } from './types.ts';
import { fixedSizes, type Value } from './value.ts';

const deepest = 200;

const invalid = (what: string): DocumentError => new DocumentError('InvalidBSON', `invalid BSON: ${what}`);

/** The position after the text that begins at `at` and ends with a zero byte before `limit`. */
const afterText = (buf: Buffer, at: number, limit: number): number => {
  for (let end = at; end < limit; end += 1) if (buf[end] === 0) return end + 1;
  throw invalid('text without an end');
};

/** The length that stands at `at`, which may reach from `from` to `limit`. */
const lengthAt = (buf: Buffer, at: number, from: number, limit: number, least: number): number => {
  if (at + 4 > limit) throw invalid('length beyond its document');
  const length = buf.readInt32LE(at);
  if (length < least || length > limit - from) throw invalid(`length ${length}`);
  return length;
};

const afterString = (buf: Buffer, at: number, limit: number): number => {
  const end = at + 4 + lengthAt(buf, at, at + 4, limit, 1);
  if (buf[end - 1] !== 0) throw invalid('string without an end');
  return end;
};

const afterCodeWithScope = (buf: Buffer, at: number, limit: number, depth: number): number => {
  const end = at + lengthAt(buf, at, at, limit, 14);
  if (afterDocument(buf, afterString(buf, at + 4, end), end, depth) !== end) throw invalid('code with scope');
  return end;
};

const afterFixed = (buf: Buffer, type: number, at: number): number => {
  const size = fixedSizes[type];
  if (size === undefined) throw invalid(`unknown type ${type}`);
  if (type === Type.boolean && buf[at]! > 1) throw invalid(`boolean ${buf[at]}`);
  return at + size;
};

const afterValue = (buf: Buffer, type: number, at: number, limit: number, depth: number): number => {
  switch (type) {
    case Type.string:
    case Type.code:
    case Type.symbol:
      return afterString(buf, at, limit);
    case Type.document:
    case Type.array:
      return afterDocument(buf, at, limit, depth + 1);
    case Type.codeWithScope:
      return afterCodeWithScope(buf, at, limit, depth + 1);
    case Type.binary:
      return at + 5 + lengthAt(buf, at, at + 5, limit, 0);
    case Type.regex:
      return afterText(buf, afterText(buf, at, limit), limit);
    case Type.dbPointer:
      return afterString(buf, at, limit) + 12;
    default:
      return afterFixed(buf, type, at);
  }
};

const afterDocument = (buf: Buffer, start: number, limit: number, depth: number): number => {
  if (depth > deepest) throw new DocumentError('Overflow', 'BSONObj exceeds maximum nested object depth');
  const last = start + lengthAt(buf, start, start, limit, 5) - 1;
  for (let at = start + 4; at < last; ) {
    at = afterValue(buf, buf[at]!, afterText(buf, at + 1, last), last, depth);
    if (at > last) throw invalid('value beyond its document');
  }
  if (buf[last] !== 0) throw invalid('document without an end');
  return last + 1;
};

/** Throws unless a well-formed document begins where this one does and ends before `limit`, nested ones included. */
export const assertDocument = ({ buf, start }: Value, limit: number): void => {
  afterDocument(buf, start, limit, 1);
};
