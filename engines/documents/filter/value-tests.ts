import { undefinedValue } from '../bson/build.ts';
import { compare } from '../bson/compare.ts';
import { toNumber, truncated } from '../bson/number.ts';
import { rank, Type } from '../bson/types.ts';
import { isNumber, regexParts, text, type Value } from '../bson/value.ts';
import { encodeKey } from '../key-encoding.ts';
import { bitsOf } from './bits.ts';
import type { Comparison, Pattern, Test } from './shape.ts';

/** A test of one value, or of its absence. */
export type ValueTest = (value: Value | undefined) => boolean;

const isNullish = (value: Value | undefined): boolean => value === undefined || value.type === Type.null;
const isNaNValue = (value: Value): boolean => isNumber(value) && Number.isNaN(toNumber(value));

const accepts: Readonly<Record<Comparison, (order: number) => boolean>> = {
  $eq: (order) => order === 0,
  $gt: (order) => order > 0,
  $gte: (order) => order >= 0,
  $lt: (order) => order < 0,
  $lte: (order) => order <= 0,
};

/** NaN compares only with NaN, and only as equal. */
const comparesNaN = (op: Comparison, operand: Value): ValueTest => {
  const inclusive = op !== '$gt' && op !== '$lt';
  return (value) => inclusive && value !== undefined && isNaNValue(value) && isNaNValue(operand);
};

const comparisonTest = (op: Comparison, operand: Value): ValueTest => {
  if (operand.type === Type.null) return op === '$gt' || op === '$lt' ? () => false : isNullish;
  const accept = accepts[op];
  if (isNaNValue(operand)) return comparesNaN(op, operand);
  const isEdge = operand.type === Type.minKey || operand.type === Type.maxKey;
  if (isEdge && op !== '$eq') return (value) => accept(compare(value ?? undefinedValue, operand));
  const wanted = rank[operand.type];
  const skipsNaN = wanted === rank[Type.double] && op !== '$eq';
  return (value) =>
    value !== undefined &&
    rank[value.type] === wanted &&
    accept(compare(value, operand)) &&
    !(skipsNaN && value.type !== Type.int32 && isNaNValue(value));
};

/** A pattern matches texts, and a regular expression that is written the same way. */
const matchesPattern = (value: Value | undefined, { source, options, test }: Pattern): boolean => {
  if (!value) return false;
  if (value.type === Type.string || value.type === Type.symbol) return test(text(value));
  if (value.type !== Type.regex) return false;
  const parts = regexParts(value);
  return parts.pattern === source && parts.options === options;
};

const inTest = (operands: readonly Value[], patterns: readonly Pattern[]): ValueTest => {
  const keys = new Set(operands.map((operand) => encodeKey(operand).toString('latin1')));
  const hasNull = operands.some(({ type }) => type === Type.null);
  return (value) =>
    value === undefined
      ? hasNull
      : keys.has(encodeKey(value).toString('latin1')) || patterns.some((pattern) => matchesPattern(value, pattern));
};

const modTest = (divisor: bigint, remainder: bigint): ValueTest => {
  return (value) => {
    const whole = isNumber(value) ? truncated(value) : undefined;
    return whole !== undefined && BigInt.asIntN(64, whole) === whole && whole % divisor === remainder;
  };
};

const bitTests = {
  allSet: (bits: bigint, mask: bigint) => (bits & mask) === mask,
  allClear: (bits: bigint, mask: bigint) => (bits & mask) === 0n,
  anySet: (bits: bigint, mask: bigint) => (bits & mask) !== 0n,
  anyClear: (bits: bigint, mask: bigint) => (bits & mask) !== mask,
} as const;

/** A test of one value, for those tests that look at array items one by one. */
export const valueTest = (test: Test): ValueTest | undefined => {
  switch (test.op) {
    case '$in':
      return inTest(test.operands, test.patterns);
    case '$regex':
      return (value) => matchesPattern(value, test.pattern);
    case '$exists':
      return (value) => value !== undefined;
    case '$type':
      return (value) => value !== undefined && test.types.has(value.type);
    case '$mod':
      return modTest(test.divisor, test.remainder);
    case '$bits':
      return (value) => {
        const bits = bitsOf(value);
        return bits !== undefined && bitTests[test.wanted](bits, test.mask);
      };
    case '$size':
    case '$elemMatch':
    case '$elemTest':
      return undefined;
    default:
      return comparisonTest(test.op, test.operand);
  }
};
