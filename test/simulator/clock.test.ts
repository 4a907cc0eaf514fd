import { expect, test } from 'vitest';
import { startSimulator } from '../../simulator/start-simulator.ts';
import { accessToken, appSecret, hours, running, seconds, start, summary } from './running.ts';

test('tells the time', async () => {
  const { send } = await running();

  expect((await send('GET', '/simulator/clock')).body).toEqual({ now: '2026-11-22T10:00:00.000Z' });
});

test.each([
  ['PT0S', 0],
  ['PT0.5S', 500],
  ['PT90S', seconds(90)],
  ['PT90M', hours(1.5)],
  ['PT24H', hours(24)],
  ['P7D', hours(168)],
  ['P3650D', hours(24 * 3_650)],
  ['PT0.0004S', 0],
])('moves the shared clock by %s', async (advance, ms) => {
  const { send, clock } = await running();

  const { code, body } = await send('POST', '/simulator/clock', { advance });

  expect(code).toBe(200);
  expect(body).toEqual({ now: new Date(start + ms).toISOString() });
  expect(clock.now()).toBe(start + ms);
});

test.each(['', '24h', 'P1M', 'P1Y', '-PT1H', '-P1D', 'PT', 'PT1E9H', 'P99999D', 'PT9999999999999999S', 24, null])(
  'refuses to move the clock by "%s"',
  async (advance) => {
    const { send } = await running();

    const { code, body } = await send('POST', '/simulator/clock', { advance });

    expect(code).toBe(422);
    expect(body.detail).toContain('PT24H');
  },
);

test('fires what is due in time order, each at its time, before it answers', async () => {
  const { send, webhooks, act } = await running();
  const caller = (waId: string, hangUpAfter?: number) =>
    send('POST', `/simulator/customers/${waId}/call`, { channelId: '800000000000001', hangUpAfter });
  await caller('910000000001', 45);
  await caller('910000000002');
  await caller('910000000003', 5.5);
  await act('call');
  await act('hang-up');
  webhooks();

  await send('POST', '/simulator/clock', { advance: 'PT60S' });

  const ended = webhooks().map(({ at, value }) => [(at - start) / 1_000, value.calls![0]!.from]);
  expect(ended).toEqual([
    [5.5, '910000000003'],
    [45, '910000000001'],
    [60, '910000000002'],
  ]);
});

test('lets the program do what it has due before each of its own timers', async () => {
  const told: string[] = [];
  const { act, advance, receiver } = await running({
    settle: async (now) => void told.push(`${(now - start) / 1_000}: ${receiver.received.map(summary)}`),
  });
  await act('call');

  await advance(seconds(90));

  expect(told).toEqual(['59.999: connect', '90: connect,terminate']);
});

test('drops a timer that the program made needless on the way', async () => {
  const who = { waId: '910000000042', channelId: '800000000000001' };
  const { act, place, permit, advance, customers, webhooks } = await running({
    settle: async () => {
      if (customers.isRinging(who)) customers.answer(who);
    },
  });
  await permit();
  await place();
  await act('message', { text: 'One moment' });
  webhooks();

  await advance(seconds(90));

  expect(webhooks().map(summary)).toEqual(['ACCEPTED']);
});

test('moves the clock for one at a time', async () => {
  const { act, advance, clock } = await running();
  await act('call');

  await Promise.all([advance(seconds(61)), advance(seconds(2)), advance(seconds(3))]);

  expect(clock.now()).toBe(start + seconds(66));
});

test('fires its timers by itself on a clock that runs', async () => {
  const { receiver } = await running();
  const clock = { now: () => Date.now(), advance: async () => {} };
  const options = { host: '127.0.0.1', port: 0, webhookUrl: receiver.url, appSecret, accessToken, clock };
  const simulator = await startSimulator(options);
  const who = { waId: '910000000042', channelId: '800000000000001' };

  simulator.customers.call(who, { hangUpAfter: 0.05 });

  await expect.poll(() => receiver.received.map(summary)).toEqual(['connect', 'terminate']);
  await simulator.stop();
});
