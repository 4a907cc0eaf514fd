import { arrayValue, documentValue, encodeElements } from '../bson/build.ts';
import { equal } from '../bson/compare.ts';
import { toInteger } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, isArray, isDocument, isNumber, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter } from '../filter/matcher.ts';
import { isOperators } from '../filter/operators.ts';
import { isTopLevel, parseItemFilter, parseValueFilter } from '../filter/parse.ts';
import { documentText, elementText } from '../shell-text.ts';
import type { MakeOperator } from './operators.ts';
import { push } from './push.ts';
import { fieldName } from './where.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const toAdd = (operand: Value): Value[] => {
  const [first, ...others] = isDocument(operand) ? elements(operand) : [];
  if (first?.name !== '$each') return [operand];
  if (!isArray(first.value)) {
    const text = `The argument to $each in $addToSet must be an array but it was of type ${typeNames[first.value.type]}`;
    throw new DocumentError('TypeMismatch', text);
  }
  if (others.length > 0) throw bad(`Found unexpected fields after $each in $addToSet: ${documentText(operand)}`);
  return items(first.value);
};

const addToSet: MakeOperator = (_path, operand) => {
  const each = toAdd(operand);
  return (current, where) => {
    if (current && !isArray(current)) {
      const found = `Field named '${fieldName(where)}' has non-array type ${typeNames[current.type]}`;
      throw bad(`Cannot apply $addToSet to non-array field. ${found}`);
    }
    const list = current ? items(current) : [];
    const before = list.length;
    for (const item of each) if (!list.some((own) => equal(own, item))) list.push(item);
    return current && list.length === before ? current : arrayValue(list);
  };
};

const pop: MakeOperator = (path, operand) => {
  if (!isNumber(operand))
    throw new DocumentError('FailedToParse', `Expected a number in: ${elementText(path, operand)}`);
  const side = toInteger(operand);
  if (side !== 1n && side !== -1n)
    throw new DocumentError('FailedToParse', `$pop expects 1 or -1, found: ${elementText(path, operand)}`);
  return (current) => {
    if (!isArray(current)) {
      const text = `Path '${path}' contains an element of non-array type '${typeNames[current!.type]}'`;
      throw new DocumentError('TypeMismatch', text);
    }
    const list = items(current);
    return list.length === 0 ? current : arrayValue(side === 1n ? list.slice(0, -1) : list.slice(1));
  };
};

const without = (isUnwanted: (item: Value) => boolean) => (current: Value | undefined) => {
  if (!isArray(current)) throw bad('Cannot apply $pull to a non-array value');
  const list = items(current);
  const rest = list.filter((item) => !isUnwanted(item));
  return rest.length === list.length ? current : arrayValue(rest);
};

/** What `$pull` removes: items that match operators, documents that match a filter, or items equal to a value. */
const pullTest = (operand: Value): ((item: Value) => boolean) => {
  const isTest = isOperators(operand, true) && !isTopLevel(elements(operand)[0]!.name);
  if (isTest || operand.type === Type.regex) {
    const matches = compileFilter(parseValueFilter(operand));
    return (item) => matches(documentValue(encodeElements([['', item]])));
  }
  if (!isDocument(operand)) return (item) => equal(item, operand);
  const matches = compileFilter(parseItemFilter(operand));
  return (item) => isDocument(item) && matches(item);
};

const pull: MakeOperator = (_path, operand) => without(pullTest(operand));

const pullAll: MakeOperator = (_path, operand) => {
  if (!isArray(operand)) throw bad(`$pullAll requires an array argument but was given a ${typeNames[operand.type]}`);
  const unwanted = items(operand);
  return without((item) => unwanted.some((one) => equal(one, item)));
};

/** The update operators that change arrays. */
export const arrayOperators: Readonly<Record<string, MakeOperator>> = {
  $push: push,
  $addToSet: addToSet,
  $pop: pop,
  $pull: pull,
  $pullAll: pullAll,
};
