import { randomBytes } from 'node:crypto';

/** A new random UUID. */
export const newUuid = (): Buffer => {
  const uuid = randomBytes(16);
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return uuid;
};
