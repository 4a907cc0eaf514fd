import { truthy } from '../bson/compare.ts';
import { Type } from '../bson/types.ts';
import { elements, isArray, isDocument, items, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { type Path, pathOf } from '../paths.ts';
import { bitMask } from './bits.ts';
import { allOf, isTopLevel, parseItemFilter } from './parse.ts';
import type { Comparison, Filter, Test } from './shape.ts';
import { inTest, modTest, regexTest, sizeTest, typeTest } from './tests.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const not = (of: Filter): Filter => ({ kind: 'not', of });

const isReference = (value: Value, mayBePart: boolean): boolean => {
  const names = new Set(elements(value).map(({ name }) => name));
  if (mayBePart) return names.has('$ref') || names.has('$id') || names.has('$db');
  return names.has('$ref') && names.has('$id');
};

/** Whether a value is a document of operators: its first field is one, and it is no reference to a document. */
export const isOperators = (value: Value, mayBePart = false): boolean =>
  isDocument(value) && elements(value)[0]?.name.startsWith('$') === true && !isReference(value, mayBePart);

const bits =
  (wanted: 'allSet' | 'allClear' | 'anySet' | 'anyClear') =>
  (path: Path, value: Value): Filter => ({
    kind: 'test',
    path,
    test: { op: '$bits', mask: bitMask(`$bits${wanted[0]!.toUpperCase()}${wanted.slice(1)}`, value), wanted },
  });

const elemMatch = (path: Path, value: Value): Filter => {
  if (!isDocument(value)) throw bad('$elemMatch needs an Object');
  const isTest = isOperators(value, true) && !isTopLevel(elements(value)[0]!.name);
  const test: Test = isTest
    ? { op: '$elemTest', tests: parseOperators(pathOf(''), value) }
    : { op: '$elemMatch', filter: parseItemFilter(value) };
  return { kind: 'test', path, test };
};

const firstName = (value: Value): string => (isDocument(value) ? (elements(value)[0]?.name ?? '') : '');

/** Either all items are tests of array items, or none is. */
const all = (path: Path, value: Value): Filter => {
  if (!isArray(value)) throw bad('$all needs an array');
  const list = items(value);
  if (list.length === 0) return { kind: 'constant', value: false };
  const areTests = firstName(list[0]!) === '$elemMatch';
  return allOf(
    list.map((item) => {
      if ((firstName(item) === '$elemMatch') !== areTests && areTests)
        throw bad('$all/$elemMatch has to be consistent');
      if (areTests) return elemMatch(path, elements(item)[0]!.value);
      if (isOperators(item)) throw bad('no $ expressions in $all');
      return parseEquality(path, item);
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
  return not(allOf(parseOperators(path, value)));
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
  $geoNear: geo,
  $geoWithin: geo,
  $geoIntersects: geo,
  $within: geo,
};

/** Parses the operators on the value at a path. */
export const parseOperators = (path: Path, value: Value): Filter[] => {
  const list = elements(value);
  const options = list.find(({ name }) => name === '$options')?.value;
  const regex = list.find(({ name }) => name === '$regex')?.value;
  if (options && !regex) throw bad('$options needs a $regex');
  return list.flatMap(({ name, value: operand }): Filter[] => {
    if (name === '$options') return [];
    if (name === '$regex') return [{ kind: 'test', path, test: regexTest(operand, options) }];
    if (!Object.hasOwn(operators, name)) throw bad(`unknown operator: ${name}`);
    return [operators[name]!(path, operand)];
  });
};

/** Parses equality as a filter writes it; a regular expression matches by pattern. */
export const parseEquality = (path: Path, value: Value): Filter =>
  value.type === Type.regex ? { kind: 'test', path, test: regexTest(value) } : comparison('$eq')(path, value);
