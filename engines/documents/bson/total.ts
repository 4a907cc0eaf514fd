import { add, integerValue } from './arithmetic.ts';
import { double } from './build.ts';
import { type Decimal, decimal, writeDecimal } from './decimal.ts';
import { addDecimals, exactDecimal } from './decimal-arithmetic.ts';
import { toNumber } from './number.ts';
import { Type } from './types.ts';
import type { Value } from './value.ts';

const half = 2 ** 32;

/**
 * The sum of many numbers as MongoDB's `$sum` and `$avg` take it: integers and doubles in two doubles, the second of
 * which holds what rounding would lose (Møller and Knuth's 2Sum), so that integers stay exact; decimals apart.
 */
export class Total {
  private type: number = Type.int32;
  private sum = 0;
  private rest = 0;
  /** The plain sum, which tells what infinities and NaN amount to. */
  private plain = 0;
  private decimals: Value | undefined;

  add(value: Value): void {
    this.widen(value.type);
    if (value.type === Type.decimal) this.decimals = this.decimals ? add(this.decimals, value)! : value;
    else if (value.type === Type.int64) {
      this.addDouble(value.buf.readUInt32LE(value.start));
      this.addDouble(value.buf.readInt32LE(value.start + 4) * half);
    } else this.addDouble(toNumber(value));
  }

  private widen(type: number): void {
    const order: readonly number[] = [Type.int32, Type.int64, Type.double, Type.decimal];
    if (order.indexOf(type) > order.indexOf(this.type)) this.type = type;
  }

  private addDouble(n: number): void {
    this.plain += n;
    const small = n + this.rest;
    const smallRest = this.rest - (small - n);
    const sum = this.sum + small;
    const ownPart = sum - small;
    this.rest = smallRest + (this.sum - ownPart + (small - (sum - ownPart)));
    this.sum = sum;
  }

  private asDouble(): number {
    return Number.isNaN(this.sum) ? this.plain : this.sum;
  }

  private asDecimal(): Value {
    const other: Decimal | number = Number.isFinite(this.sum)
      ? addDecimals(exactDecimal(this.sum), exactDecimal(this.rest))
      : this.plain;
    return add(this.decimals ?? writeDecimal(decimal(0n, 0)), writeDecimal(other))!;
  }

  private asInteger(): Value | undefined {
    const isWhole = Number.isFinite(this.sum) && Number.isFinite(this.rest);
    return isWhole ? integerValue(BigInt(this.sum) + BigInt(this.rest), this.type) : undefined;
  }

  /** The sum, in the widest type there was; integers beyond 64 bits become a double. */
  result(): Value {
    if (this.type === Type.decimal) return this.asDecimal();
    if (this.type === Type.double) return double(this.asDouble());
    return this.asInteger() ?? double(this.asDouble());
  }

  /** The sum as an average needs it: a decimal or a double. */
  wide(): Value {
    return this.type === Type.decimal ? this.asDecimal() : double(this.asDouble());
  }
}

/** The sum of a list of numbers. */
export const totalOf = (values: readonly Value[]): Total => {
  const total = new Total();
  for (const value of values) total.add(value);
  return total;
};
