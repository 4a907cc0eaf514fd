import { describe, expect, test } from 'vitest';
import { Holiday, isSameZone, openness, TimeOfDay, TimeZone, WorkingHours } from '../../domain/hours.ts';

type Day = WorkingHours['weekly'][number]['day'];
const weekly = (timezone: string, ...entries: [day: Day, open: string, close: string][]): WorkingHours => ({
  timezone,
  weekly: entries.map(([day, open, close]) => ({ day, open, close })),
});
const at = (iso: string) => Date.parse(iso);
const opens = (iso: string | null) => ({ open: false, opensAt: iso === null ? null : at(iso) });
const open = { open: true, opensAt: null };

// 2026-01-05 is a Monday; India is at +05:30 all year
const india = weekly(
  'Asia/Kolkata',
  ['MONDAY', '10:00', '19:00'],
  ['TUESDAY', '10:00', '13:00'],
  ['TUESDAY', '14:00', '19:00'],
);

describe('working hours', () => {
  test.each([
    ['2026-01-05T09:59:59.999+05:30', opens('2026-01-05T10:00+05:30')],
    ['2026-01-05T10:00:00.000+05:30', open],
    ['2026-01-05T18:59:59.999+05:30', open],
    ['2026-01-05T19:00:00.000+05:30', opens('2026-01-06T10:00+05:30')],
    ['2026-01-06T12:59:59.999+05:30', open],
    ['2026-01-06T13:00:00.000+05:30', opens('2026-01-06T14:00+05:30')],
    ['2026-01-06T14:00:00.000+05:30', open],
    ['2026-01-06T19:00:00.000+05:30', opens('2026-01-12T10:00+05:30')],
  ])('include the opening minute and not the closing one: %s', (now, expected) => {
    expect(openness(india, [], at(now))).toEqual(expected);
  });

  test.each([
    ['2026-01-05T21:59:59Z', opens('2026-01-05T22:00Z')],
    ['2026-01-05T22:00:00Z', open],
    ['2026-01-06T01:59:59Z', open],
    ['2026-01-06T02:00:00Z', opens('2026-01-12T22:00Z')],
  ])('that close earlier than they open run past midnight: %s', (now, expected) => {
    expect(openness(weekly('UTC', ['MONDAY', '22:00', '02:00']), [], at(now))).toEqual(expected);
  });

  test.each(['2026-01-05T23:59:59.999Z', '2026-01-06T00:00:00Z'])(
    'until 24:00 meet the next day at midnight: %s',
    (now) => {
      const hours = weekly('UTC', ['MONDAY', '00:00', '24:00'], ['TUESDAY', '00:00', '24:00']);
      expect(openness(hours, [], at(now))).toEqual(open);
    },
  );

  test('that are not set mean always open', () => {
    expect(openness(null, [], 0)).toEqual(open);
  });

  test('without a single open day never open', () => {
    expect(openness(weekly('UTC'), [], at('2026-01-05T12:00Z'))).toEqual(opens(null));
  });

  test('that overlap are open while any of them is', () => {
    const hours = weekly('UTC', ['MONDAY', '10:00', '18:00'], ['MONDAY', '09:00', '12:00']);
    expect(openness(hours, [], at('2026-01-05T13:00Z'))).toEqual(open);
    expect(openness(hours, [], at('2026-01-05T08:00Z'))).toEqual(opens('2026-01-05T09:00Z'));
  });
});

