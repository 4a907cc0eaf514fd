import { int32, nullValue, toValue } from '../bson/build.ts';
import { isString, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { momentOf, yearOf } from './moments.ts';
import { type Given, isNullish, mistyped } from './operator.ts';

const day = 86_400_000;

const dayOfYear = (at: Date): number => Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / day) + 1;

const isoDay = (at: Date): number => at.getUTCDay() || 7;

/** The Thursday of a date's week, which tells the year and the number of the ISO week. */
const thursday = (at: Date): Date => new Date(at.getTime() + (4 - isoDay(at)) * day);

/** The week of the year, the days before the first Sunday being week 0. */
const week = (at: Date): number => Math.floor((dayOfYear(at) + 6 - at.getUTCDay()) / 7);

/** The parts of a date by the operator that tells them. */
export const dateParts: Readonly<Record<string, (at: Date) => number>> = {
  $year: (at) => at.getUTCFullYear(),
  $month: (at) => at.getUTCMonth() + 1,
  $dayOfMonth: (at) => at.getUTCDate(),
  $dayOfWeek: (at) => at.getUTCDay() + 1,
  $dayOfYear: dayOfYear,
  $week: week,
  $isoDayOfWeek: isoDay,
  $isoWeek: (at) => Math.ceil(dayOfYear(thursday(at)) / 7),
  $isoWeekYear: (at) => thursday(at).getUTCFullYear(),
  $hour: (at) => at.getUTCHours(),
  $minute: (at) => at.getUTCMinutes(),
  $second: (at) => at.getUTCSeconds(),
  $millisecond: (at) => at.getUTCMilliseconds(),
};

/** Everything is told in UTC; other time zones are refused. */
const assertUtc = (zone: Given): void => {
  if (zone === undefined || isNullish(zone)) return;
  if (!isString(zone)) throw mistyped(40517, 'timezone must evaluate to a string', zone);
  if (!['UTC', 'GMT', 'Z', 'Etc/UTC', '+00:00', '+0000', '+00'].includes(text(zone)))
    throw notImplemented('a time zone');
};

/** One part of a date; null if the date or the zone is. */
export const datePart = (name: string, date: Given, zone: Given, hasZone: boolean): Value => {
  if (isNullish(date) || (hasZone && isNullish(zone))) return nullValue;
  assertUtc(zone);
  return int32(dateParts[name]!(momentOf(date!)));
};

const padded = (n: number, width: number): string => String(n).padStart(width, '0');

const part =
  (name: string, width: number) =>
  (at: Date): string =>
    padded(dateParts[name]!(at), width);

const monthName = (at: Date): string =>
  'January February March April May June July August September October November December'.split(' ')[at.getUTCMonth()]!;

const formats: Readonly<Record<string, (at: Date) => string>> = {
  '%Y': (at) => padded(yearOf(at), 4),
  '%m': part('$month', 2),
  '%d': part('$dayOfMonth', 2),
  '%H': part('$hour', 2),
  '%M': part('$minute', 2),
  '%S': part('$second', 2),
  '%L': part('$millisecond', 3),
  '%j': part('$dayOfYear', 3),
  '%w': part('$dayOfWeek', 1),
  '%u': part('$isoDayOfWeek', 1),
  '%U': part('$week', 2),
  '%V': part('$isoWeek', 2),
  '%G': part('$isoWeekYear', 4),
  '%b': (at) => monthName(at).slice(0, 3),
  '%B': monthName,
  '%z': () => '+0000',
  '%Z': () => '+0',
  '%%': () => '%',
};

const written = (at: Date, format: string): string =>
  format.replace(/%.?/gs, (code) => {
    if (code === '%') throw new DocumentError(18535, "Unmatched '%' at end of format string");
    const write = formats[code];
    if (!write) throw new DocumentError(18536, `Invalid format character '${code}' in format string`);
    return write(at);
  });

const usualFormat = '%Y-%m-%dT%H:%M:%S.%LZ';

/** The `$dateToString` operator; the parts it was not given are undefined. */
export const dateText = (date: Given, format: Given, zone: Given, onNull: Given): Given => {
  if (format !== undefined && !isNullish(format) && !isString(format)) {
    throw mistyped(18533, "$dateToString requires that 'format' be a string", format);
  }
  if (isNullish(date)) return onNull ?? nullValue;
  assertUtc(zone);
  return toValue(written(momentOf(date!), isString(format) ? text(format) : usualFormat));
};
