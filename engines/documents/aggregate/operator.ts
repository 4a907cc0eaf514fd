import { nullValue, toValue } from '../bson/build.ts';
import { Type, typeNames } from '../bson/types.ts';
import { isArray, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';

/** An argument; undefined where it is missing. */
export type Given = Value | undefined;

/** An operator that takes its evaluated arguments; a missing one is undefined. */
export interface Operator {
  readonly arity: readonly [least: number, most: number];
  readonly apply: (...args: Given[]) => Given;
}

/** Whether a value is missing, null or undefined. */
export const isNullish = (value: Given): boolean => !value || value.type === Type.null || value.type === Type.undefined;

/** The name of a type as `$type` tells it. */
export const typeName = (value: Given): string => (value ? typeNames[value.type]! : 'missing');

/** A boolean value. */
export const bool = (value: boolean): Value => toValue(value);

/** The error for an operand of the wrong type. */
export const mistyped = (code: number | 'TypeMismatch', message: string, value: Given): DocumentError =>
  new DocumentError(code, `${message}, not ${typeName(value)}`);

/** An operator that is null as soon as one operand is null or missing. */
export const strict = (apply: (...args: Value[]) => Given): ((...args: Given[]) => Given) => {
  return (...args) => (args.some(isNullish) ? nullValue : apply(...(args as Value[])));
};

/** The text of an argument that must be a string. */
export const string = (code: number, name: string, value: Given): string => {
  if (!isString(value)) throw mistyped(code, `${name} only supports strings`, value);
  return text(value);
};

/** The items of an argument that must be an array; `refusal` begins the message that ends with its type. */
export const array = (code: number, refusal: string, value: Given): Value[] => {
  if (!isArray(value)) throw new DocumentError(code, `${refusal}${typeName(value)}`);
  return items(value);
};

/** An operator with so many arguments. */
export const fixed = (arity: number, apply: (...args: Given[]) => Given): Operator => ({
  arity: [arity, arity],
  apply,
});

const endless = 1e6;

/** An operator with any number of arguments, but at least so many. */
export const any = (apply: (...args: Given[]) => Given, least = 0): Operator => ({ arity: [least, endless], apply });

const numberOfArguments = (name: string, [least, most]: Operator['arity'], given: number): DocumentError => {
  if (least === most) {
    return new DocumentError(16020, `Expression ${name} takes exactly ${least} arguments. ${given} were passed in.`);
  }
  if (most === endless) return new DocumentError(1257300, `${name} needs at least ${least} arguments, had: ${given}`);
  const wanted = `at least ${least} arguments, and at most ${most}, but ${given} were passed in.`;
  return new DocumentError(28667, `Expression ${name} takes ${wanted}`);
};

/** Throws unless an operator may have so many arguments. */
export const assertArity = (name: string, { arity }: Operator, given: number): void => {
  if (given < arity[0] || given > arity[1]) throw numberOfArguments(name, arity, given);
};
