import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DayOfWeek, openness } from '../../domain/hours.ts';
import { minutes } from '../../domain/time.ts';
import { overlapsIn } from '../../domain/weekly-overlap.ts';

type Day = (typeof DayOfWeek.options)[number];
type Written = readonly [Day, string, string];
const opening = ([day, open, close]: Written) => ({ day, open, close });

describe('two openings of a week overlap', () => {
  test.each<[string, Written, Written, boolean]>([
    ['apart on one day', ['MONDAY', '10:00', '12:00'], ['MONDAY', '14:00', '18:00'], false],
    ['touching', ['MONDAY', '10:00', '12:00'], ['MONDAY', '12:00', '18:00'], false],
    ['touching, the later told first', ['MONDAY', '12:00', '18:00'], ['MONDAY', '10:00', '12:00'], false],
    ['by a minute', ['MONDAY', '10:00', '12:01'], ['MONDAY', '12:00', '18:00'], true],
    ['one inside the other', ['MONDAY', '10:00', '18:00'], ['MONDAY', '12:00', '13:00'], true],
    ['told twice', ['MONDAY', '10:00', '18:00'], ['MONDAY', '10:00', '18:00'], true],
    ['at the same times of two days', ['MONDAY', '10:00', '18:00'], ['TUESDAY', '10:00', '18:00'], false],
    ['past midnight, touching', ['MONDAY', '22:00', '02:00'], ['TUESDAY', '02:00', '08:00'], false],
    ['past midnight, by a minute', ['MONDAY', '22:00', '02:01'], ['TUESDAY', '02:00', '08:00'], true],
    ['until midnight, touching', ['MONDAY', '22:00', '24:00'], ['TUESDAY', '00:00', '08:00'], false],
    ['from midnight on', ['MONDAY', '22:00', '00:00'], ['TUESDAY', '00:00', '08:00'], false],
    ['past the end of the week', ['MONDAY', '00:00', '08:00'], ['SUNDAY', '22:00', '00:01'], true],
    ['at the end of the week, touching', ['MONDAY', '00:00', '08:00'], ['SUNDAY', '22:00', '24:00'], false],
  ])('%s', (_, first, second, isOverlap) => {
    const weekly = [opening(first), opening(second)];
    const found = isOverlap ? [{ index: 1, opening: weekly[1], other: weekly[0] }] : [];
    expect(overlapsIn(weekly)).toEqual(found);
  });

  test('exactly if both are open at one and the same minute', () => {
    const hour = fc.integer({ min: 0, max: 23 }).map((n) => `${String(n).padStart(2, '0')}:00`);
    const any = fc
      .record({ day: fc.constantFrom(...DayOfWeek.options), open: hour, close: fc.oneof(hour, fc.constant('24:00')) })
      .filter(({ open, close }) => open !== close);
    const monday = Date.UTC(2026, 0, 5);
    const minutesOfTheWeek = Array.from({ length: 7 * 24 }, (_, n) => monday + minutes(60 * n + 30));
    fc.assert(
      fc.property(any, any, (first, second) => {
        const isOpen = (at: number) => (one: typeof first) => openness({ timezone: 'UTC', weekly: [one] }, [], at).open;
        const bothAreOpen = minutesOfTheWeek.some((at) => [first, second].every(isOpen(at)));
        expect(overlapsIn([first, second]).length > 0).toBe(bothAreOpen);
      }),
      { seed: 12, numRuns: 60 },
    );
  });
});
