import { int32, toValue, undefinedValue } from '../bson/build.ts';
import { compare, truthy } from '../bson/compare.ts';
import { isNumber } from '../bson/value.ts';
import { arithmetic } from './arithmetic.ts';
import { converted } from './conversions.ts';
import { datePart, dateParts } from './dates.ts';
import { lists } from './lists.ts';
import { objects } from './objects.ts';
import { any, bool, fixed, type Given, type Operator, typeName } from './operator.ts';
import { sets } from './sets.ts';
import { strings } from './strings.ts';

/** A missing value counts as undefined, which is above MinKey only. */
const compareMissing = (a: Given, b: Given): number => Math.sign(compare(a ?? undefinedValue, b ?? undefinedValue));

const ordered = (accept: (order: number) => boolean): Operator =>
  fixed(2, (a, b) => bool(accept(compareMissing(a, b))));

const conversion = (to: string): Operator => fixed(1, (value) => converted(value, to));

/** An operator that evaluates its arguments itself, as far as it needs them: see `choices` in evaluate.ts. */
const chosen = (least: number, most: number): Operator => ({ arity: [least, most], apply: () => undefined });

const dates = Object.fromEntries(
  Object.keys(dateParts).map((name): [string, Operator] => [
    name,
    { arity: [1, 2], apply: (...args) => datePart(name, args[0], args[1], args.length === 2) },
  ]),
);

const operators: Readonly<Record<string, Operator>> = {
  ...arithmetic,
  ...strings,
  ...lists,
  ...sets,
  ...objects,
  ...dates,
  $eq: ordered((order) => order === 0),
  $ne: ordered((order) => order !== 0),
  $gt: ordered((order) => order > 0),
  $gte: ordered((order) => order >= 0),
  $lt: ordered((order) => order < 0),
  $lte: ordered((order) => order <= 0),
  $cmp: fixed(2, (a, b) => int32(compareMissing(a, b))),
  $and: any(() => undefined),
  $or: any(() => undefined),
  $not: fixed(1, (value) => bool(!truthy(value))),
  $cond: chosen(3, 3),
  $ifNull: any(() => undefined, 2),
  $isNumber: fixed(1, (value) => bool(isNumber(value))),
  $type: fixed(1, (value) => toValue(typeName(value))),
  $toString: conversion('string'),
  $toBool: conversion('bool'),
  $toInt: conversion('int'),
  $toLong: conversion('long'),
  $toDouble: conversion('double'),
  $toDecimal: conversion('decimal'),
  $toDate: conversion('date'),
  $toObjectId: conversion('objectId'),
};

/** The operator of this name that takes a list of arguments. */
export const operatorOf = (name: string): Operator | undefined =>
  Object.hasOwn(operators, name) ? operators[name] : undefined;
