import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSealed, seal, unseal } from '../../store/seal.ts';

const key = randomBytes(32);

test('opens what it sealed, and shows nothing of it meanwhile', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const sealed = seal(value, key, 'cus_a.name');
      expect(sealed).toMatch(/^enc\.1\.[\w-]+$/);
      expect(unseal(sealed, key, 'cus_a.name')).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { seed: 1 },
  );
});

test('never seals one value to the same string twice', () => {
  expect(seal('Asha', key, 'cus_a.name')).not.toBe(seal('Asha', key, 'cus_a.name'));
});

const changed = (sealed: string) => sealed.slice(0, 20) + (sealed[20] === 'A' ? 'B' : 'A') + sealed.slice(21);

test.each<[string, (sealed: string) => [sealed: string, key: Uint8Array, owner: string]]>([
  ['with another key', (sealed) => [sealed, randomBytes(32), 'cus_a.name']],
  ['for another person', (sealed) => [sealed, key, 'cus_b.name']],
  ['for another field', (sealed) => [sealed, key, 'cus_a.waId']],
  ['when a byte was changed', (sealed) => [changed(sealed), key, 'cus_a.name']],
  ['when it was cut', (sealed) => [sealed.slice(0, 20), key, 'cus_a.name']],
])('opens nothing %s', (_, attempt) => {
  expect(() => unseal(...attempt(seal('Asha', key, 'cus_a.name')))).toThrow();
});

test.each([
  ['enc.1.AAAA', true],
  ['enc.2.AAAA', false],
  ['Asha', false],
  [null, false],
  [7, false],
])('tells by its form whether %j is sealed', (value, expected) => {
  expect(isSealed(value)).toBe(expected);
});
