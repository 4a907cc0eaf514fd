import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chanceOf } from '../../../domain/what-if/chance.ts';
import { survivalOf } from '../../../domain/what-if/survival.ts';

const ended = (after: number) => ({ after, what: `after ${after}` });
const cutOff = (after: number) => ({ after, what: null });

describe('how long things last', () => {
  test.each([
    [0, 'after 2'],
    [0.49, 'after 2'],
    [0.5, 'after 1'],
    [0.99, 'after 1'],
  ])('of two ends each is drawn half of the time: %d', (chance, what) => {
    const lasts = survivalOf([ended(2), ended(1)]);
    expect(lasts.draw(chance)?.what).toBe(what);
  });

  test.each([
    [0.74, undefined],
    [0.75, 'after 1'],
    [0.76, 'after 1'],
  ])('whoever was watched longest without an end is later than was ever watched: %d', (chance, what) => {
    expect(survivalOf([ended(1), cutOff(3), cutOff(4), cutOff(5)]).draw(chance)?.what).toBe(what);
  });

  test('whoever was cut off early is taken to last as long as those who were not', () => {
    const lasts = survivalOf([cutOff(1), cutOff(1), ended(2), ended(4)]);
    expect([0.4, 0.6].map((chance) => lasts.draw(chance)?.what)).toEqual(['after 4', 'after 2']);
    expect(lasts).toMatchObject({ watched: 4, seen: 2, longest: 4 });
  });

  test.each([
    [0, 'after 1'],
    [1, 'after 2'],
    [1.5, 'after 2'],
    [2, undefined],
  ])('only what is later than %d is drawn', (beyond, what) => {
    expect(survivalOf([ended(1), ended(2)]).draw(0.999, beyond)?.what).toBe(what);
  });

  test('of nothing watched nothing is known', () => {
    expect(survivalOf([]).draw(0.5)).toBeNull();
    expect(survivalOf([])).toMatchObject({ watched: 0, seen: 0, longest: 0 });
  });

  test('what is drawn was watched, and is later the smaller the chance', () => {
    const watched = fc.array(fc.record({ after: fc.nat(50), isSeen: fc.boolean() }), { maxLength: 30 });
    fc.assert(
      fc.property(watched, fc.nat(50), fc.double({ min: 0, max: 0.999, noNaN: true }), (all, beyond, chance) => {
        const seen = all.map(({ after, isSeen }) => (isSeen ? ended(after) : cutOff(after)));
        const lasts = survivalOf(seen);
        const drawn = lasts.draw(chance, beyond);
        if (!drawn) return;
        expect(drawn.after).toBeGreaterThan(beyond);
        expect(seen).toContainEqual(drawn);
        expect(lasts.draw(Math.min(0.999, chance + 0.1), beyond)!.after).toBeLessThanOrEqual(drawn.after);
      }),
      { seed: 31, numRuns: 300 },
    );
  });
});

describe('chance', () => {
  test('follows from the words and nothing else', () => {
    expect(chanceOf('call', 'ana')).toBe(chanceOf('call', 'ana'));
    expect(chanceOf('call', 'ana')).not.toBe(chanceOf('callana'));
  });

  test('is spread evenly', () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 10_000; n++) tenths[Math.floor(chanceOf(`call-${n}`) * 10)]!++;
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  });
});
