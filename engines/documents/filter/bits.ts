import { toInteger } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { isArray, isNumber, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const bitPosition = (value: Value): bigint => {
  const position = isNumber(value) ? toInteger(value) : undefined;
  if (position === undefined) throw bad('bit positions must be an integer');
  if (BigInt.asIntN(32, position) !== position) {
    throw bad(`bit positions cannot be represented as a 32-bit signed integer: ${position}`);
  }
  if (position < 0n) throw bad(`bit positions must be >= 0 but got: ${position}`);
  return position;
};

const bytesAsBits = ({ buf, start, end }: Value): bigint =>
  buf.subarray(start + 5, end).reduceRight((bits, byte) => (bits << 8n) | BigInt(byte), 0n);

const maskOfNumber = (value: Value): bigint => {
  const mask = toInteger(value);
  if (mask === undefined || BigInt.asIntN(64, mask) !== mask) {
    throw new DocumentError('FailedToParse', 'Expected an integer of 64 bits for a bit mask');
  }
  if (mask < 0n) throw new DocumentError('FailedToParse', `Expected a non-negative number for a bit mask: ${mask}`);
  return mask;
};

/** Far positions mean the sign, so that none needs a mask of billions of bits. */
const mostPositions = 1n << 20n;

/** The bits a bitwise test is about. */
export const bitMask = (name: string, value: Value): bigint => {
  if (isArray(value)) {
    const positions = items(value).map(bitPosition);
    return positions.reduce(
      (mask, position) => mask | (1n << (position < mostPositions ? position : mostPositions)),
      0n,
    );
  }
  if (value.type === Type.binary) return bytesAsBits(value);
  if (isNumber(value)) return maskOfNumber(value);
  throw bad(`${name} takes an Array, a number, or a BinData but received: ${typeNames[value.type]}`);
};

/** The bits of a value, which go on with its sign; undefined for a value that has none. */
export const bitsOf = (value: Value | undefined): bigint | undefined => {
  if (value?.type === Type.binary) return bytesAsBits(value);
  const n = isNumber(value) ? toInteger(value) : undefined;
  return n === undefined || BigInt.asIntN(64, n) !== n ? undefined : n;
};