describe('holidays', () => {
  const wholeDay: Holiday = { date: '2026-01-06' };
  const partDay: Holiday = { date: '2026-01-06', open: '11:00', close: '12:00' };

  test.each([
    ['2026-01-05T18:59+05:30', [wholeDay], open],
    ['2026-01-05T19:00+05:30', [wholeDay], opens('2026-01-12T10:00+05:30')],
    ['2026-01-06T12:00+05:30', [wholeDay], opens('2026-01-12T10:00+05:30')],
    ['2026-01-06T10:59+05:30', [partDay], opens('2026-01-06T11:00+05:30')],
    ['2026-01-06T11:00+05:30', [partDay], open],
    ['2026-01-06T11:59:59.999+05:30', [partDay], open],
    ['2026-01-06T12:00+05:30', [partDay], opens('2026-01-12T10:00+05:30')],
    ['2026-01-07T12:00+05:30', [{ date: '2026-01-07', open: '09:00', close: '13:00' }], open],
  ])('override the hours of their date: %s %j', (now, holidays, expected) => {
    expect(openness(india, holidays, at(now))).toEqual(expected);
  });

  test('cut short the night shift that would run into them', () => {
    const nights = weekly('UTC', ['MONDAY', '22:00', '06:00']);
    expect(openness(nights, [wholeDay], at('2026-01-05T23:59:59.999Z'))).toEqual(open);
    expect(openness(nights, [wholeDay], at('2026-01-06T00:00Z'))).toEqual(opens('2026-01-12T22:00Z'));
  });

  test.each([
    ['2026-01-06T21:59:59.999Z', opens('2026-01-06T22:00Z')],
    ['2026-01-06T22:00Z', open],
    ['2026-01-07T01:59:59.999Z', open],
    ['2026-01-07T02:00Z', opens('2026-01-12T09:00Z')],
  ])('may open past midnight themselves: %s', (now, expected) => {
    const late = { date: '2026-01-06', open: '22:00', close: '02:00' };
    expect(openness(weekly('UTC', ['MONDAY', '09:00', '17:00']), [late], at(now))).toEqual(expected);
  });

  test('in a row end each other at midnight', () => {
    const [first, second] = [
      { date: '2026-01-06', open: '22:00', close: '02:00' },
      { date: '2026-01-07', open: '01:00', close: '03:00' },
    ];
    const always = weekly('UTC');
    expect(openness(always, [first, second], at('2026-01-06T23:59:59.999Z'))).toEqual(open);
    expect(openness(always, [first, second], at('2026-01-07T00:00Z'))).toEqual(opens('2026-01-07T01:00Z'));
  });

  test('told twice for one date count as the first one says', () => {
    const twice = [partDay, { date: '2026-01-06', open: '15:00', close: '16:00' }];
    expect(openness(india, twice, at('2026-01-06T15:30+05:30')).open).toBe(false);
  });

  test('close a number that is otherwise always open', () => {
    expect(openness(null, [wholeDay], at('2026-01-05T23:59:59.999Z'))).toEqual(open);
    expect(openness(null, [wholeDay], at('2026-01-06T00:00Z'))).toEqual(opens('2026-01-07T00:00Z'));
    expect(openness(null, [wholeDay], at('2026-01-07T00:00Z'))).toEqual(open);
  });

  test('are days of the number’s own zone', () => {
    const always = weekly('Asia/Kolkata', ['MONDAY', '00:00', '24:00'], ['TUESDAY', '00:00', '24:00']);
    expect(openness(always, [wholeDay], at('2026-01-05T18:29:59Z'))).toEqual(open);
    expect(openness(always, [wholeDay], at('2026-01-05T18:30:00Z'))).toMatchObject({ open: false });
  });

  test('may be the only days that ever open', () => {
    const special = [
      { date: '2027-05-02', open: '10:00', close: '12:00' },
      { date: '2027-05-01', open: '10:00', close: '12:00' },
    ];
    expect(openness(weekly('UTC'), special, at('2026-01-05T10:00Z'))).toEqual(opens('2027-05-01T10:00Z'));
    expect(openness(weekly('UTC'), special, at('2027-05-01T10:00Z'))).toEqual(open);
    expect(openness(weekly('UTC'), special, at('2027-05-02T12:00Z'))).toEqual(opens(null));
  });

  test('of three weeks are waited for', () => {
    const shut = Array.from({ length: 21 }, (_, i) => ({ date: `2026-01-${String(6 + i).padStart(2, '0')}` }));
    expect(openness(india, shut, at('2026-01-06T10:00+05:30'))).toEqual(opens('2026-01-27T10:00+05:30'));
  });

  test('in a row are all skipped', () => {
    const daily = weekly(
      'UTC',
      ['MONDAY', '09:00', '17:00'],
      ['TUESDAY', '09:00', '17:00'],
      ['WEDNESDAY', '09:00', '17:00'],
    );
    const feast = [{ date: '2026-01-05' }, { date: '2026-01-06' }];
    expect(openness(daily, feast, at('2026-01-05T10:00Z'))).toEqual(opens('2026-01-07T09:00Z'));
  });
});

