import { decimalOf } from '../bson/arithmetic.ts';
import { dateAt, double, int32, int64, nullValue, objectId, toValue } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { parseDecimal, writeDecimal } from '../bson/decimal.ts';
import { toNumber, truncated } from '../bson/number.ts';
import { Type } from '../bson/types.ts';
import { isNumber, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { momentOf } from './moments.ts';
import { bool, typeName } from './operator.ts';
import { textOf } from './texts.ts';

const failed = (message: string): DocumentError => new DocumentError('ConversionFailure', message);

const unsupported = (value: Value, to: string): DocumentError =>
  failed(`Unsupported conversion from ${typeName(value)} to ${to} in $convert with no onError value`);

const unparsed = (value: Value, what: string): DocumentError =>
  failed(`Failed to parse ${what} '${text(value)}' in $convert with no onError value`);

/** The finite number a value is, cut to an integer. */
const cut = (value: Value): bigint => {
  const whole = truncated(value);
  if (whole !== undefined) return whole;
  const what = Number.isNaN(toNumber(value)) ? 'NaN' : 'infinity';
  throw failed(`Attempt to convert ${what} value to integer type in $convert with no onError value`);
};

const fitting = (n: bigint, bits: 32 | 64): bigint => {
  if (BigInt.asIntN(bits, n) === n) return n;
  throw failed(`Conversion would overflow target type in $convert with no onError value: ${n}`);
};

const parsedInteger = (value: Value): bigint => {
  if (!/^[-+]?\d+$/.test(text(value))) throw unparsed(value, 'number');
  return BigInt(text(value).replace('+', ''));
};

const millisOf = (value: Value): bigint => value.buf.readBigInt64LE(value.start);

const integerOf = (value: Value, to: 'int' | 'long'): bigint => {
  if (isNumber(value)) return cut(value);
  if (isString(value)) return parsedInteger(value);
  if (value.type === Type.boolean) return truthy(value) ? 1n : 0n;
  if (value.type === Type.date && to === 'long') return millisOf(value);
  throw unsupported(value, to);
};

const special: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

const parsedNumber = (value: Value) => {
  const found = special.get(text(value)) ?? parseDecimal(text(value));
  if (found === undefined) throw unparsed(value, 'number');
  return found;
};

const doubleOf = (value: Value): number => {
  if (isNumber(value)) return toNumber(value);
  if (value.type === Type.boolean) return truthy(value) ? 1 : 0;
  if (value.type === Type.date) return Number(millisOf(value));
  if (!isString(value)) throw unsupported(value, 'double');
  const parsed = parsedNumber(value);
  return typeof parsed === 'number' ? parsed : Number(text(value));
};

const finiteDouble = (value: Value): Value => {
  const n = doubleOf(value);
  const wasFinite = value.type !== Type.double && !(isString(value) && special.has(text(value)));
  const isInfiniteDecimal = value.type === Type.decimal && typeof decimalOf(value) === 'number';
  if (Number.isFinite(n) || !wasFinite || isInfiniteDecimal) return double(n);
  throw failed('Conversion would overflow target type in $convert with no onError value');
};

const toDecimal = (value: Value): Value => {
  if (isNumber(value)) return writeDecimal(decimalOf(value));
  if (isString(value)) return writeDecimal(parsedNumber(value));
  if (value.type === Type.boolean || value.type === Type.date) return writeDecimal(decimalOf(int64(longOf(value))));
  throw unsupported(value, 'decimal');
};

const longOf = (value: Value): bigint => fitting(integerOf(value, 'long'), 64);

const isoDate = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.(\d{1,9}))?\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

const zoneOf = (zone: string): string => (zone.length === 3 ? `${zone}:00` : zone.replace(/(\d{2})(\d{2})$/, '$1:$2'));

const isRealDay = (day: string): boolean =>
  !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day);

/** Only ISO 8601 is read, in UTC unless it says otherwise. */
const parsedDate = (value: Value): bigint => {
  const match = isoDate.exec(text(value));
  const [, day = '', time = '00:00', seconds = ':00', fraction = '', zone = 'Z'] = match ?? [];
  const parsed = Date.parse(`${day}T${time}${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}${zoneOf(zone)}`);
  if (!match || !isRealDay(day) || Number.isNaN(parsed)) {
    throw failed(`Error parsing date string '${text(value)}'; this server reads ISO 8601 only`);
  }
  return BigInt(parsed);
};

const wholeDates = new Set<number>([Type.date, Type.timestamp, Type.objectId]);

const dateOf = (value: Value): bigint => {
  if (value.type === Type.date) return millisOf(value);
  if (wholeDates.has(value.type)) return BigInt(momentOf(value).getTime());
  if (value.type === Type.int64 || value.type === Type.double || value.type === Type.decimal) {
    return fitting(cut(value), 64);
  }
  if (isString(value)) return parsedDate(value);
  throw unsupported(value, 'date');
};

const toObjectId = (value: Value): Value => {
  if (value.type === Type.objectId) return value;
  if (!isString(value)) throw unsupported(value, 'objectId');
  if (!/^[0-9a-f]{24}$/i.test(text(value))) throw unparsed(value, 'objectId');
  return objectId(Buffer.from(text(value), 'hex'));
};

const printable = new Set<number>([Type.string, Type.double, Type.int32, Type.int64, Type.decimal, Type.date]);

const toText = (value: Value): Value => {
  if (value.type === Type.objectId) return toValue(value.buf.toString('hex', value.start, value.end));
  if (value.type === Type.boolean) return toValue(String(truthy(value)));
  if (!printable.has(value.type)) throw unsupported(value, 'string');
  return toValue(textOf(value));
};

/** The conversions by the type they lead to. */
export const conversionsTo: Readonly<Record<string, (value: Value) => Value>> = {
  double: finiteDouble,
  string: toText,
  objectId: toObjectId,
  bool: (value) => bool(truthy(value)),
  date: (value) => dateAt(dateOf(value)),
  int: (value) => int32(Number(fitting(integerOf(value, 'int'), 32))),
  long: (value) => int64(longOf(value)),
  decimal: toDecimal,
};

/** A value as another type; null stays null. */
export const converted = (value: Value | undefined, to: string): Value => {
  if (!value || value.type === Type.null || value.type === Type.undefined) return nullValue;
  return conversionsTo[to]!(value);
};
