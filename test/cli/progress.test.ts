import { expect, test } from 'vitest';
import { progressLine } from '../../cli/progress.ts';

const MiB = 2 ** 20;

test.each([
  [0, 2, 'copying: 0 of 100 MiB, 0 MiB/s, time left unknown'],
  [25 * MiB, 2, 'copying: 25 of 100 MiB, 13 MiB/s, 6 s left'],
  [100 * MiB, 4, 'copying: 100 of 100 MiB, 25 MiB/s, 0 s left'],
  [101 * MiB, 4, 'copying: 101 of 100 MiB, 25 MiB/s, 0 s left'],
])('tells rate and time left of %i bytes after %i s', (done, seconds, line) => {
  expect(progressLine({ doing: 'copying', total: 100 * MiB, unit: 'MiB', perUnit: MiB }, done, seconds)).toBe(line);
});

test('counts what has no larger unit', () => {
  const line = progressLine({ doing: 'replaying', total: 1_000_000, unit: 'events' }, 250_000, 5);
  expect(line).toBe('replaying: 250,000 of 1,000,000 events, 50,000 events/s, 15 s left');
});
