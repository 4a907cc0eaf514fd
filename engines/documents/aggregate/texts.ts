import { decimalOf } from '../bson/arithmetic.ts';
import { decimalText } from '../bson/decimal.ts';
import { toInteger, toNumber } from '../bson/number.ts';
import { Type } from '../bson/types.ts';
import { isNumber, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { momentOf, yearOf } from './moments.ts';
import { typeName } from './operator.ts';

const withoutZeros = (digits: string): string => (digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits);

/** A finite double with up to 16 digits, as C's `%.16g` prints it. */
const shortDouble = (n: number): string => {
  const [mantissa = '', power = ''] = n.toExponential(15).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 16) return withoutZeros(n.toFixed(15 - exponent));
  const sign = exponent < 0 ? '-' : '+';
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
};

/** A double as text. */
const doubleText = (n: number): string => {
  if (!Number.isFinite(n)) return String(n);
  return Object.is(n, -0) ? '-0' : shortDouble(n);
};

/** A number as text. */
const numberText = (value: Value): string => {
  if (value.type === Type.double) return doubleText(toNumber(value));
  return value.type === Type.decimal ? decimalText(decimalOf(value)) : String(toInteger(value));
};

/** A moment as ISO 8601 writes it. */
const isoText = (moment: Date): string => {
  yearOf(moment);
  return moment.toISOString();
};

const texts = new Set<number>([Type.string, Type.code, Type.symbol]);

/** What string operators take a value for: its text, also that of numbers and dates. */
export const textOf = (value: Value): string => {
  if (texts.has(value.type)) return text(value);
  if (isNumber(value)) return numberText(value);
  if (value.type === Type.date) return isoText(momentOf(value));
  throw new DocumentError(16007, `can't convert from BSON type ${typeName(value)} to String`);
};
