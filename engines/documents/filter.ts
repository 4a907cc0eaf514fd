import { type Expression, parseExpression } from './aggregate/expression.ts';
import { truthy } from './bson/compare.ts';
import { toNumber } from './bson/number.ts';
import { Type } from './bson/types.ts';
import { elements, isArray, isDocument, isNumber, items, type Value } from './bson/value.ts';
import { DocumentError, notImplemented } from './errors.ts';
import { bitMask, inTest, modTest, regexTest, sizeTest, typeTest } from './filter-tests.ts';
import { type Path, pathOf } from './paths.ts';

export type Comparison = '$eq' | '$gt' | '$gte' | '$lt' | '$lte';

/** A regular expression as it was written, and ready to use. */
export interface Pattern {
  readonly source: string;
  readonly options: string;
  readonly compiled: RegExp;
}

/** A test of the value at a path. */
export type Test =
  | { readonly op: Comparison; readonly operand: Value }
  | { readonly op: '$in'; readonly operands: readonly Value[]; readonly patterns: readonly Pattern[] }
  | { readonly op: '$regex'; readonly pattern: Pattern }
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

const bits =
  (wanted: 'allSet' | 'allClear' | 'anySet' | 'anyClear') =>
  (path: Path, value: Value): Filter => ({
    kind: 'test',
    path,
    test: { op: '$bits', mask: bitMask(`$bits${wanted[0]!.toUpperCase()}${wanted.slice(1)}`, value), wanted },
  });

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
  if (value.type === Type.regex) return not({ kind: 'test', path, test: regexTest(value) });
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
  value.type === Type.regex ? { kind: 'test', path, test: regexTest(value) } : comparison('$eq')(path, value);

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
