import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agenda } from '../../../domain/what-if/agenda.ts';

test('does the earliest first, and of several at one time the one that was added first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9)), fc.array(fc.nat(9)), (at, later) => {
      const { add, nextAt, next } = agenda();
      const done: [number, number][] = [];
      let order = 0;
      const plan = (time: number) => {
        const mine = order++;
        add(time, () => done.push([time, mine]));
      };
      at.forEach(plan);
      for (let i = 0; i < at.length / 2; i++) next();
      for (const time of later) plan((done.at(-1)?.[0] ?? 0) + time);
      while (nextAt() !== undefined) next();
      expect(done).toHaveLength(at.length + later.length);
      expect(done).toEqual(done.toSorted(([a, m], [b, n]) => a - b || m - n));
    }),
    { seed: 32, numRuns: 200 },
  );
  expect(agenda().nextAt()).toBeUndefined();
});
