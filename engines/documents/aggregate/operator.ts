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
export const mistyped = (code: number, message: string, value: Given): DocumentError =>
  new DocumentError(code, `${message}, not ${typeName(value)}`);

/** An operator that is null as soon as one operand is null or missing. */
export const strict = (apply: (...args: Value[]) => Value): ((...args: Given[]) => Value) => {
  return (...args) => (args.some(isNullish) ? nullValue : apply(...(args as Value[])));
};

/** A date in milliseconds since 1970. */
export const dateMillis = (value: Value): number => Number(value.buf.readBigInt64LE(value.start));

/** The text of an argument that must be a string. */
export const string = (code: number, name: string, value: Value): string => {
  if (!isString(value)) throw mistyped(code, `${name} only supports strings`, value);
  return text(value);
};

/** The items of an argument that must be an array. */
export const array = (code: number, name: string, value: Value): Value[] => {
  if (!isArray(value)) throw mistyped(code, `${name} needs an array`, value);
  return items(value);
};

/** An operator with so many arguments. */
export const fixed = (arity: number, apply: (...args: Given[]) => Given): Operator => ({
  arity: [arity, arity],
  apply,
});

/** An operator with any number of arguments. */
export const any = (apply: (...args: Given[]) => Given): Operator => ({ arity: [0, 1e6], apply });
