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

import type { Test } from './filter.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

/** The options MongoDB knows, as JavaScript's flags. */
const flagsOf = (options: string): { flags: string; isExtended: boolean } => {
  const unknown = /[^imsxu]/.exec(options);
  if (unknown) throw new DocumentError(51108, `invalid flag in regex options: ${unknown[0]}`);
  return { flags: [...'ims'].filter((flag) => options.includes(flag)).join(''), isExtended: options.includes('x') };
};

const withoutWhitespace = (source: string): string =>
  source.replace(/\\.|\[(?:\\.|[^\]\\])*\]|\s+|#[^\n]*/gs, (part) => (/^[\s#]/.test(part) ? '' : part));

/** What PCRE understands and JavaScript silently reads as something else. */
const foreign = /^\\(?:[AzZGhHRQEKNXvCg]|x\{)|^\[:|^\[\^?\]/;

const refuseForeign = (source: string): void => {
  const part = source.match(/\\x\{|\\[\s\S]|\[:|\[\^?\]/g)?.find((one) => foreign.test(one));
  if (part) throw new DocumentError(51091, `Regular expression is invalid: ${part} is not supported by this server`);
};

/** Compiles a pattern as near to PCRE as JavaScript's engine allows; what it cannot express is refused. */
const regexOf = (source: string, options: string): RegExp => {
  const inline = /^\(\?([imsx]+)\)/.exec(source);
  const { flags, isExtended } = flagsOf(inline ? [...new Set(options + inline[1]!)].join('') : options);
  const rest = inline ? source.slice(inline[0].length) : source;
  refuseForeign(rest);
  try {
    return new RegExp(isExtended ? withoutWhitespace(rest) : rest, `${flags}u`);
  } catch {
    return legacyRegex(isExtended ? withoutWhitespace(rest) : rest, flags);
  }
};

const legacyRegex = (source: string, flags: string): RegExp => {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new DocumentError(51091, `Regular expression is invalid: ${(error as Error).message}`);
  }
};

const regexValue = (value: Value): RegExp => {
  const { pattern, options } = regexParts(value);
  return regexOf(pattern, options);
};

/** The test of a pattern. */
export const regexTest = (value: Value, options: Value | undefined): Test => {
  if (value.type !== Type.regex && !isString(value)) throw bad('$regex has to be a string');
  if (options && !isString(options)) throw bad('$options has to be a string');
  const { pattern, options: own } = isString(value) ? { pattern: text(value), options: '' } : regexParts(value);
  return { op: '$regex', pattern: regexOf(pattern, options ? text(options) : own), source: value };
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
    patterns: list.filter((item) => item.type === Type.regex).map(regexValue),
  };
};
