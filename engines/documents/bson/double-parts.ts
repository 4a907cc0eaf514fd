const buf = Buffer.alloc(8);

/** A finite double taken apart: it is the mantissa times two to the exponent. */
export const partsOfDouble = (n: number): { mantissa: bigint; two: number } => {
  buf.writeDoubleBE(n);
  const bits = buf.readBigUInt64BE();
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: n < 0 ? -mantissa : mantissa, two: Math.max(exponent, 1) - 1075 };
};