describe('where the clocks change', () => {
  // New York: 2026-03-08 02:00 -> 03:00 and 2026-11-01 02:00 -> 01:00, both Sundays
  const newYork = (open: string, close: string) => weekly('America/New_York', ['SUNDAY', open, close]);

  test.each([
    ['in winter', '2026-03-01T14:00Z'],
    ['on the day of the change', '2026-03-08T13:00Z'],
    ['in summer', '2026-03-15T13:00Z'],
    ['on the day they go back', '2026-11-01T14:00Z'],
  ])('nine o’clock stays nine o’clock: %s', (_, nine) => {
    const hours = newYork('09:00', '17:00');
    expect(openness(hours, [], at(nine) - 1)).toEqual({ open: false, opensAt: at(nine) });
    expect(openness(hours, [], at(nine))).toEqual(open);
  });

  test.each([
    ['02:00', '10:00', '2026-03-08T06:59:59.999Z', opens('2026-03-08T07:00Z')],
    ['02:00', '10:00', '2026-03-08T07:00Z', open],
    ['02:30', '10:00', '2026-03-08T07:00Z', open],
    ['02:30', '10:00', '2026-03-08T06:59:59.999Z', opens('2026-03-08T07:00Z')],
    ['02:10', '02:50', '2026-03-08T06:00Z', opens('2026-03-15T06:10Z')],
    ['02:10', '02:50', '2026-03-01T12:00Z', opens('2026-03-15T06:10Z')],
    ['02:59', '03:01', '2026-03-08T07:00:59.999Z', open],
    ['02:59', '03:01', '2026-03-08T07:01Z', opens('2026-03-15T06:59Z')],
    ['03:00', '03:01', '2026-03-08T06:59:59.999Z', opens('2026-03-08T07:00Z')],
    ['00:00', '02:30', '2026-03-08T06:59:59.999Z', open],
    ['00:00', '02:30', '2026-03-08T07:00Z', opens('2026-03-15T04:00Z')],
  ])('a time that is skipped (%s to %s) is the moment they jump: %s', (from, until, now, expected) => {
    expect(openness(newYork(from, until), [], at(now))).toEqual(expected);
  });

  test.each([
    ['01:30', '10:00', '2026-11-01T05:29:59.999Z', opens('2026-11-01T05:30Z')],
    ['01:30', '10:00', '2026-11-01T05:30Z', open],
    ['01:30', '10:00', '2026-11-01T06:15Z', open],
    ['00:00', '01:30', '2026-11-01T05:29:59.999Z', open],
    ['00:00', '01:30', '2026-11-01T05:30Z', opens('2026-11-08T05:00Z')],
    ['01:00', '02:00', '2026-11-01T05:00Z', open],
    ['01:00', '02:00', '2026-11-01T06:59:59.999Z', open],
    ['01:00', '02:00', '2026-11-01T07:00Z', opens('2026-11-08T06:00Z')],
    ['01:59', '01:00', '2026-11-01T05:58:59.999Z', opens('2026-11-01T05:59Z')],
  ])('a time that comes twice (%s to %s) is its first: %s', (from, until, now, expected) => {
    expect(openness(newYork(from, until), [], at(now))).toEqual(expected);
  });

  test('a whole day has 23 or 25 hours', () => {
    const hours = newYork('00:00', '24:00');
    expect(openness(hours, [], at('2026-03-09T03:59:59.999Z'))).toEqual(open);
    expect(openness(hours, [], at('2026-03-09T04:00Z')).open).toBe(false);
    expect(openness(hours, [], at('2026-11-02T04:59:59.999Z'))).toEqual(open);
    expect(openness(hours, [], at('2026-11-02T05:00Z')).open).toBe(false);
  });
});

