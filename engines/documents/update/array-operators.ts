import { arrayValue } from '../bson/build.ts';
import { compare, equal } from '../bson/compare.ts';
import { toInteger, toNumber } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, identical, isArray, isDocument, isNumber, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter, compileItemFilter } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { compileSort } from '../sort.ts';
import type { MakeOperator } from './operators.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const modifiers = new Set(['$each', '$slice', '$sort', '$position']);

/** What `$push` and `$addToSet` are to add, with the modifiers beside `$each`. */
const additions = (operand: Value): { each: Value[]; options: ReadonlyMap<string, Value> } => {
  const list = isDocument(operand) ? elements(operand) : [];
  if (!list.some(({ name }) => name === '$each')) return { each: [operand], options: new Map() };
  const options = new Map(list.map(({ name, value }) => [name, value]));
  for (const name of options.keys()) if (!modifiers.has(name)) throw bad(`Unrecognized clause in $push: ${name}`);
  const each = options.get('$each');
  if (!isArray(each)) throw new DocumentError('TypeMismatch', `The argument to $each must be an array`);
  return { each: items(each), options };
};

const integer = (name: string, value: Value): number => {
  const n = isNumber(value) ? toInteger(value) : undefined;
  if (n === undefined)
    throw bad(`The value for ${name} must be an integer value but was given type: ${typeNames[value.type]}`);
  return Number(n);
};

const placed = (list: Value[], each: Value[], position: Value | undefined): Value[] => {
  if (!position) return [...list, ...each];
  const at = integer('$position', position);
  const from = at < 0 ? Math.max(list.length + at, 0) : Math.min(at, list.length);
  return list.toSpliced(from, 0, ...each);
};

const sortedItems = (list: Value[], by: Value): Value[] => {
  if (isNumber(by)) return list.toSorted((a, b) => compare(a, b) * toNumber(by));
  if (!isDocument(by))
    throw bad('The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields');
  const { key } = compileSort(by);
  const keyed = list.map((item) => ({ item, key: key(item) }));
  return keyed.sort((a, b) => a.key.compare(b.key)).map(({ item }) => item);
};

const sliced = (list: Value[], by: Value): Value[] => {
  const count = integer('$slice', by);
  return count < 0 ? list.slice(count) : list.slice(0, count);
};

const pushed = (list: Value[], each: Value[], options: ReadonlyMap<string, Value>): Value[] => {
  const joined = placed(list, each, options.get('$position'));
  const sort = options.get('$sort');
  const slice = options.get('$slice');
  const ordered = sort ? sortedItems(joined, sort) : joined;
  return slice ? sliced(ordered, slice) : ordered;
};

/** The array as changed, or the value as it was if nothing about it changed. */
const kept = (before: Value | undefined, list: readonly Value[]): Value => {
  const after = arrayValue(list);
  return before && identical(before, after) ? before : after;
};

const push: MakeOperator = (path, operand) => {
  const { each, options } = additions(operand);
  return (current) => {
    if (current && !isArray(current)) {
      throw bad(`The field '${path}' must be an array but is of type ${typeNames[current.type]}`);
    }
    return kept(current, pushed(current ? items(current) : [], each, options));
  };
};

const addToSet: MakeOperator = (path, operand) => {
  const { each } = additions(operand);
  return (current) => {
    if (current && !isArray(current)) {
      throw bad(
        `Cannot apply $addToSet to non-array field. Field named '${path}' has non-array type ${typeNames[current.type]}`,
      );
    }
    const list = current ? items(current) : [];
    const before = list.length;
    for (const item of each) if (!list.some((own) => equal(own, item))) list.push(item);
    return current && list.length === before ? current : arrayValue(list);
  };
};

const pop: MakeOperator = (path, operand) => {
  const side = isNumber(operand) ? toNumber(operand) : 0;
  if (side !== 1 && side !== -1) throw new DocumentError('FailedToParse', '$pop expects 1 or -1');
  return (current) => {
    if (!isArray(current)) {
      throw new DocumentError(
        'TypeMismatch',
        `Path '${path}' contains an element of non-array type '${typeNames[current!.type]}'`,
      );
    }
    const list = items(current);
    return list.length === 0 ? current : arrayValue(side === 1 ? list.slice(0, -1) : list.slice(1));
  };
};

const without = (name: string, isUnwanted: (item: Value) => boolean) => (current: Value | undefined) => {
  if (!isArray(current)) throw bad(`Cannot apply ${name} to a non-array value`);
  const list = items(current);
  const rest = list.filter((item) => !isUnwanted(item));
  return rest.length === list.length ? current : arrayValue(rest);
};

/** What `$pull` removes: items that match operators, documents that match a filter, or items equal to a value. */
const pullTest = (operand: Value): ((item: Value) => boolean) => {
  if (operand.type === Type.regex) return compileItemFilter(parseFilter(wrapped(operand)));
  if (!isDocument(operand)) return (item) => equal(item, operand);
  if (elements(operand)[0]?.name.startsWith('$') && !['$and', '$or', '$nor'].includes(elements(operand)[0]!.name)) {
    return compileItemFilter(parseFilter(wrapped(operand)));
  }
  const matches = compileFilter(parseFilter(operand));
  return (item) => isDocument(item) && matches(item);
};

/** A filter on the item itself, written as a filter on a field without a name. */
const wrapped = (operand: Value): Value => {
  const holder = arrayValue([operand]);
  return { ...holder, type: Type.document };
};

const pull: MakeOperator = (_path, operand) => without('$pull', pullTest(operand));

const pullAll: MakeOperator = (_path, operand) => {
  if (!isArray(operand)) throw bad(`$pullAll requires an array argument but was given a ${typeNames[operand.type]}`);
  const unwanted = items(operand);
  return without('$pullAll', (item) => unwanted.some((one) => equal(one, item)));
};

/** The update operators that change arrays. */
export const arrayOperators: Readonly<Record<string, MakeOperator>> = {
  $push: push,
  $addToSet: addToSet,
  $pop: pop,
  $pull: pull,
  $pullAll: pullAll,
};

/** Those operators that leave a missing field missing. */
export const neverCreates: ReadonlySet<string> = new Set(['$unset', '$pop', '$pull', '$pullAll']);
