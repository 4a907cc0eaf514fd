import { parseExpression } from '../aggregate/expression.ts';
import { toInteger } from '../bson/number.ts';
import { Type } from '../bson/types.ts';
import { elements, isArray, isDocument, isNumber, items, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { pathOf } from '../paths.ts';
import { isOperators, parseEquality, parseOperators } from './operators.ts';
import type { Filter } from './shape.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

/** What all parts of a list say together. */
export const allOf = (of: readonly Filter[]): Filter => (of.length === 1 ? of[0]! : { kind: 'and', of });

/** Whether a filter is about a whole document, or about one inside it, where some operators have no place. */
type Level = 'document' | 'item';

const branches = (value: Value, level: Level): Filter[] => {
  const list = isArray(value) ? items(value) : [];
  if (!isArray(value)) throw bad('$and/$or/$nor must be an array');
  if (list.length === 0) throw bad('$and/$or/$nor must be a nonempty array');
  return list.map((item) => {
    if (!isDocument(item)) throw bad('$or/$and/$nor entries need to be full objects');
    return parse(item, level);
  });
};

const always = (name: string, value: Value): Filter => {
  if (!isNumber(value) || toInteger(value) !== 1n) {
    throw new DocumentError('FailedToParse', `${name} must be an integer value of 1`);
  }
  return { kind: 'constant', value: name === '$alwaysTrue' };
};

const assertWhole = (name: string, level: Level): void => {
  if (level === 'item') throw bad(`${name} can only be applied to the top-level document`);
};

/** The parts of a reference to another document are fields although they begin with a dollar. */
const reference = (name: string) => (value: Value) => parseEquality(pathOf(name), value);

const topLevel: Readonly<Record<string, (value: Value, level: Level) => Filter>> = {
  $and: (value, level) => allOf(branches(value, level)),
  $or: (value, level) => ({ kind: 'or', of: branches(value, level) }),
  $nor: (value, level) => ({ kind: 'not', of: { kind: 'or', of: branches(value, level) } }),
  $expr: (value, level) => {
    assertWhole('$expr', level);
    return { kind: 'expression', expression: parseExpression(value) };
  },
  $comment: () => ({ kind: 'constant', value: true }),
  $alwaysTrue: (value) => always('$alwaysTrue', value),
  $alwaysFalse: (value) => always('$alwaysFalse', value),
  $ref: reference('$ref'),
  $id: reference('$id'),
  $db: reference('$db'),
  $where: () => {
    throw bad('no globalScriptEngine in $where parsing: the embedded document store runs no JavaScript');
  },
  $text: (_value, level) => {
    assertWhole('$text', level);
    throw new DocumentError('IndexNotFound', 'text index required for $text query');
  },
  $jsonSchema: () => {
    throw notImplemented('$jsonSchema');
  },
  $sampleRate: () => {
    throw notImplemented('$sampleRate');
  },
};

/** Whether this is an operator that stands where a field could. */
export const isTopLevel = (name: string): boolean => Object.hasOwn(topLevel, name);

const parseField = (name: string, value: Value, level: Level): Filter[] => {
  if (!name.startsWith('$')) {
    const path = pathOf(name);
    return isOperators(value) ? parseOperators(path, value) : [parseEquality(path, value)];
  }
  if (isTopLevel(name)) return [topLevel[name]!(value, level)];
  throw bad(
    `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
  );
};

const parse = (doc: Value, level: Level): Filter =>
  allOf(elements(doc).flatMap(({ name, value }) => parseField(name, value, level)));

/** Parses a filter document; what it does not know it refuses with MongoDB's code. */
export const parseFilter = (doc: Value): Filter => parse(doc, 'document');

/** Parses the filter of an array item, as `$elemMatch` and `$pull` have it. */
export const parseItemFilter = (doc: Value): Filter => parse(doc, 'item');

/** Parses the filter of a value that has no name: operators as `{$gt: 5}`, or a regular expression. */
export const parseValueFilter = (value: Value): Filter =>
  value.type === Type.regex ? parseEquality(pathOf(''), value) : allOf(parseOperators(pathOf(''), value));
