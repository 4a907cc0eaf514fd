import { toInteger, toNumber, truncated } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { isArray, isNumber, isString, items, regexParts, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compilePattern } from '../regex/compile.ts';
import { isOperators } from './operators.ts';
import type { Pattern, Test } from './shape.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const assertNoZero = (what: string, source: string): void => {
  if (source.includes('\0')) throw bad(`Regular expression${what} cannot contain an embedded null byte`);
};

/** A pattern as a filter has it. */
const patternOf = (source: string, options: string): Pattern => {
  assertNoZero('', source);
  assertNoZero(' options string', options);
  const unknown = /[^imsxu]/.exec(options);
  if (unknown) throw new DocumentError(51108, `invalid flag in regex options: ${unknown[0]}`);
  return { source, options, test: compilePattern(source, options.replaceAll('u', '')) };
};

/** The test of a pattern, whose options may stand beside it. */
export const regexTest = (value: Value, beside?: Value): Test => {
  if (value.type !== Type.regex && !isString(value)) throw bad('$regex has to be a string');
  if (beside && !isString(beside)) throw bad('$options has to be a string');
  const { pattern, options } = isString(value) ? { pattern: text(value), options: '' } : regexParts(value);
  if (options !== '' && beside) throw new DocumentError(51075, 'options set in both $regex and $options');
  return { op: '$regex', pattern: patternOf(pattern, beside ? text(beside) : options) };
};

const numbers = [Type.int32, Type.int64, Type.double, Type.decimal];

const typeCode = (value: Value): number => {
  const code = toNumber(value) === -1 ? Type.minKey : toNumber(value);
  if (!(code in typeNames) || toNumber(value) === Type.minKey) throw bad(`Invalid numerical type code: ${code}`);
  return code;
};

const typeNumbers = (value: Value): number[] => {
  if (isNumber(value)) return [typeCode(value)];
  if (!isString(value)) throw new DocumentError('TypeMismatch', 'type must be represented as a number or a string');
  if (text(value) === 'number') return numbers;
  const found = Object.entries(typeNames).find(([, name]) => name === text(value));
  if (!found) throw bad(`Unknown type name alias: ${text(value)}`);
  return [Number(found[0])];
};

/** The test of a value's type. */
export const typeTest = (value: Value): Test => {
  const list = isArray(value) ? items(value) : [value];
  if (list.length === 0) throw new DocumentError('FailedToParse', '$type must match at least one type');
  return { op: '$type', types: new Set(list.flatMap(typeNumbers)) };
};

/** The test of an array's length. */
export const sizeTest = (value: Value): Test => {
  if (!isNumber(value)) throw bad('Failed to parse $size. Expected a number');
  const size = toInteger(value);
  if (size === undefined || BigInt.asIntN(32, size) !== size) {
    throw bad(`Failed to parse $size. Expected an integer of 32 bits: ${toNumber(value)}`);
  }
  if (size < 0n) throw bad(`Failed to parse $size. Expected a non-negative number: ${size}`);
  return { op: '$size', size: Number(size) };
};

const longOf = (what: string, value: Value): bigint => {
  const whole = truncated(value);
  if (whole !== undefined && BigInt.asIntN(64, whole) === whole) return whole;
  throw bad(`malformed mod, ${what} value is invalid :: caused by :: Unable to coerce to integral type`);
};

/** The test of a remainder. */
export const modTest = (value: Value): Test => {
  if (!isArray(value)) throw bad('malformed mod, needs to be an array');
  const list = items(value);
  if (list.length !== 2) throw bad(`malformed mod, ${list.length < 2 ? 'not enough' : 'too many'} elements`);
  const [divisor, remainder] = ['divisor', 'remainder'].map((what, i) => {
    if (!isNumber(list[i])) throw bad(`malformed mod, ${what} not a number`);
    return longOf(what, list[i]);
  });
  if (divisor === 0n) throw bad('divisor cannot be 0');
  return { op: '$mod', divisor: divisor!, remainder: remainder! };
};

/** The test of being one of a list. */
export const inTest = (name: string, value: Value): Test => {
  if (!isArray(value)) throw bad(`${name} needs an array`);
  const list = items(value);
  for (const item of list) {
    if (isOperators(item)) throw bad(`cannot nest $ under ${name}`);
    if (item.type === Type.undefined) throw bad('InMatchExpression equality cannot be undefined');
  }
  const patterns = list.filter(({ type }) => type === Type.regex).map(regexParts);
  return {
    op: '$in',
    operands: list.filter(({ type }) => type !== Type.regex),
    patterns: patterns.map(({ pattern, options }) => patternOf(pattern, options)),
  };
};
