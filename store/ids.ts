import { createHash, randomBytes } from 'node:crypto';

// what makes our name-based UUIDs differ from everybody else's (RFC 9562, section 5.5)
const namespace = Buffer.from('5d3a1c0e7b7e4d0c9a3f52696e67626b', 'hex');

/** The same UUID (version 5) for the same parts, whoever asks and however often. */
export const uuidFrom = (...parts: readonly string[]): string => {
  const name = JSON.stringify(parts); // unlike a join, keeps ('a', 'b') and ('a,b') apart
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** An opaque name with 130 bits of chance, e.g. `cus_` and 26 letters or digits. */
export const randomId = (prefix: string): string =>
  `${prefix}_${Array.from(randomBytes(26), (byte) => base32[byte % 32]).join('')}`;
