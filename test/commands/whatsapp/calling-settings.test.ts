import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callHours } from '../../../commands/whatsapp/calling-hours.ts';
import { callingSettings, differences } from '../../../commands/whatsapp/calling-settings.ts';
import type { Calling } from '../../../domain/channel.ts';
import { DayOfWeek } from '../../../domain/hours.ts';
import { days } from '../../../domain/time.ts';
import { SettingsChange } from '../../../simulator/settings.ts';

/** A Sunday, one hour before midnight in India. */
const now = Date.UTC(2026, 10, 22, 17, 30);
const calling: Calling = {
  enabled: true,
  userInitiatedEnabled: true,
  workingHours: null,
  holidays: [],
  callbackRequestsEnabled: true,
};

const hoursOf = (...entries: readonly [(typeof DayOfWeek.options)[number], string, string][]): Calling => ({
  ...calling,
  workingHours: { timezone: 'Asia/Kolkata', weekly: entries.map(([day, open, close]) => ({ day, open, close })) },
});
const weekAtMeta = (settings: Calling) =>
  callHours(settings, now).weekly_operating_hours.map(({ day_of_week, open_time, close_time }) => [
    day_of_week,
    open_time,
    close_time,
  ]);
const dateIn = (n: number) => new Date(now + days(n)).toISOString().slice(0, 10);

describe('switches at Meta', () => {
  test.each([
    ['all on', {}, ['ENABLED', 'DEFAULT', 'ENABLED']],
    ['calling off', { enabled: false }, ['DISABLED', 'DEFAULT', 'ENABLED']],
    ['incoming calls off', { userInitiatedEnabled: false }, ['ENABLED', 'DISABLE_ALL', 'ENABLED']],
    ['hours that never open', { workingHours: { timezone: 'UTC', weekly: [] } }, ['ENABLED', 'DISABLE_ALL', 'ENABLED']],
    ['no callback requests', { callbackRequestsEnabled: false }, ['ENABLED', 'DEFAULT', 'DISABLED']],
  ])('%s', (_, changed, expected) => {
    const told = callingSettings({ ...calling, ...changed }, now);
    expect([told.status, told.call_icon_visibility, told.callback_permission_status]).toEqual(expected);
  });
});

