import { regexValue, toValue } from '../bson/build.ts';
import { rank, Type } from '../bson/types.ts';
import type { Value } from '../bson/value.ts';
import type { Pattern, Test } from '../filter/shape.ts';
import { encodeKey } from '../key-encoding.ts';

/** A stretch of one field's encoded values: from `lower` up to but without `upper`. */
export interface Range {
  readonly lower: Buffer;
  readonly upper: Buffer;
}

/** What a test says about one field of an index: some single values, or a range. Always a superset of what matches. */
export type Bounds =
  | { readonly kind: 'points'; readonly points: readonly Buffer[] }
  | { readonly kind: 'ranges'; readonly ranges: readonly Range[] };

/** The first key after all that begin with these bytes. */
export const afterPrefix = (prefix: Buffer): Buffer => {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 255) length -= 1;
  if (length === 0) return Buffer.alloc(prefix.length + 1, 255);
  const end = Buffer.from(prefix.subarray(0, length));
  end[length - 1] = end[length - 1]! + 1;
  return end;
};

const typeStart = (value: Value): Buffer => Buffer.from([rank[value.type]!]);
const typeEnd = (value: Value): Buffer => Buffer.from([rank[value.type]! + 1]);

const unusable = new Set<number>([Type.array, Type.minKey, Type.maxKey, Type.undefined]);

const comparisonBounds = (op: string, operand: Value): Bounds | undefined => {
  if (unusable.has(operand.type)) return undefined;
  const key = encodeKey(operand);
  if (op === '$eq') return { kind: 'points', points: [key] };
  if (operand.type === Type.null) return { kind: 'points', points: [key] };
  const ranges: Readonly<Record<string, Range>> = {
    $gt: { lower: afterPrefix(key), upper: typeEnd(operand) },
    $gte: { lower: key, upper: typeEnd(operand) },
    $lt: { lower: typeStart(operand), upper: key },
    $lte: { lower: typeStart(operand), upper: afterPrefix(key) },
  };
  return { kind: 'ranges', ranges: [ranges[op]!] };
};

/** The text every match of a pattern begins with; empty if none is certain. */
const literalPrefix = ({ source, options }: Pattern): string => {
  if (/[imsx]/.test(options) || !source.startsWith('^') || source.includes('|')) return '';
  const literal = /^\^((?:[\w\s\-:@#/,]|\\[.\-/])*)/.exec(source)![1]!;
  const next = source[literal.length + 1];
  const sure = next !== undefined && '?*{+'.includes(next) ? literal.replace(/(\\.|.)$/s, '') : literal;
  return sure.replace(/\\(.)/g, '$1');
};

const regexBounds = (pattern: Pattern): Bounds | undefined => {
  const prefix = literalPrefix(pattern);
  if (prefix === '') return undefined;
  const lower = encodeKey(toValue(prefix)).subarray(0, -1);
  const itself = encodeKey(regexValue(pattern.source, pattern.options));
  return {
    kind: 'ranges',
    ranges: [
      { lower, upper: afterPrefix(lower) },
      { lower: itself, upper: afterPrefix(itself) },
    ],
  };
};

const inBounds = (operands: readonly Value[]): Bounds | undefined => {
  if (operands.length === 0 || operands.some(({ type }) => unusable.has(type))) return undefined;
  const keys = new Map(operands.map((operand) => encodeKey(operand)).map((key) => [key.toString('latin1'), key]));
  return { kind: 'points', points: [...keys.values()].sort(Buffer.compare) };
};

/** The bounds a test puts on an index field, or undefined if it puts none. */
export const boundsOf = (test: Test): Bounds | undefined => {
  switch (test.op) {
    case '$in':
      return test.patterns.length > 0 ? undefined : inBounds(test.operands);
    case '$regex':
      return regexBounds(test.pattern);
    case '$eq':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return comparisonBounds(test.op, test.operand);
    default:
      return undefined;
  }
};

const overlap = (a: Range, b: Range): Range => ({
  lower: a.lower.compare(b.lower) > 0 ? a.lower : b.lower,
  upper: a.upper.compare(b.upper) < 0 ? a.upper : b.upper,
});

const isBetter = (a: Bounds, b: Bounds): boolean => {
  if (a.kind !== b.kind) return a.kind === 'points';
  return a.kind === 'points' && b.kind === 'points' && a.points.length < b.points.length;
};

/** Joins what several tests say of one field. Ranges may be intersected only where no document has an array there. */
export const joinBounds = (all: readonly Bounds[], mayIntersect: boolean): Bounds | undefined => {
  const [first, ...rest] = all;
  if (!first) return undefined;
  return rest.reduce((best, next) => {
    const areSingle =
      best.kind === 'ranges' && next.kind === 'ranges' && best.ranges.length === 1 && next.ranges.length === 1;
    if (mayIntersect && areSingle) return { kind: 'ranges', ranges: [overlap(best.ranges[0]!, next.ranges[0]!)] };
    return isBetter(next, best) ? next : best;
  }, first);
};

const inverted = (key: Buffer): Buffer => {
  const out = Buffer.allocUnsafe(key.length);
  for (let i = 0; i < key.length; i += 1) out[i] = 255 - key[i]!;
  return out;
};

/** A point as a descending field stores it. */
export const directed = (key: Buffer, direction: number): Buffer => (direction < 0 ? inverted(key) : key);

/** A range as a descending field stores it: the other way round, and perhaps a little wider. */
export const directedRange = ({ lower, upper }: Range, direction: number): Range =>
  direction < 0 ? { lower: inverted(upper), upper: afterPrefix(inverted(lower)) } : { lower, upper };
