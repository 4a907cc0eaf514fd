import { double, int32, int64, nullValue, toValue } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { toInteger, toNumber } from '../bson/number.ts';
import { Type } from '../bson/types.ts';
import { elements, isDocument, isNumber, isString, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import {
  bool,
  dateMillis,
  fixed,
  type Given,
  isNullish,
  mistyped,
  type Operator,
  strict,
  typeName,
} from './operator.ts';

/** A value as text. */
export const textOf = (value: Value): string => {
  if (isString(value)) return text(value);
  if (value.type === Type.objectId) return value.buf.toString('hex', value.start, value.end);
  if (value.type === Type.boolean) return String(truthy(value));
  if (value.type === Type.date) return new Date(dateMillis(value)).toISOString();
  if (isNumber(value) && value.type !== Type.decimal) return String(toInteger(value) ?? toNumber(value));
  throw new DocumentError('ConversionFailure', `Unsupported conversion from ${typeName(value)} to string in $convert`);
};

const millisOf = (value: Value): number => {
  if (value.type === Type.date) return dateMillis(value);
  if (value.type === Type.objectId) return value.buf.readUInt32BE(value.start) * 1000;
  if (value.type === Type.int64 || value.type === Type.double) return Math.trunc(toNumber(value));
  const parsed = isString(value) ? Date.parse(text(value)) : Number.NaN;
  if (Number.isNaN(parsed)) throw unconverted(value, 'date');
  return parsed;
};

const unconverted = (value: Value, to: string): DocumentError =>
  new DocumentError(
    'ConversionFailure',
    `Failed to convert ${typeName(value)} to ${to} in $convert with no onError value`,
  );

/** A value as a number: what it is, a boolean as 0 or 1, a date as milliseconds, a text if it is one. */
const numberOf = (value: Value, to: string): number => {
  if (isNumber(value)) return toNumber(value);
  if (value.type === Type.boolean) return truthy(value) ? 1 : 0;
  if (value.type === Type.date) return dateMillis(value);
  const source = isString(value) ? text(value) : '';
  const parsed = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(source) ? Number(source) : Number.NaN;
  if (Number.isNaN(parsed)) throw unconverted(value, to);
  return parsed;
};

const integerOf = (value: Value, to: 'int' | 'long'): Value => {
  if (isString(value) && !/^[-+]?\d+$/.test(text(value))) throw unconverted(value, to);
  const exact = isNumber(value) ? toInteger(value) : isString(value) ? BigInt(text(value)) : undefined;
  const n = exact ?? BigInt(Math.trunc(numberOf(value, to)));
  const bits = to === 'int' ? 32 : 64;
  if (BigInt.asIntN(bits, n) !== n) throw unconverted(value, to);
  return to === 'int' ? int32(Number(n)) : int64(n);
};

const padded = (n: number, width: number): string => String(n).padStart(width, '0');

const formats: Readonly<Record<string, (at: Date) => string>> = {
  '%Y': (at) => padded(at.getUTCFullYear(), 4),
  '%m': (at) => padded(at.getUTCMonth() + 1, 2),
  '%d': (at) => padded(at.getUTCDate(), 2),
  '%H': (at) => padded(at.getUTCHours(), 2),
  '%M': (at) => padded(at.getUTCMinutes(), 2),
  '%S': (at) => padded(at.getUTCSeconds(), 2),
  '%L': (at) => padded(at.getUTCMilliseconds(), 3),
  '%z': () => '+0000',
  '%%': () => '%',
};

const dateText = (options: Given): Given => {
  if (!isDocument(options)) throw new DocumentError(18629, '$dateToString only supports an object as its argument');
  const given = new Map(elements(options).map(({ name, value }) => [name, value]));
  const zone = given.get('timezone');
  if (zone && !(isString(zone) && ['UTC', 'GMT', 'Z'].includes(text(zone)))) throw notImplemented('a time zone');
  const at = given.get('date');
  if (isNullish(at)) return given.get('onNull') ?? nullValue;
  const format = given.get('format');
  const pattern = isString(format) ? text(format) : '%Y-%m-%dT%H:%M:%S.%LZ';
  const moment = new Date(millisOf(at!));
  return toValue(
    pattern.replace(/%./gs, (code) => {
      const write = formats[code];
      if (!write) throw new DocumentError(18536, `Invalid format character '${code}' in format string`);
      return write(moment);
    }),
  );
};

const datePart = (part: (at: Date) => number): Operator =>
  fixed(
    1,
    strict((value) => {
      if (value.type !== Type.date) throw mistyped(16006, "can't convert to date", value);
      return toValue(part(new Date(dateMillis(value))));
    }),
  );

/** The operators that turn values into other types, and those on dates. */
export const conversions: Readonly<Record<string, Operator>> = {
  $toString: fixed(
    1,
    strict((value) => toValue(textOf(value))),
  ),
  $toBool: fixed(
    1,
    strict((value) => bool(truthy(value))),
  ),
  $toInt: fixed(
    1,
    strict((value) => integerOf(value, 'int')),
  ),
  $toLong: fixed(
    1,
    strict((value) => integerOf(value, 'long')),
  ),
  $toDouble: fixed(
    1,
    strict((value) => double(numberOf(value, 'double'))),
  ),
  $toDate: fixed(
    1,
    strict((value) => toValue(new Date(millisOf(value)))),
  ),
  $dateToString: fixed(1, dateText),
  $year: datePart((at) => at.getUTCFullYear()),
  $month: datePart((at) => at.getUTCMonth() + 1),
  $dayOfMonth: datePart((at) => at.getUTCDate()),
  $dayOfWeek: datePart((at) => at.getUTCDay() + 1),
  $hour: datePart((at) => at.getUTCHours()),
  $minute: datePart((at) => at.getUTCMinutes()),
  $second: datePart((at) => at.getUTCSeconds()),
  $millisecond: datePart((at) => at.getUTCMilliseconds()),
};
