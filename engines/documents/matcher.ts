import { evaluate } from './aggregate/evaluate.ts';
import { compare, truthy } from './bson/compare.ts';
import { toInteger, toNumber } from './bson/number.ts';
import { rank, Type } from './bson/types.ts';
import { isArray, isDocument, isNumber, items, regexParts, text, type Value } from './bson/value.ts';
import type { Comparison, Filter, Pattern, Test } from './filter.ts';
import { encodeKey } from './key-encoding.ts';
import { type Details, visitPath } from './paths.ts';

/** Says whether a document matches; notes in `details` which array item did. */
export type Matcher = (doc: Value, details?: Details) => boolean;

type ValueTest = (value: Value | undefined) => boolean;

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
  if (isEdge && op !== '$eq') return (value) => value !== undefined && accept(compare(value, operand));
  const wanted = rank[operand.type];
  const skipsNaN = wanted === rank[Type.double] && op !== '$eq';
  return (value) =>
    value !== undefined &&
    rank[value.type] === wanted &&
    accept(compare(value, operand)) &&
    !(skipsNaN && value.type !== Type.int32 && isNaNValue(value));
};

/** A pattern matches texts, and a regular expression that is written the same way. */
const matchesPattern = (value: Value | undefined, { source, options, compiled }: Pattern): boolean => {
  if (!value) return false;
  if (value.type === Type.string || value.type === Type.symbol) return compiled.test(text(value));
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
    if (!isNumber(value)) return false;
    const n = toNumber(value);
    if (!Number.isFinite(n)) return false;
    return (toInteger(value) ?? BigInt(Math.trunc(n))) % divisor === remainder;
  };
};

const bitsOf = (value: Value | undefined): bigint | undefined => {
  if (value?.type === Type.binary) {
    const bytes = value.buf.subarray(value.start + 5, value.end);
    return bytes.reduceRight((all, byte) => (all << 8n) | BigInt(byte), 0n);
  }
  const n = isNumber(value) ? toInteger(value) : undefined;
  return n === undefined || BigInt.asIntN(64, n) !== n ? undefined : n;
};

const bitTests = {
  allSet: (bits: bigint, mask: bigint) => (bits & mask) === mask,
  allClear: (bits: bigint, mask: bigint) => (bits & mask) === 0n,
  anySet: (bits: bigint, mask: bigint) => (bits & mask) !== 0n,
  anyClear: (bits: bigint, mask: bigint) => (bits & mask) !== mask,
} as const;

const elementTest = (tests: readonly Matcher[]): ValueTest => {
  return (item) => item !== undefined && tests.every((matches) => matches(item));
};

/** A test of one value, for those tests that look at array items one by one. */
const valueTest = (test: Test): ValueTest | undefined => {
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

const someItem = (array: Value | undefined, matches: ValueTest, details?: Details): boolean => {
  if (!isArray(array)) return false;
  const index = items(array).findIndex(matches);
  if (index >= 0 && details) details.index = index;
  return index >= 0;
};

type ArrayTest = (value: Value | undefined, details?: Details) => boolean;

/** A test of an array as a whole. */
const arrayTest = (test: Test): ArrayTest => {
  if (test.op === '$size') return (value) => isArray(value) && items(value).length === test.size;
  if (test.op === '$elemMatch') {
    const matches = compileFilter(test.filter);
    return (value, details) =>
      someItem(value, (item) => (isDocument(item) || isArray(item) ? matches(item!) : false), details);
  }
  const tests = test.op === '$elemTest' ? test.tests.map(compileItemFilter) : [];
  return (value, details) => someItem(value, elementTest(tests), details);
};

/** A filter over an array item itself, as `$elemMatch: {$gt: 5}` has it. */
export const compileItemFilter = (filter: Filter): Matcher => {
  if (filter.kind === 'not') {
    const matches = compileItemFilter(filter.of);
    return (item) => !matches(item);
  }
  if (filter.kind === 'and' || filter.kind === 'or') {
    const all = filter.of.map(compileItemFilter);
    return filter.kind === 'and' ? (item) => all.every((m) => m(item)) : (item) => all.some((m) => m(item));
  }
  if (filter.kind !== 'test') return compileFilter(filter);
  return valueTest(filter.test) ?? arrayTest(filter.test);
};

const compileTest = (filter: Filter & { kind: 'test' }): Matcher => {
  const { path, test } = filter;
  const single = valueTest(test);
  const expand = single !== undefined && test.op !== '$exists';
  if (single) return (doc, details) => visitPath(doc, path, 0, single, expand, details);
  const whole = arrayTest(test);
  return (doc, details) => visitPath(doc, path, 0, (value) => whole(value, details), false);
};

/** Compiles a parsed filter into a test of raw documents. */
export const compileFilter = (filter: Filter): Matcher => {
  switch (filter.kind) {
    case 'test':
      return compileTest(filter);
    case 'and': {
      const all = filter.of.map(compileFilter);
      return (doc, details) => all.every((matches) => matches(doc, details));
    }
    case 'or': {
      const any = filter.of.map(compileFilter);
      return (doc, details) => any.some((matches) => matches(doc, details));
    }
    case 'not': {
      const matches = compileFilter(filter.of);
      return (doc) => !matches(doc);
    }
    case 'expression':
      return (doc) => truthy(evaluate(filter.expression, doc));
    case 'constant':
      return () => filter.value;
  }
};
