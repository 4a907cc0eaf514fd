import { type Expression, parseExpression } from './aggregate/expression.ts';
import { truthy } from './bson/compare.ts';
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
import { DocumentError, notImplemented } from './errors.ts';
import { type Path, pathOf } from './paths.ts';

export type Comparison = '$eq' | '$gt' | '$gte' | '$lt' | '$lte';

/** A test of the value at a path. */
export type Test =
  | { readonly op: Comparison; readonly operand: Value }
  | { readonly op: '$in'; readonly operands: readonly Value[]; readonly patterns: readonly RegExp[] }
  | { readonly op: '$regex'; readonly pattern: RegExp; readonly source: Value }
  | { readonly op: '$exists' }
  | { readonly op: '$type'; readonly types: ReadonlySet<number> }
  | { readonly op: '$size'; readonly size: number }
  | { readonly op: '$mod'; readonly divisor: bigint; readonly remainder: bigint }
  | { readonly op: '$bits'; readonly mask: bigint; readonly wanted: 'allSet' | 'allClear' | 'anySet' | 'anyClear' }
  | { readonly op: '$elemMatch'; readonly filter: Filter }
  | { readonly op: '$elemTest'; readonly tests: readonly Filter[] };

/** A parsed filter. `$ne`, `$nin` and `$nor` are parsed into `not`. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'test'; readonly path: Path; readonly test: Test }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'constant'; readonly value: boolean };

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const and = (of: readonly Filter[]): Filter => (of.length === 1 ? of[0]! : { kind: 'and', of });
const not = (of: Filter): Filter => ({ kind: 'not', of });

const listOf = (name: string, value: Value): Value[] => {
  if (!isArray(value)) throw bad(`${name} must be an array`);
  return items(value);
};

const branches = (name: string, value: Value): Filter[] => {
  const list = listOf(name, value);
  if (list.length === 0) throw bad(`${name} argument must be a non-empty array`);
  return list.map((item) => {
    if (!isDocument(item)) throw bad(`${name} argument's entries must be objects`);
    return parseFilter(item);
  });
};

const alwaysFalse = (name: string, value: Value): Filter => {
  if (!isNumber(value) || toNumber(value) !== 1) {
    throw new DocumentError('FailedToParse', `${name} must be an integer value of 1`);
  }
  return { kind: 'constant', value: name === '$alwaysTrue' };
};

const refused = (code: 'BadValue' | 'IndexNotFound' | 'FailedToParse', message: string) => (): never => {
  throw new DocumentError(code, message);
};

const topLevel: Readonly<Record<string, (value: Value) => Filter>> = {
  $and: (value) => and(branches('$and', value)),
  $or: (value) => ({ kind: 'or', of: branches('$or', value) }),
  $nor: (value) => not({ kind: 'or', of: branches('$nor', value) }),
  $expr: (value) => ({ kind: 'expression', expression: parseExpression(value) }),
  $comment: () => ({ kind: 'constant', value: true }),
  $alwaysTrue: (value) => alwaysFalse('$alwaysTrue', value),
  $alwaysFalse: (value) => alwaysFalse('$alwaysFalse', value),
  $where: refused(
    'BadValue',
    'no globalScriptEngine in $where parsing: the embedded document store runs no JavaScript',
  ),
  $text: refused('IndexNotFound', 'text index required for $text query'),
  $jsonSchema: () => {
    throw notImplemented('$jsonSchema');
  },
};

/** The options MongoDB knows, as JavaScript's flags. */
const flagsOf = (options: string): { flags: string; isExtended: boolean } => {
  const unknown = /[^imsxu]/.exec(options);
  if (unknown) throw new DocumentError(51108, `invalid flag in regex options: ${unknown[0]}`);
  return { flags: [...'ims'].filter((flag) => options.includes(flag)).join(''), isExtended: options.includes('x') };
};

const withoutWhitespace = (source: string): string =>
  source.replace(/\\.|\[(?:\\.|[^\]\\])*\]|\s+|#[^\n]*/gs, (part) => (/^[\s#]/.test(part) ? '' : part));

