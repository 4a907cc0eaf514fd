import { add, multiply } from '../bson/arithmetic.ts';
import { date, int32, int64 } from '../bson/build.ts';
import { timestampNow } from '../bson/clock.ts';
import { compare } from '../bson/compare.ts';
import { toInteger } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, identical, isDocument, isNumber, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { documentText, elementText } from '../shell-text.ts';
import { arrayOperators } from './array-operators.ts';
import type { Change } from './tree.ts';
import { fieldName, idText } from './where.ts';

/** Makes an operator's change of the value at a path from its operand; refuses a wrong operand at once. */
export type MakeOperator = (path: string, operand: Value) => Change;

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const keepIfSame = (current: Value | undefined, next: Value): Value =>
  current && identical(current, next) ? current : next;

const set: MakeOperator = (_path, operand) => (current) => keepIfSame(current, operand);

const arithmetic =
  (name: string, start: (operand: Value) => Value, apply: (a: Value, b: Value) => Value | undefined): MakeOperator =>
  (path, operand) => {
    if (!isNumber(operand)) {
      const verb = name === '$inc' ? 'increment' : 'multiply';
      const text = `Cannot ${verb} with non-numeric argument: {${elementText(path, operand)}}`;
      throw new DocumentError('TypeMismatch', text);
    }
    return (current, where) => {
      if (!current) return start(operand);
      if (!isNumber(current)) {
        const found = `${idText(where.doc)} has the field '${fieldName(where)}' of non-numeric type ${typeNames[current.type]}`;
        throw new DocumentError('TypeMismatch', `Cannot apply ${name} to a value of non-numeric type. ${found}`);
      }
      const next = apply(current, operand);
      if (!next) {
        const value = `(NumberLong)${toInteger(current)}`;
        throw bad(`Failed to apply ${name} operations to current value (${value}) for document ${idText(where.doc)}`);
      }
      return keepIfSame(current, next);
    };
  };

const zeroOfType = (operand: Value): Value => multiply(int32(0), operand)!;

const extreme =
  (wanted: number): MakeOperator =>
  (_path, operand) =>
  (current) =>
    current && compare(operand, current) * wanted <= 0 ? current : operand;

const dateKind = (operand: Value): string => {
  if (operand.type === Type.boolean) return 'date';
  if (!isDocument(operand)) {
    const wanted = "Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).";
    throw bad(`${typeNames[operand.type]} is not valid type for $currentDate. ${wanted}`);
  }
  const [first, ...others] = elements(operand);
  const other = [first, ...others].find((element) => element && element.name !== '$type');
  if (other) throw bad(`Unrecognized $currentDate option: ${other.name}`);
  const kind = first && isString(first.value) ? text(first.value) : '';
  if (kind === 'date' || kind === 'timestamp') return kind;
  throw bad(
    "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
  );
};

const currentDate: MakeOperator = (_path, operand) => {
  const kind = dateKind(operand);
  return () => (kind === 'date' ? date(new Date()) : timestampNow());
};

const bitwise: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

const isInteger = (value: Value): boolean => value.type === Type.int32 || value.type === Type.int64;

const bitSteps = (path: string, operand: Value) => {
  if (!isDocument(operand)) {
    throw bad(
      `The $bit modifier is not compatible with a ${typeNames[operand.type]}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    );
  }
  const steps = elements(operand);
  if (steps.length === 0)
    throw bad(
      `You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}} in ${path}`,
    );
  for (const { name, value } of steps) {
    if (!Object.hasOwn(bitwise, name))
      throw bad(`The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator`);
    if (!isInteger(value)) {
      throw bad(
        `The $bit modifier field must be an Integer(32/64 bit); a '${typeNames[value.type]}' is not supported here: ${documentText(operand)}`,
      );
    }
  }
  return steps;
};

const bit: MakeOperator = (path, operand) => {
  const steps = bitSteps(path, operand);
  return (current = int32(0), where) => {
    if (!isInteger(current)) {
      const found = `${idText(where.doc)} has the field ${fieldName(where)} of non-integer type ${typeNames[current.type]}`;
      throw bad(`Cannot apply $bit to a value of non-integral type.${found}`);
    }
    const isWide = current.type === Type.int64 || steps.some(({ value }) => value.type === Type.int64);
    const start = toInteger(current)!;
    const result = steps.reduce((bits, { name, value }) => bitwise[name]!(bits, toInteger(value)!), start);
    return keepIfSame(current, isWide ? int64(result) : int32(Number(BigInt.asIntN(32, result))));
  };
};

/** The update operators by name; `$rename` alone has two paths and stands elsewhere. */
export const updateOperators: Readonly<Record<string, MakeOperator>> = {
  $set: set,
  $setOnInsert: set,
  $unset: () => () => undefined,
  $inc: arithmetic('$inc', (operand) => operand, add),
  $mul: arithmetic('$mul', zeroOfType, multiply),
  $min: extreme(-1),
  $max: extreme(1),
  $currentDate: currentDate,
  $bit: bit,
  ...arrayOperators,
};

/** Those operators that leave a missing field missing. */
export const neverCreates: ReadonlySet<string> = new Set(['$unset', '$pop', '$pull', '$pullAll']);
