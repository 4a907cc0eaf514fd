import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const prefix = 'enc.1.';
const ivLength = 12;
const tagLength = 16;

let randomness = Buffer.alloc(0);

/** 12 bytes of chance, drawn many at a time because a draw costs a third of a seal. */
const freshIv = () => {
  if (randomness.length === 0) randomness = randomBytes(ivLength * 512);
  const iv = randomness.subarray(0, ivLength);
  randomness = randomness.subarray(ivLength);
  return iv;
};

/** Whether a stored value is sealed, as every personal one must be. */
export const isSealed = (value: unknown): value is string => typeof value === 'string' && value.startsWith(prefix);

/** A value as a string that only the key opens, and only for this owner (`<person>.<field>`): `enc.1.<iv, tag, ciphertext>`. */
export const seal = (value: unknown, key: Uint8Array, owner: string): string => {
  const iv = freshIv();
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagLength }).setAAD(Buffer.from(owner));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return prefix + Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
};

/** The value in a sealed string; throws when key or owner are not those it was sealed with, or a byte was changed. */
export const unseal = (sealed: string, key: Uint8Array, owner: string): unknown => {
  const bytes = Buffer.from(sealed.slice(prefix.length), 'base64url');
  const iv = bytes.subarray(0, ivLength);
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagLength })
    .setAAD(Buffer.from(owner))
    .setAuthTag(bytes.subarray(ivLength, ivLength + tagLength));
  const text = Buffer.concat([decipher.update(bytes.subarray(ivLength + tagLength)), decipher.final()]);
  return JSON.parse(text.toString('utf8'));
};
