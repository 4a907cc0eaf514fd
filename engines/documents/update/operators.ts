import { add, multiply } from '../bson/arithmetic.ts';
import { date, int32, int64, timestamp } from '../bson/build.ts';
import { compare } from '../bson/compare.ts';
import { toInteger } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, field, identical, isDocument, isNumber, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { arrayOperators } from './array-operators.ts';
import type { Change } from './tree.ts';

/** Makes an operator's change of the value at a path from its operand; refuses a wrong operand at once. */
export type MakeOperator = (path: string, operand: Value) => Change;

const keepIfSame = (current: Value | undefined, next: Value): Value =>
  current && identical(current, next) ? current : next;

const set: MakeOperator = (_path, operand) => (current) => keepIfSame(current, operand);

const arithmetic =
  (name: string, start: (operand: Value) => Value, apply: (a: Value, b: Value) => Value | undefined): MakeOperator =>
  (path, operand) => {
    if (!isNumber(operand)) {
      const verb = name === '$inc' ? 'increment' : 'multiply';
      throw new DocumentError(
        'TypeMismatch',
        `Cannot ${verb} with non-numeric argument: {${path}: ${typeNames[operand.type]}}`,
      );
    }
    return (current) => {
      if (!current) return start(operand);
      if (!isNumber(current)) {
        const text = `Cannot apply ${name} to a value of non-numeric type. The document has the field '${path}' of non-numeric type ${typeNames[current.type]}`;
        throw new DocumentError('TypeMismatch', text);
      }
      const next = apply(current, operand);
      if (!next)
        throw new DocumentError(
          'BadValue',
          `Failed to apply ${name} operations to current value of field '${path}': the result exceeds 64 bits`,
        );
      return keepIfSame(current, next);
    };
  };

const zeroOfType = (operand: Value): Value => multiply(operand, int32(0))!;

const extreme =
  (wanted: number): MakeOperator =>
  (_path, operand) =>
  (current) =>
    current && compare(operand, current) * wanted <= 0 ? current : operand;

const currentDate: MakeOperator = (_path, operand) => {
  const wanted = isDocument(operand) ? field(operand, '$type') : undefined;
  const kind = wanted ? (isString(wanted) ? text(wanted) : '') : 'date';
  const isFlag = operand.type === Type.boolean;
  if ((!isFlag && !wanted) || (kind !== 'date' && kind !== 'timestamp')) {
    throw new DocumentError(
      'BadValue',
      "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
    );
  }
  return () => (kind === 'date' ? date(new Date()) : timestamp((BigInt(Math.floor(Date.now() / 1000)) << 32n) + 1n));
};

const bitwise: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

const isInteger = (value: Value): boolean => value.type === Type.int32 || value.type === Type.int64;

const bit: MakeOperator = (path, operand) => {
  const steps = isDocument(operand) ? elements(operand) : [];
  if (steps.length === 0)
    throw new DocumentError(
      'BadValue',
      'You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}',
    );
  for (const { name, value } of steps) {
    if (!bitwise[name])
      throw new DocumentError('BadValue', `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}'`);
    if (!isInteger(value)) throw new DocumentError('BadValue', 'The $bit modifier field must be an Integer(32/64 bit)');
  }
  return (current = int32(0)) => {
    if (!isInteger(current)) {
      throw new DocumentError(
        'BadValue',
        `Cannot apply $bit to a value of non-integral type: the field '${path}' has type ${typeNames[current.type]}`,
      );
    }
    const isWide = current.type === Type.int64 || steps.some(({ value }) => value.type === Type.int64);
    const result = steps.reduce(
      (bits, { name, value }) => bitwise[name]!(bits, toInteger(value)!),
      toInteger(current)!,
    );
    return keepIfSame(current, isWide ? int64(result) : int32(Number(BigInt.asIntN(32, result))));
  };
};

/** The update operators by name. */
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