/** Compiles a pattern as near to PCRE as JavaScript's engine allows; what it cannot express is refused. */
const regexOf = (source: string, options: string): RegExp => {
  const inline = /^\(\?([imsx]+)\)/.exec(source);
  const { flags, isExtended } = flagsOf(inline ? [...new Set(options + inline[1]!)].join('') : options);
  const rest = inline ? source.slice(inline[0].length) : source;
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

const regexTest = (value: Value, options: Value | undefined): Test => {
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

const typeTest = (value: Value): Test => {
  const list = isArray(value) ? items(value) : [value];
  if (list.length === 0) throw new DocumentError('FailedToParse', 'a must match at least one type');
  return { op: '$type', types: new Set(list.flatMap(typeNumber)) };
};

const sizeTest = (value: Value): Test => {
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

const modTest = (value: Value): Test => {
  const list = isArray(value) ? items(value) : [];
  if (list.length !== 2)
    throw bad(`malformed mod, ${isArray(value) ? 'wrong number of elements' : 'needs to be an array'}`);
  if (!list.every(isNumber)) throw bad('malformed mod, divisor or remainder not a number');
  const [divisor, remainder] = list.map(wholePart);
  if (divisor === 0n) throw bad('divisor cannot be 0');
  return { op: '$mod', divisor: divisor!, remainder: remainder! };
};

const bitMask = (name: string, value: Value): bigint => {
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

const bits =
  (wanted: 'allSet' | 'allClear' | 'anySet' | 'anyClear') =>
  (path: Path, value: Value): Filter => ({
    kind: 'test',
    path,
    test: { op: '$bits', mask: bitMask(`$bits${wanted[0]!.toUpperCase()}${wanted.slice(1)}`, value), wanted },
  });

const inTest = (name: string, value: Value): Test => {
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

/** Whether a value is a document whose first field is an operator. */
const isOperators = (value: Value): boolean => {
  if (!isDocument(value)) return false;
  const first = elements(value)[0]?.name;
  return first?.startsWith('$') === true && !['$ref', '$id', '$db'].includes(first);
};

const elemMatch = (path: Path, value: Value): Filter => {
  if (!isDocument(value)) throw bad('$elemMatch needs an Object');
  const first = elements(value)[0]?.name ?? '';
  const isTest = first.startsWith('$') && !(first in topLevel);
  const test: Test = isTest
    ? { op: '$elemTest', tests: parseOperators(pathOf(''), value) }
    : { op: '$elemMatch', filter: parseFilter(value) };
  return { kind: 'test', path, test };
};

const all = (path: Path, value: Value): Filter => {
  if (!isArray(value)) throw bad('$all needs an array');
  const list = items(value);
  if (list.length === 0) return { kind: 'constant', value: false };
  return and(
    list.map((item) => {
      const first = isDocument(item) ? elements(item)[0] : undefined;
      if (first?.name === '$elemMatch') return elemMatch(path, first.value);
      if (first?.name.startsWith('$')) throw bad('no $ expressions in $all');
      return equality(path, item);
    }),
  );
};

const comparison =
  (op: Comparison) =>
  (path: Path, operand: Value): Filter => {
    if (operand.type === Type.regex && op !== '$eq')
      throw bad(`Can't have RegEx as arg to predicate over field '${path.text}'.`);
    if (operand.type === Type.undefined) throw bad('cannot compare to undefined');
    return { kind: 'test', path, test: { op, operand } };
  };

const negation = (path: Path, value: Value): Filter => {
  if (value.type === Type.regex) return not({ kind: 'test', path, test: regexTest(value, undefined) });
  if (!isDocument(value)) throw bad('$not needs a regex or a document');
  if (elements(value).length === 0) throw bad('$not cannot be empty');
  return not(and(parseOperators(path, value)));
};

const test =
  (make: (value: Value) => Test) =>
  (path: Path, value: Value): Filter => ({ kind: 'test', path, test: make(value) });

const geo = (): never => {
  throw notImplemented('a geospatial query');
};

const operators: Readonly<Record<string, (path: Path, value: Value) => Filter>> = {
  $eq: comparison('$eq'),
  $gt: comparison('$gt'),
  $gte: comparison('$gte'),
  $lt: comparison('$lt'),
  $lte: comparison('$lte'),
  $ne: (path, value) => {
    if (value.type === Type.regex) throw bad("Can't have regex as arg to $ne.");
    return not(comparison('$eq')(path, value));
  },
  $in: test((value) => inTest('$in', value)),
  $nin: (path, value) => not({ kind: 'test', path, test: inTest('$nin', value) }),
  $exists: (path, value) => {
    const present: Filter = { kind: 'test', path, test: { op: '$exists' } };
    return truthy(value) ? present : not(present);
  },
  $type: test(typeTest),
  $size: test(sizeTest),
  $mod: test(modTest),
  $all: all,
  $elemMatch: elemMatch,
  $not: negation,
  $bitsAllSet: bits('allSet'),
  $bitsAllClear: bits('allClear'),
  $bitsAnySet: bits('anySet'),
  $bitsAnyClear: bits('anyClear'),
  $comment: () => ({ kind: 'constant', value: true }),
  $near: geo,
  $nearSphere: geo,
  $geoWithin: geo,
  $geoIntersects: geo,
  $within: geo,
};

const parseOperators = (path: Path, value: Value): Filter[] => {
  const list = elements(value);
  const options = list.find(({ name }) => name === '$options')?.value;
  const regex = list.find(({ name }) => name === '$regex')?.value;
  if (options && !regex) throw bad('$options needs a $regex');
  return list.flatMap(({ name, value: operand }): Filter[] => {
    if (name === '$options') return [];
    if (name === '$regex') return [{ kind: 'test', path, test: regexTest(operand, options) }];
    const parse = Object.hasOwn(operators, name) ? operators[name] : undefined;
    if (!parse) throw bad(`unknown operator: ${name}`);
    return [parse(path, operand)];
  });
};

/** Equality as a filter writes it: a regular expression matches by pattern. */
const equality = (path: Path, value: Value): Filter =>
  value.type === Type.regex
    ? { kind: 'test', path, test: regexTest(value, undefined) }
    : comparison('$eq')(path, value);

const parseField = (name: string, value: Value): Filter[] => {
  if (name.startsWith('$')) {
    const parse = Object.hasOwn(topLevel, name) ? topLevel[name] : undefined;
    if (!parse)
      throw bad(
        `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      );
    return [parse(value)];
  }
  const path = pathOf(name);
  return isOperators(value) ? parseOperators(path, value) : [equality(path, value)];
};

/** Parses a filter document; what it does not know it refuses with MongoDB's code. */
export const parseFilter = (doc: Value): Filter =>
  and(elements(doc).flatMap(({ name, value }) => parseField(name, value)));
