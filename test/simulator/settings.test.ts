import { expect, test } from 'vitest';
import { channelId, running } from './running.ts';
import { shape } from './shape.ts';

const monday = { day_of_week: 'MONDAY', open_time: '1000', close_time: '1900' };
const hoursOf = (...weekly_operating_hours: object[]) => ({
  status: 'ENABLED',
  timezone_id: 'Asia/Kolkata',
  weekly_operating_hours,
});
const holiday = { date: '2026-12-25', start_time: '0000', end_time: '2359' };

test('announces a change in the shape of the sample', async () => {
  const { graph, webhooks } = await running();

  const call_hours = { ...hoursOf(monday), holiday_schedule: [holiday] };
  const { body } = await graph('settings', { calling: { callback_permission_status: 'ENABLED', call_hours } });

  expect(body).toEqual({ success: true });
  const [{ field, value }] = webhooks() as [ReturnType<typeof webhooks>[number]];
  expect(field).toBe('account_settings_update');
  expect(shape(value)).toEqual({
    messaging_product: 'string',
    timestamp: 'string',
    type: 'string',
    phone_number_settings: {
      phone_number_id: 'string',
      calling: {
        status: 'string',
        call_icon_visibility: 'string',
        callback_permission_status: 'string',
        call_hours: {
          status: 'string',
          timezone_id: 'string',
          weekly_operating_hours: [{ day_of_week: 'string', open_time: 'string', close_time: 'string' }],
          holiday_schedule: [{ date: 'string', start_time: 'string', end_time: 'string' }],
        },
        sip: { status: 'string', servers: [] },
      },
    },
  });
});

test.each([
  ['hours alone', { call_hours: hoursOf(monday) }],
  ['what was so already', { status: 'ENABLED' }],
])('announces nothing for %s', async (_title, calling) => {
  const { graph, webhooks } = await running();

  await graph('settings', { calling });

  expect(webhooks()).toEqual([]);
});

test('replaces the hours as a whole and keeps the rest', async () => {
  const { graph, send } = await running();
  await graph('settings', { calling: { callback_permission_status: 'ENABLED' } });
  await graph('settings', { calling: { call_hours: { ...hoursOf(monday), holiday_schedule: [holiday] } } });

  await graph('settings', { calling: { call_hours: hoursOf(monday) } });

  const { body } = await send('GET', `/v23.0/${channelId}/settings`);
  expect(body.calling).toEqual({
    status: 'ENABLED',
    call_icon_visibility: 'DEFAULT',
    callback_permission_status: 'ENABLED',
    call_hours: hoursOf(monday),
    sip: { status: 'DISABLED', servers: [] },
  });
});

test.each([
  ['lower case', { status: 'enabled' }],
  ['an unknown time zone', { call_hours: { ...hoursOf(monday), timezone_id: 'Asia/Nowhere' } }],
  ['a week without openings', { call_hours: hoursOf() }],
  ['an opening that ends before it begins', { call_hours: hoursOf({ ...monday, close_time: '0900' }) }],
  ['a time that is none', { call_hours: hoursOf({ ...monday, close_time: '2460' }) }],
  ['overlapping openings', { call_hours: hoursOf(monday, { ...monday, open_time: '1800', close_time: '2000' }) }],
  [
    'three openings a day',
    {
      call_hours: hoursOf({ ...monday, open_time: '0800', close_time: '0900' }, monday, {
        ...monday,
        open_time: '1900',
        close_time: '2000',
      }),
    },
  ],
  ['twenty-one holidays', { call_hours: { ...hoursOf(monday), holiday_schedule: Array(21).fill(holiday) } }],
])('refuses %s', async (_title, calling) => {
  const { graph } = await running();

  expect((await graph('settings', { calling })).body.error.code).toBe(100);
});

test.each([
  ['two openings that touch', hoursOf(monday, { ...monday, open_time: '1900', close_time: '2000' })],
  ['twenty holidays', { ...hoursOf(monday), holiday_schedule: Array(20).fill(holiday) }],
])('accepts %s', async (_title, call_hours) => {
  const { graph } = await running();

  expect((await graph('settings', { calling: { call_hours } })).code).toBe(200);
});
