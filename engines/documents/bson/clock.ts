import { timestamp } from './build.ts';
import type { Value } from './value.ts';

let last = 0n;

/** A timestamp of this moment, later than all before. */
export const timestampNow = (): Value => {
  const second = BigInt(Math.floor(Date.now() / 1000)) << 32n;
  last = last > second ? last + 1n : second + 1n;
  return timestamp(last);
};