describe('zones of all kinds', () => {
  test.each([
    ['45 minutes off', 'Asia/Kathmandu', 'MONDAY', '09:00', '09:01', '2026-01-05T03:15Z'],
    ['an odd 45 minutes in summer', 'Pacific/Chatham', 'MONDAY', '09:00', '09:01', '2026-01-04T19:15Z'],
    ['… and in winter', 'Pacific/Chatham', 'MONDAY', '09:00', '09:01', '2026-07-05T20:15Z'],
    ['half an hour of summer time', 'Australia/Lord_Howe', 'MONDAY', '09:00', '09:01', '2026-01-04T22:00Z'],
    ['… and without', 'Australia/Lord_Howe', 'MONDAY', '09:00', '09:01', '2026-07-05T22:30Z'],
    ['… and the day it begins, at 02:00', 'Australia/Lord_Howe', 'SUNDAY', '02:00', '09:00', '2026-10-03T15:30Z'],
    ['14 hours ahead', 'Pacific/Kiritimati', 'MONDAY', '00:00', '00:01', '2026-01-04T10:00Z'],
    ['11 hours behind', 'Pacific/Pago_Pago', 'MONDAY', '23:59', '24:00', '2026-01-06T10:59Z'],
    ['no midnight on the day of the change', 'Africa/Cairo', 'FRIDAY', '00:00', '09:00', '2026-04-23T22:00Z'],
    ['… nor elsewhere', 'America/Havana', 'SUNDAY', '00:00', '09:00', '2026-03-08T05:00Z'],
    ['the old name of a zone', 'Asia/Calcutta', 'MONDAY', '10:00', '19:00', '2026-01-05T04:30Z'],
    ['a name of Etc', 'Etc/GMT+5', 'MONDAY', '10:00', '19:00', '2026-01-05T15:00Z'],
  ] as const)('%s: %s, %s %s to %s', (_, zone, day, from, until, first) => {
    const hours = weekly(zone, [day, from, until]);
    expect(openness(hours, [], at(first) - 1)).toEqual(opens(first));
    expect(openness(hours, [], at(first))).toEqual(open);
  });

  test('a shift over midnight into the day the clocks go forward ends when its clock says so', () => {
    const nights = weekly('Africa/Cairo', ['THURSDAY', '22:00', '02:00']); // 00:00 is 01:00 on 2026-04-24
    expect(openness(nights, [], at('2026-04-23T22:59:59.999Z'))).toEqual(open);
    expect(openness(nights, [], at('2026-04-23T23:00Z'))).toEqual(opens('2026-04-30T19:00Z'));
  });

  test.each([
    ['Asia/Calcutta', 'Asia/Kolkata', true],
    ['US/Pacific', 'America/Los_Angeles', true],
    ['asia/kolkata', 'Asia/Kolkata', true],
    ['Asia/Colombo', 'Asia/Kolkata', false],
    ['Mars/Olympus', 'Asia/Kolkata', false],
    ['Mars/Olympus', 'Mars/Olympus', true],
  ])('%s and %s are one zone: %s', (a, b, expected) => {
    expect(isSameZone(a, b)).toBe(expected);
  });
});

describe('hours that make no sense are not taken', () => {
  test.each([
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['asia/KOLKATA', 'Asia/Kolkata'],
    ['Asia/Calcutta', 'Asia/Calcutta'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
    ['UTC', 'UTC'],
    ['+05:30', null],
    ['-08', null],
    ['2026-01-01T00:00+09:00[Asia/Tokyo]', null],
    ['Z', null],
    ['Mars/Olympus', null],
    [' Asia/Kolkata', null],
    ['', null],
  ])('the zone of a number is named: %j is %j', (given, taken) => {
    expect(TimeZone.safeParse(given).data ?? null).toBe(taken);
  });
  test.each(['00:00', '09:30', '23:59', '24:00'])('%s is a time of day', (time) => {
    expect(TimeOfDay.safeParse(time).success).toBe(true);
  });
  test.each(['24:01', '9:30', '09:60', '25:00', '0930', ''])('%s is none', (time) => {
    expect(TimeOfDay.safeParse(time).success).toBe(false);
  });
  test.each([
    ['Asia/Kolkata', true],
    ['Mars/Olympus', false],
    ['', false],
  ])('the zone %s: %s', (timezone, valid) => {
    expect(WorkingHours.safeParse({ timezone, weekly: [] }).success).toBe(valid);
  });
  test.each([
    ['2026-02-28', true],
    ['2026-02-30', false],
    ['28.02.2026', false],
  ])('a holiday on %s: %s', (date, valid) => {
    expect(Holiday.safeParse({ date }).success).toBe(valid);
  });
});
