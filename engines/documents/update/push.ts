import { arrayValue, nullValue } from '../bson/build.ts';
import { compare } from '../bson/compare.ts';
import { toInteger } from '../bson/number.ts';
import { typeNames } from '../bson/types.ts';
import { elements, fieldAt, identical, isArray, isDocument, isNumber, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { type Path, pathOf } from '../paths.ts';
import type { MakeOperator } from './operators.ts';
import { fieldName, idText } from './where.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const integer = (name: string, value: Value): number => {
  const n = isNumber(value) ? toInteger(value) : undefined;
  if (n === undefined)
    throw bad(`The value for ${name} must be an integer value but was given type: ${typeNames[value.type]}`);
  return Number(n);
};

/** Changes the list of an array's items. */
type Step = (list: Value[]) => Value[];

const placing = (each: readonly Value[], position: Value | undefined): Step => {
  if (!position) return (list) => [...list, ...each];
  const at = integer('$position', position);
  return (list) => list.toSpliced(at < 0 ? Math.max(list.length + at, 0) : Math.min(at, list.length), 0, ...each);
};

const directionOf = (value: Value): number => {
  const direction = isNumber(value) ? toInteger(value) : undefined;
  if (direction !== 1n && direction !== -1n) throw bad('The $sort element value must be either 1 or -1');
  return Number(direction);
};

/** The value at a path of an item, which leads through documents and by index through arrays; null if there is none. */
const sortValue = (item: Value, path: Path): Value => {
  let value: Value | undefined = item;
  for (const name of path.bytes) {
    value = isDocument(value) || (isArray(value) && value !== item) ? fieldAt(value!, name) : undefined;
  }
  return value ?? nullValue;
};

const sortField = (name: string, value: Value): { path: Path; direction: number } => {
  if (name === '') throw bad('The $sort field cannot be empty');
  const path = pathOf(name);
  if (path.names.includes('')) throw bad(`The $sort field is a dotted field but has an empty part: ${name}`);
  return { path, direction: directionOf(value) };
};

const sorting = (by: Value): Step => {
  if (isNumber(by)) {
    const direction = directionOf(by);
    return (list) => list.toSorted((a, b) => compare(a, b) * direction);
  }
  if (!isDocument(by))
    throw bad('The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields');
  const fields = elements(by).map(({ name, value }) => sortField(name, value));
  if (fields.length === 0) throw bad('The $sort pattern is empty when it should be a set of fields.');
  return (list) =>
    list.toSorted((a, b) => {
      for (const { path, direction } of fields) {
        const order = compare(sortValue(a, path), sortValue(b, path)) * direction;
        if (order !== 0) return order;
      }
      return 0;
    });
};

const slicing = (by: Value): Step => {
  const count = integer('$slice', by);
  if (count === 0) return () => [];
  return (list) => (count < 0 ? list.slice(count) : list.slice(0, count));
};

const modifiers = new Set(['$each', '$slice', '$sort', '$position']);

/** What `$push` does to an array, in MongoDB's order: add, sort, cut. */
const stepsOf = (operand: Value): Step[] => {
  const list = isDocument(operand) ? elements(operand) : [];
  if (!list.some(({ name }) => name === '$each')) return [placing([operand], undefined)];
  const options = new Map(list.map(({ name, value }) => [name, value]));
  for (const name of options.keys()) if (!modifiers.has(name)) throw bad(`Unrecognized clause in $push: ${name}`);
  const [each, sort, slice] = ['$each', '$sort', '$slice'].map((name) => options.get(name));
  if (!isArray(each))
    throw bad(`The argument to $each in $push must be an array but it was of type: ${typeNames[each!.type]}`);
  const steps = [placing(items(each), options.get('$position'))];
  if (sort) steps.push(sorting(sort));
  if (slice) steps.push(slicing(slice));
  return steps;
};

/** The `$push` operator. */
export const push: MakeOperator = (_path, operand) => {
  const steps = stepsOf(operand);
  return (current, where) => {
    if (current && !isArray(current)) {
      const found = `is of type ${typeNames[current.type]} in document ${idText(where.doc)}`;
      throw bad(`The field '${fieldName(where)}' must be an array but ${found}`);
    }
    const after = arrayValue(steps.reduce((list, step) => step(list), current ? items(current) : []));
    return current && identical(current, after) ? current : after;
  };
};
