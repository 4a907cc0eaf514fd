import { arrayValue, int32, nullValue, toValue } from '../bson/build.ts';
import { toInteger } from '../bson/number.ts';
import { isNumber, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { any, fixed, type Given, isNullish, type Operator, strict, string, typeName } from './operator.ts';
import { textOf } from './texts.ts';

const textOrEmpty = (value: Given): string => (isNullish(value) ? '' : textOf(value!));

/** MongoDB changes the case of ASCII letters only. */
const inAscii = (letters: RegExp, change: (source: string) => string): Operator =>
  fixed(1, (value) => toValue(textOrEmpty(value).replace(letters, change)));

const concat = (...parts: Given[]): Value => {
  let joined = '';
  for (const part of parts) {
    if (isNullish(part)) return nullValue;
    joined += string(16702, '$concat', part);
  }
  return toValue(joined);
};

const lengthOf = (code: number, name: string, measure: (source: string) => number): Operator =>
  fixed(1, (value) => int32(measure(string(code, name, value))));

interface Place {
  readonly what: string;
  readonly notNumeric: number;
  readonly notInt: number;
  readonly negative: number;
}

const place = (value: Given, { what, notNumeric, notInt, negative }: Place): number => {
  if (!isNumber(value)) {
    throw new DocumentError(notNumeric, `$substrCP: ${what} must be a numeric type (is BSON type ${typeName(value)})`);
  }
  const n = toInteger(value);
  if (n === undefined || BigInt.asIntN(32, n) !== n) {
    throw new DocumentError(notInt, `$substrCP: ${what} cannot be represented as a 32-bit integral value`);
  }
  if (n < 0n) throw new DocumentError(negative, `$substrCP: ${what} must be a nonnegative integer.`);
  return Number(n);
};

const start: Place = { what: 'starting index', notNumeric: 34450, notInt: 34451, negative: 34455 };
const size: Place = { what: 'length', notNumeric: 34452, notInt: 34453, negative: 34454 };

const part = (value: Given, from: Given, length: Given): Value => {
  const [at, count] = [place(from, start), place(length, size)];
  return toValue([...textOrEmpty(value)].slice(at, at + count).join(''));
};

const split = (value: Value, by: Value): Value => {
  const source = string(
    40085,
    '$split requires an expression that evaluates to a string as a first argument; it',
    value,
  );
  const separator = string(
    40086,
    '$split requires an expression that evaluates to a string as a second argument; it',
    by,
  );
  if (separator === '') throw new DocumentError(40087, '$split requires a non-empty separator');
  return arrayValue(source.split(separator));
};

/** The operators on strings. */
export const strings: Readonly<Record<string, Operator>> = {
  $concat: any(concat),
  $toLower: inAscii(/[A-Z]+/g, (source) => source.toLowerCase()),
  $toUpper: inAscii(/[a-z]+/g, (source) => source.toUpperCase()),
  $strLenCP: lengthOf(34471, '$strLenCP', (source) => [...source].length),
  $strLenBytes: lengthOf(34473, '$strLenBytes', (source) => Buffer.byteLength(source)),
  $substrCP: fixed(3, part),
  $split: fixed(2, strict(split)),
};
