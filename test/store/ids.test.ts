import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomId, uuidFrom } from '../../store/ids.ts';

const parts = fc.array(fc.string(), { minLength: 1, maxLength: 4 });

test('names the same thing with the same version 5 UUID', () => {
  fc.assert(
    fc.property(parts, (some) => {
      const id = uuidFrom(...some);
      expect(id).toBe(uuidFrom(...some));
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }),
    { seed: 1 },
  );
});

test('never gives two things one UUID, however their parts are cut', () => {
  const joined = (some: readonly string[]) => JSON.stringify(some);
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      expect(uuidFrom(...a) === uuidFrom(...b)).toBe(joined(a) === joined(b));
    }),
    {
      seed: 1,
      examples: [
        [['a', 'b'], ['ab']],
        [['a,b'], ['a', 'b']],
        [['a', ''], ['a']],
      ],
    },
  );
});

test('keeps the UUIDs it has given out: the log recognises repeated appends by them', () => {
  expect(uuidFrom('command-1', 'call-1', '0')).toBe('b5cca0f5-d94a-51c2-8d94-345f769253d4');
});

test('makes opaque names that do not repeat', () => {
  const names = new Set(Array.from({ length: 1_000 }, () => randomId('cus')));
  expect(names.size).toBe(1_000);
  for (const name of names) expect(name).toMatch(/^cus_[a-z2-7]{26}$/);
});
