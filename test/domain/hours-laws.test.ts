import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { DayOfWeek, type Holiday, openness, type WorkingHours } from '../../domain/hours.ts';
import { days } from '../../domain/time.ts';

const seed = 20_260_105;
// a clock change of each kind lies in 2026: at two o'clock, at midnight, by half an hour, none
const zones = ['America/New_York', 'Africa/Cairo', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
const start = Date.UTC(2026, 0, 1);

const time = fc
  .integer({ min: 0, max: 1_439 })
  .map((n) => `${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}`);
const hours = fc.tuple(time, fc.oneof(time, fc.constant('24:00'))).filter(([open, close]) => open !== close);
const dateOf = (day: number) => new Date(start + days(day)).toISOString().slice(0, 10);

type Week = { readonly hours: WorkingHours; readonly holidays: readonly Holiday[]; readonly at: number };

const weeks: fc.Arbitrary<Week> = fc.record({
  hours: fc.record({
    timezone: fc.constantFrom(...zones),
    weekly: fc.array(
      fc.tuple(fc.constantFrom(...DayOfWeek.options), hours).map(([day, [open, close]]) => ({ day, open, close })),
      { minLength: 1, maxLength: 6 },
    ),
  }),
  holidays: fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 365 }), fc.option(hours, { nil: null }))
      .map(([day, times]) => ({ date: dateOf(day), ...(times && { open: times[0], close: times[1] }) })),
    { maxLength: 20 },
  ),
  at: fc.integer({ min: start, max: start + days(364) }),
});

const always = (law: (week: Week) => void) => fc.assert(fc.property(weeks, law), { seed, numRuns: 600 });

/** Open by the wall clock alone: what the day says, or what is left of the day before. */
const saysTheWall = ({ hours: { timezone, weekly }, holidays }: Week, at: number) => {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
  const [today, before] = [local.toPlainDate(), local.toPlainDate().subtract({ days: 1 })];
  const now = local.toPlainTime().toString({ smallestUnit: 'minute' });
  const timesOn = (date: Temporal.PlainDate) => {
    const holiday = holidays.find((one) => one.date === date.toString());
    if (holiday) return holiday.open && holiday.close ? [{ open: holiday.open, close: holiday.close }] : [];
    return weekly.filter(({ day }) => day === DayOfWeek.options[date.dayOfWeek - 1]);
  };
  const isHoliday = holidays.some(({ date }) => date === today.toString());
  return (
    timesOn(today).some(({ open, close }) => open <= now && (close < open || now < close)) ||
    (!isHoliday && timesOn(before).some(({ open, close }) => close < open && now < close))
  );
};

describe('whatever the hours and holidays', () => {
  test('a number opens when it is said to, and no earlier', () => {
    let closed = 0;
    always((week) => {
      const { open, opensAt } = openness(week.hours, week.holidays, week.at);
      if (open || opensAt === null) return;
      closed++;
      const opennessAt = (at: number) => openness(week.hours, week.holidays, at);
      expect(opensAt).toBeGreaterThan(week.at);
      expect(opennessAt(opensAt).open).toBe(true);
      for (let n = 1; n <= 40; n++) {
        const between = opensAt - Math.ceil(((opensAt - week.at) * n) / 40);
        expect(opennessAt(between)).toEqual({ open: false, opensAt });
      }
      expect(opennessAt(opensAt - 1).open).toBe(false);
    });
    expect(closed).toBeGreaterThan(300);
  });

  test('some day it opens again', () => {
    always((week) => {
      const { open, opensAt } = openness(week.hours, week.holidays, week.at);
      expect(open || opensAt !== null).toBe(true);
    });
  });

  test('it is open when the clock on the wall says so, but where that clock jumps', () => {
    let told = 0;
    always((week) => {
      const local = Temporal.Instant.fromEpochMilliseconds(week.at).toZonedDateTimeISO(week.hours.timezone);
      const isAnyDay = [0, -1].every((day) => local.add({ days: day }).hoursInDay === 24);
      if (!isAnyDay) return;
      told++;
      expect(openness(week.hours, week.holidays, week.at).open).toBe(saysTheWall(week, week.at));
    });
    expect(told).toBeGreaterThan(500);
  });
});
