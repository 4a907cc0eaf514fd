import { arrayValue, int32, nullValue, toValue } from '../bson/build.ts';
import { compare, truthy } from '../bson/compare.ts';
import { toNumber } from '../bson/number.ts';
import { elements, isDocument, isNumber, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { arithmetic } from './arithmetic.ts';
import { conversions, textOf } from './conversions.ts';
import { lists } from './lists.ts';
import {
  any,
  bool,
  fixed,
  type Given,
  isNullish,
  mistyped,
  type Operator,
  strict,
  string,
  typeName,
} from './operator.ts';

const caseChanged = (name: string, change: (source: string) => string) => (value: Given) =>
  toValue(isNullish(value) ? '' : change(string(16007, name, value!)));

const ordered = (accept: (order: number) => boolean): Operator => ({
  arity: [2, 2],
  apply: (a, b) => bool(accept(compareMissing(a, b))),
});

const compareMissing = (a: Given, b: Given): number => {
  if (a && b) return compare(a, b);
  return a ? 1 : b ? -1 : 0;
};

const merged = (...docs: Given[]): Value => {
  const fields = new Map<string, Value>();
  for (const doc of docs) {
    if (isNullish(doc)) continue;
    if (!isDocument(doc)) throw mistyped(40400, '$mergeObjects requires object inputs', doc);
    for (const { name, value } of elements(doc)) fields.set(name, value);
  }
  return toValue(Object.fromEntries(fields));
};

/** An operator that evaluates its arguments itself, as far as it needs them: see `choices` in evaluate.ts. */
const chosen = (least: number, most: number): Operator => ({ arity: [least, most], apply: () => undefined });

const functions: Readonly<Record<string, Operator>> = {
  ...arithmetic,
  ...conversions,
  ...lists,
  $eq: ordered((order) => order === 0),
  $ne: ordered((order) => order !== 0),
  $gt: ordered((order) => order > 0),
  $gte: ordered((order) => order >= 0),
  $lt: ordered((order) => order < 0),
  $lte: ordered((order) => order <= 0),
  $cmp: fixed(2, (a, b) => int32(Math.sign(compareMissing(a, b)))),
  $and: chosen(0, 1e6),
  $or: chosen(0, 1e6),
  $not: fixed(1, (value) => bool(!truthy(value))),
  $cond: chosen(3, 3),
  $ifNull: chosen(2, 1e6),
  $concat: any(strict((...parts) => toValue(parts.map((part) => string(16702, '$concat', part)).join('')))),
  $toLower: fixed(
    1,
    caseChanged('$toLower', (source) => source.toLowerCase()),
  ),
  $toUpper: fixed(
    1,
    caseChanged('$toUpper', (source) => source.toUpperCase()),
  ),
  $strLenCP: fixed(1, (value) => int32([...string(34471, '$strLenCP', value ?? nullValue)].length)),
  $strLenBytes: fixed(1, (value) => int32(Buffer.byteLength(string(34473, '$strLenBytes', value ?? nullValue)))),
  $substrCP: fixed(3, (value, from, length) => {
    const source = isNullish(value) ? '' : textOf(value!);
    return toValue([...source].slice(toNumber(from!), toNumber(from!) + toNumber(length!)).join(''));
  }),
  $split: fixed(
    2,
    strict((value, by) => arrayValue(string(40085, '$split', value).split(string(40086, '$split', by)))),
  ),
  $isNumber: fixed(1, (value) => bool(isNumber(value))),
  $type: fixed(1, (value) => toValue(typeName(value))),
  $mergeObjects: any(merged),
  $objectToArray: fixed(
    1,
    strict((doc) => arrayValue(elements(doc).map(({ name, value }) => ({ k: name, v: value })))),
  ),
};

const forms = new Set(['$let', '$map', '$filter', '$reduce', '$switch']);

/** Whether an operator evaluates all its arguments before it is applied. */
export const isFunction = (name: string): boolean => Object.hasOwn(functions, name);

/** Whether an operator takes named parts and brings variables of its own. */
export const isSpecialForm = (name: string): boolean => forms.has(name);

/** The operator of this name; checks how many arguments it is given. */
export const operator = (name: string, given: number): Operator => {
  const found = functions[name]!;
  const [least, most] = found.arity;
  if (given < least || given > most) {
    const text = `Expression ${name} takes exactly ${least} arguments. ${given} were passed in.`;
    throw new DocumentError(16020, text);
  }
  return found;
};