describe('hours at Meta', () => {
  test.each<[string, Calling, string[][]]>([
    ['as they are', hoursOf(['MONDAY', '10:00', '19:00']), [['MONDAY', '1000', '1900']]],
    ['until midnight', hoursOf(['MONDAY', '10:00', '24:00']), [['MONDAY', '1000', '2359']]],
    [
      'past midnight, on both days',
      hoursOf(['SUNDAY', '22:00', '02:00']),
      [
        ['MONDAY', '0000', '0200'],
        ['SUNDAY', '2200', '2359'],
      ],
    ],
    ['until the stroke of midnight', hoursOf(['MONDAY', '22:00', '00:00']), [['MONDAY', '2200', '2359']]],
    [
      'two a day',
      hoursOf(['MONDAY', '14:00', '19:00'], ['MONDAY', '09:00', '12:00']),
      [
        ['MONDAY', '0900', '1200'],
        ['MONDAY', '1400', '1900'],
      ],
    ],
    [
      'touching and overlapping ones joined',
      hoursOf(['MONDAY', '09:00', '12:00'], ['MONDAY', '12:00', '14:00'], ['MONDAY', '10:00', '11:00']),
      [['MONDAY', '0900', '1400']],
    ],
    [
      'the narrowest gap of three bridged',
      hoursOf(['MONDAY', '08:00', '09:00'], ['MONDAY', '11:00', '12:00'], ['MONDAY', '13:00', '14:00']),
      [
        ['MONDAY', '0800', '0900'],
        ['MONDAY', '1100', '1400'],
      ],
    ],
    [
      'a last minute that Meta cannot say left out',
      hoursOf(['MONDAY', '23:59', '24:00'], ['MONDAY', '09:00', '10:00']),
      [['MONDAY', '0900', '1000']],
    ],
  ])('%s', (_, settings, expected) => {
    expect(callHours(settings, now)).toMatchObject({ status: 'ENABLED', timezone_id: 'Asia/Kolkata' });
    expect(weekAtMeta(settings)).toEqual(expected);
  });

  test.each([
    ['no hours', calling, 'DISABLED', 'UTC'],
    [
      'hours that never open',
      { ...calling, workingHours: { timezone: 'Asia/Dubai', weekly: [] } },
      'DISABLED',
      'Asia/Dubai',
    ],
    ['hours that Meta cannot say', hoursOf(['MONDAY', '23:59', '24:00']), 'DISABLED', 'Asia/Kolkata'],
    ['holidays alone', { ...calling, holidays: [{ date: dateIn(9) }] }, 'ENABLED', 'UTC'],
  ])('%s are a whole week, %s', (_, settings, status, timezone_id) => {
    expect(callHours(settings, now)).toMatchObject({ status, timezone_id });
    expect(weekAtMeta(settings)).toEqual(DayOfWeek.options.map((day) => [day, '0000', '2359']));
  });

  test.each([
    ['closed', {}, ['0000', '0001']],
    ['open for a while', { open: '10:00', close: '12:00' }, ['1000', '1200']],
    ['open past midnight', { open: '20:00', close: '02:00' }, ['2000', '2359']],
    ['open for the last minute', { open: '23:59', close: '24:00' }, ['2358', '2359']],
  ])('a holiday that is %s', (_, times, [start_time, end_time]) => {
    const { holiday_schedule } = callHours({ ...calling, holidays: [{ date: '2026-12-25', ...times }] }, now);
    expect(holiday_schedule).toEqual([{ date: '2026-12-25', start_time, end_time }]);
  });

  test('of the holidays the next twenty, by the date where the channel is', () => {
    const holidays = Array.from({ length: 30 }, (_, n) => ({ date: dateIn(20 - n) })); // the last ten are past
    const told = (at: number) => callHours({ ...hoursOf(['MONDAY', '10:00', '19:00']), holidays }, at).holiday_schedule;
    expect(told(now)?.map(({ date }) => date)).toEqual(Array.from({ length: 20 }, (_, n) => dateIn(n)));
    expect(told(now + 3_600_000)?.at(0)?.date).toBe(dateIn(1));
    expect(callHours({ ...calling, holidays: [{ date: dateIn(-1) }] }, now)).not.toHaveProperty('holiday_schedule');
  });

  test('whatever the hours, Meta takes them', () => {
    const time = fc.integer({ min: 0, max: 1_439 }).map((n) => new Date(n * 60_000).toISOString().slice(11, 16));
    const entry = fc
      .record({ day: fc.constantFrom(...DayOfWeek.options), open: time, close: fc.oneof(time, fc.constant('24:00')) })
      .filter(({ open, close }) => open !== close);
    const holiday = fc.record({ date: fc.integer({ min: -5, max: 40 }).map(dateIn), open: time, close: time });
    const any = fc.record({
      weekly: fc.array(entry, { maxLength: 20 }),
      holidays: fc.array(holiday, { maxLength: 30 }),
    });
    fc.assert(
      fc.property(any, ({ weekly, holidays }) => {
        const settings = { ...calling, workingHours: { timezone: 'Asia/Kolkata', weekly }, holidays };
        expect(SettingsChange.safeParse({ calling: callingSettings(settings, now) }).error).toBeUndefined();
      }),
      { seed: 31, numRuns: 300 },
    );
  });
});

describe('a difference', () => {
  const ours = callingSettings(hoursOf(['MONDAY', '10:00', '19:00'], ['TUESDAY', '10:00', '19:00']), now);
  const [monday, tuesday] = ours.call_hours.weekly_operating_hours.map((one) => ({ ...one }));
  const hours = {
    status: 'ENABLED',
    timezone_id: 'Asia/Kolkata',
    weekly_operating_hours: [monday!, tuesday!],
  };
  const theirs = {
    status: 'ENABLED',
    call_icon_visibility: 'DEFAULT',
    callback_permission_status: 'ENABLED',
    call_hours: hours,
    sip: { status: 'DISABLED' },
  };

  test.each([
    ['nothing', {}, []],
    ['nothing that is told', { status: null, call_icon_visibility: null, call_hours: null, sip: null }, []],
    ['the order of days', { call_hours: { ...hours, weekly_operating_hours: [tuesday!, monday!] } }, []],
    ['calling', { status: 'DISABLED' }, ['calling']],
    ['the call button', { call_icon_visibility: 'DISABLE_ALL' }, ['callButton']],
    ['callback requests', { callback_permission_status: 'DISABLED' }, ['callbackRequests']],
    ['the zone', { call_hours: { ...hours, timezone_id: 'UTC' } }, ['hours']],
    ['an old name of the zone', { call_hours: { ...hours, timezone_id: 'Asia/Calcutta' } }, []],
    ['a zone that nobody knows', { call_hours: { ...hours, timezone_id: 'Mars/Olympus' } }, ['hours']],
    ['no zone', { call_hours: { ...hours, timezone_id: null } }, ['hours']],
    ['a day', { call_hours: { ...hours, weekly_operating_hours: [monday!] } }, ['hours']],
    ['always open', { call_hours: { ...hours, status: 'DISABLED' } }, ['hours']],
    ['a telephone system', { sip: { status: 'ENABLED' } }, ['sip']],
  ])('is seen in %s', (_, changed, expected) => {
    expect(differences(ours, { ...theirs, ...changed })).toEqual(expected);
  });
});
