import { toInteger, toNumber } from './bson/number.ts';
import { Type, typeNames } from './bson/types.ts';
import {
  elements,
  isArray,
  isDocument,
  isNumber,
  isString,
  items,
  regexParts,
  text,
  type Value,
} from './bson/value.ts';
import { DocumentError } from './errors.ts';
import type { Pattern, Test } from './filter.ts';
import { compilePattern } from './regex/translate.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const assertNoZero = (what: string, text: string): void => {
  if (text.includes('\0')) throw bad(`Regular expression${what} cannot contain an embedded null byte`);
};

/** A pattern as a filter has it. */
const patternOf = (source: string, options: string): Pattern => {
  assertNoZero('', source);
  assertNoZero(' options string', options);
  const unknown = /[^imsxu]/.exec(options);
  if (unknown) throw new DocumentError(51108, `invalid flag in regex options: ${unknown[0]}`);
  return { source, options, compiled: compilePattern(source, options.replaceAll('u', '')) };
};

/** The test of a pattern, whose options may stand beside it. */
export const regexTest = (value: Value, beside?: Value): Test => {
  if (value.type !== Type.regex && !isString(value)) throw bad('$regex has to be a string');
  if (beside && !isString(beside)) throw bad('$options has to be a string');
  const { pattern, options } = isString(value) ? { pattern: text(value), options: '' } : regexParts(value);
  if (options !== '' && beside) throw new DocumentError(51075, 'options set in both $regex and $options');
  return { op: '$regex', pattern: patternOf(pattern, beside ? text(beside) : options) };
};

const typeNumber = (value: Value): number[] => {
  if (isString(value)) {
    if (text(value) === 'number') return [Type.int32, Type.int64, Type.double, Type.decimal];
    const found = Object.entries(typeNames).find(([, name]) => name === text(value));
    if (!found) throw bad(`Unknown type name alias: ${text(value)}`);
    return [Number(found[0])];
  }
  if (!isNumber(value)) throw new DocumentError('TypeMismatch', 'type must be represented as a number or a string');
  const number = toNumber(value) === -1 ? Type.minKey : toNumber(value);
  if (!(number in typeNames)) throw bad(`Invalid numerical type code: ${number}`);
  return [number];
};

/** The test of a value's type. */
export const typeTest = (value: Value): Test => {
  const list = isArray(value) ? items(value) : [value];
  if (list.length === 0) throw new DocumentError('FailedToParse', 'a must match at least one type');
  return { op: '$type', types: new Set(list.flatMap(typeNumber)) };
};

/** The test of an array's length. */
export const sizeTest = (value: Value): Test => {
  const size = isNumber(value) ? toInteger(value) : undefined;
  if (size === undefined) throw bad(`Failed to parse $size. Expected an integer`);
  if (size < 0n) throw bad(`Failed to parse $size. Expected a non-negative number`);
  return { op: '$size', size: Number(size) };
};

const wholePart = (value: Value): bigint => {
  const n = toNumber(value);
  if (!Number.isFinite(n)) throw bad('malformed mod, value cannot be NaN or infinite');
  return toInteger(value) ?? BigInt(Math.trunc(n));
};

/** The test of a remainder. */
export const modTest = (value: Value): Test => {
  const list = isArray(value) ? items(value) : [];
  if (list.length !== 2)
    throw bad(`malformed mod, ${isArray(value) ? 'wrong number of elements' : 'needs to be an array'}`);
  if (!list.every(isNumber)) throw bad('malformed mod, divisor or remainder not a number');
  const [divisor, remainder] = list.map(wholePart);
  if (divisor === 0n) throw bad('divisor cannot be 0');
  return { op: '$mod', divisor: divisor!, remainder: remainder! };
};

/** The bits a bitwise test is about. */
export const bitMask = (name: string, value: Value): bigint => {
  if (isArray(value)) return items(value).reduce((mask, item) => mask | (1n << (toInteger(item) ?? 0n)), 0n);
  if (value.type === Type.binary) {
    return [...value.buf.subarray(value.start + 5, value.end)].reduceRight(
      (mask, byte) => (mask << 8n) | BigInt(byte),
      0n,
    );
  }
  const mask = isNumber(value) ? toInteger(value) : undefined;
  if (mask === undefined || mask < 0n) {
    throw bad(`${name} takes an Array, a number, or a BinData but received: ${typeNames[value.type]}`);
  }
  return mask;
};

/** The test of being one of a list. */
export const inTest = (name: string, value: Value): Test => {
  if (!isArray(value)) throw bad(`${name} needs an array`);
  const list = items(value);
  for (const item of list) {
    if (isDocument(item) && elements(item)[0]?.name.startsWith('$')) throw bad(`cannot nest $ under ${name}`);
  }
  return {
    op: '$in',
    operands: list.filter((item) => item.type !== Type.regex),
    patterns: list
      .filter((item) => item.type === Type.regex)
      .map((item) => {
        const { pattern, options } = regexParts(item);
        return patternOf(pattern, options);
      }),
  };
};
