import { Type } from '../bson/types.ts';
import type { Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { typeName } from './operator.ts';

const farthest = 8.64e15;

/** The moment of so many milliseconds since 1970. */
const momentAt = (millis: number): Date => {
  if (Math.abs(millis) > farthest) throw notImplemented('an expression on a date beyond the year 275760');
  return new Date(millis);
};

/** The milliseconds since 1970 that a date, a timestamp or the time in an ObjectId stands for. */
export const momentOf = (value: Value): Date => {
  if (value.type === Type.date) return momentAt(Number(value.buf.readBigInt64LE(value.start)));
  if (value.type === Type.timestamp) return momentAt(value.buf.readUInt32LE(value.start + 4) * 1000);
  if (value.type === Type.objectId) return momentAt(value.buf.readUInt32BE(value.start) * 1000);
  throw new DocumentError(16006, `can't convert from BSON type ${typeName(value)} to Date`);
};

/** The year of a moment that is to be written, which must have at most four digits. */
export const yearOf = (moment: Date): number => {
  const year = moment.getUTCFullYear();
  if (year < 0 || year > 9999) {
    const text = `Could not convert date to string: date component was outside the supported range of 0-9999: ${year}`;
    throw new DocumentError(18537, text);
  }
  return year;
};
