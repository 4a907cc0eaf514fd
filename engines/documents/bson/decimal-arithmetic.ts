import { coefficientOf, type Decimal, decimal, rounded } from './decimal.ts';
import { partsOfDouble } from './double-parts.ts';

const scaled = (value: Decimal, exponent: number): bigint =>
  coefficientOf(value) * 10n ** BigInt(value.exponent - exponent);

/** The exact sum; that of two zeros is minus zero only if both are. */
export const addDecimals = (a: Decimal, b: Decimal): Decimal => {
  const exponent = Math.min(a.exponent, b.exponent);
  return decimal(scaled(a, exponent) + scaled(b, exponent), exponent, a.isNegative && b.isNegative);
};

/** The value with the other sign. */
export const negated = (value: Decimal): Decimal => ({ ...value, isNegative: !value.isNegative });

/** The exact product. */
export const multiplyDecimals = (a: Decimal, b: Decimal): Decimal => ({
  isNegative: a.isNegative !== b.isNegative,
  digits: a.digits * b.digits,
  exponent: a.exponent + b.exponent,
});

const lengthOf = (digits: bigint): number => digits.toString().length;

/** The decimal without zeros at its end, as long as its exponent stays at or below the one wished for. */
const trimmed = (value: Decimal, wished: number): Decimal => {
  let { digits, exponent } = value;
  while (digits !== 0n && exponent < wished && digits % 10n === 0n) [digits, exponent] = [digits / 10n, exponent + 1];
  return { ...value, digits, exponent: digits === 0n ? wished : exponent };
};

/** The quotient, exact if it has at most 34 digits, else with enough of them to be rounded right; not by zero. */
export const divideDecimals = (a: Decimal, b: Decimal): Decimal => {
  const shift = Math.max(0, 36 + lengthOf(b.digits) - lengthOf(a.digits));
  const dividend = a.digits * 10n ** BigInt(shift);
  const wished = a.exponent - b.exponent;
  const isNegative = a.isNegative !== b.isNegative;
  const quotient = dividend / b.digits;
  if (dividend % b.digits === 0n) return trimmed({ isNegative, digits: quotient, exponent: wished - shift }, wished);
  return { isNegative, digits: quotient * 10n + 1n, exponent: wished - shift - 1 };
};

/** What is left of `a` after as many whole `b` as fit; it has the sign of `a`. */
export const remainderOfDecimals = (a: Decimal, b: Decimal): Decimal => {
  const exponent = Math.min(a.exponent, b.exponent);
  return decimal(scaled(a, exponent) % scaled(b, exponent), exponent, a.isNegative);
};

/** How to round a part that is cut off. */
export type Rounding = 'half-even' | 'down' | 'up' | 'toward-zero';

const roundsAway = ({ isNegative, digits }: Decimal, rest: bigint, divisor: bigint, rounding: Rounding): boolean => {
  if (rest === 0n || rounding === 'toward-zero') return false;
  if (rounding === 'down') return isNegative;
  if (rounding === 'up') return !isNegative;
  return rest * 2n > divisor || (rest * 2n === divisor && digits % 2n === 1n);
};

/** The decimal with exactly this exponent; undefined if that takes more than 34 digits. */
export const quantized = (value: Decimal, exponent: number, rounding: Rounding): Decimal | undefined => {
  const { isNegative, digits } = value;
  const by = exponent - value.exponent;
  if (by <= 0) {
    const whole = digits === 0n ? 0n : digits * 10n ** BigInt(-by);
    return lengthOf(whole) > 34 ? undefined : { isNegative, digits: whole, exponent };
  }
  const divisor = 10n ** BigInt(by);
  const kept = digits / divisor;
  const isAway = roundsAway({ isNegative, digits: kept, exponent }, digits % divisor, divisor, rounding);
  return { isNegative, digits: isAway ? kept + 1n : kept, exponent };
};

/** The value of a finite double, exact to 34 digits. */
export const exactDecimal = (n: number): Decimal => {
  const isNegative = n < 0 || Object.is(n, -0);
  const { mantissa, two } = partsOfDouble(Math.abs(n));
  const digits = two >= 0 ? mantissa << BigInt(two) : mantissa * 5n ** BigInt(-two);
  return trimmed(rounded({ isNegative, digits, exponent: Math.min(two, 0) }, 34), 0);
};

/** The decimal MongoDB takes a finite double for where it meets decimals: 15 digits. */
export const decimalOfDouble = (n: number): Decimal => {
  const exact = exactDecimal(n);
  if (exact.digits === 0n) return exact;
  const { digits, exponent, isNegative } = rounded(exact, 15);
  const missing = 15 - lengthOf(digits);
  return { isNegative, digits: digits * 10n ** BigInt(missing), exponent: exponent - missing };
};
