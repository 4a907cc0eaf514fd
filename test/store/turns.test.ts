import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backOff, pause } from '../../store/back-off.ts';
import { turns, turnsByKey } from '../../store/turns.ts';

test('does all works in order, at most so many at a time, whichever of them fail', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.boolean(), { maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      async (s, fails, limit) => {
        const inTurn = turns(limit);
        const begun: number[] = [];
        let running = 0;
        const works = fails.map((failing, i) =>
          inTurn(async () => {
            begun.push(i);
            expect(++running).toBeLessThanOrEqual(limit);
            await s.schedule(Promise.resolve());
            running--;
            if (failing) throw new Error(`${i}`);
            return i;
          }),
        );
        const settled = Promise.allSettled(works);
        await s.waitFor(settled);
        expect((await settled).map(({ status }) => status === 'rejected')).toEqual(fails);
        expect(begun).toEqual(fails.map((_, i) => i));
        expect(running).toBe(0);
      },
    ),
    { seed: 5, numRuns: 50 },
  );
});

test.each([
  [0, 12.5, 25],
  [1, 25, 50],
  [6, 800, 1_600],
  [7, 1_000, 2_000],
  [1_000_000, 1_000, 2_000],
])('waits after %i failures between %d and %d ms', (failures, least, most) => {
  const waits = Array.from({ length: 50 }, () => backOff(failures));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(least);
  expect(Math.max(...waits)).toBeLessThanOrEqual(most);
  expect(new Set(waits).size).toBeGreaterThan(1);
});

test('pauses no longer than it is allowed to', async () => {
  await pause(60_000, AbortSignal.abort());
  const stop = new AbortController();
  queueMicrotask(() => stop.abort());
  await pause(60_000, stop.signal);
  expect(stop.signal.aborted).toBe(true);
});

describe('turns by key', () => {
  const hang = () => new Promise<never>(() => {});

  test('are taken one after another, also after one that fails, and other keys do not wait', async () => {
    const inTurn = turnsByKey();
    const done: string[] = [];
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const note = (what: string) => async () => void done.push(what);
    const first = inTurn('a', async () => {
      await gate;
      throw new Error('in vain');
    });
    const rest = [inTurn('a', note('a2')), inTurn('a', note('a3'))];
    await inTurn('b', note('b1'));
    expect(done).toEqual(['b1']);
    open();
    await expect(first).rejects.toThrow('in vain');
    await Promise.all(rest);
    expect(done).toEqual(['b1', 'a2', 'a3']);
  });

  test('are not lost behind a work that hangs', async () => {
    const inTurn = turnsByKey();
    void inTurn('a', hang);
    expect(await inTurn('a', async () => 'done')).toBe('done');
  });
});
