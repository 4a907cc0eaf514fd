import { expect, test } from 'vitest';
import { channelId, hours, permissionTemplate, running, seconds, start, waId } from './running.ts';

type Running = Awaited<ReturnType<typeof running>>;

const permissions = `/v23.0/${channelId}/call_permissions?user_wa_id=${waId}`;
const other = '910000000043';

/** The error code of an answer, or its status where it is none. */
const outcome = ({ code, body }: Awaited<ReturnType<Running['place']>>) => body.error?.code ?? code;

const talk = async ({ place, act }: Running) => {
  const placed = await place();
  if (placed.code === 200) {
    await act('answer');
    await act('hang-up');
  }
  return outcome(placed);
};

test('tells the limits it is given and those left as they are at Meta', async () => {
  const { tell, send } = await running();

  const { body } = await tell('/limits', { connectedPer24h: 100 });

  const limits = {
    requestsPer24h: 1,
    requestsPer7d: 2,
    connectedPer24h: 100,
    unansweredToWarn: 2,
    unansweredToRevoke: 4,
    concurrentCalls: 1_000,
    callsPer24h: 10_000,
    queriesPerSecond: 100,
  };
  expect(body).toEqual(limits);
  expect((await send('GET', `/simulator/channels/${channelId}`)).body.limits).toEqual(limits);
});

test('forgets what it was told of limits when told of none', async () => {
  const { tell } = await running();
  await tell('/limits', { connectedPer24h: 100 });

  expect((await tell('/limits')).body).toMatchObject({ connectedPer24h: 10 });
});

test.each([
  [{ connectedPer24h: 0 }, 'connectedPer24h'],
  [{ connectedPer24h: 1.5 }, 'connectedPer24h'],
  [{ connected: 1 }, 'unknown field connected'],
  [{ channelId: 'one' }, 'channelId'],
])('refuses the limits %o', async (limits, named) => {
  const { code, body } = await (await running()).tell('/limits', limits);

  expect([code, body.detail]).toEqual([422, expect.stringContaining(named)]);
});

test.each([1, 3, 100])('allows %i connected calls in 24 hours when told so', async (connectedPer24h) => {
  const simulator = await running();
  await simulator.tell('/limits', { connectedPer24h });
  await simulator.permit();

  for (let call = 0; call < connectedPer24h; call++) expect(await talk(simulator)).toBe(200);

  expect(await talk(simulator)).toBe(138012);
});

test('allows a number of a sandbox 25 requests a day, and every other number one', async () => {
  const { tell, send } = await running();
  await tell('/limits', { channelId, requestsPer24h: 25, requestsPer7d: 100 });
  const ask = (id: string) =>
    send('POST', `/${id}/messages`, { messaging_product: 'whatsapp', ...permissionTemplate }).then(outcome);

  const sandbox = [];
  for (let request = 0; request < 26; request++) sandbox.push(await ask(channelId));
  const others = [await ask('800000000000002'), await ask('800000000000002')];

  expect(sandbox).toEqual([...Array(25).fill(200), 138009]);
  expect(others).toEqual([200, 138009]);
});

test.each([
  [4, 3],
  [10, 9],
])('revokes after %i calls in a row unanswered when told so, not after %i', async (unansweredToRevoke, kept) => {
  const { tell, permit, place, act, send } = await running();
  await tell('/limits', { unansweredToRevoke });
  await permit();
  for (let call = 0; call < kept; call++) {
    await place();
    await act('decline');
  }
  expect((await send('GET', permissions)).body.permission).toEqual({ status: 'permanent' });

  await place();
  await act('decline');

  expect((await send('GET', permissions)).body.permission).toEqual({ status: 'no_permission' });
});

test('warns a customer of the second call unanswered in a row, without a webhook', async () => {
  const { permit, place, act, send, webhooks } = await running();
  await permit();
  const warned = async () => (await send('GET', `/simulator/customers/${waId}?channelId=${channelId}`)).body.isWarned;

  const seen = [];
  for (let call = 0; call < 2; call++) {
    await place();
    await act('decline');
    seen.push(await warned());
  }

  expect(seen).toEqual([false, true]);
  expect(webhooks().filter(({ value }) => value.messages)).toHaveLength(1); // the permission
});

test('refuses a call beyond as many as a number may have at once, whoever called', async () => {
  const { tell, send, act, permit, place } = await running();
  await tell('/limits', { concurrentCalls: 2 });
  await permit();
  await send('POST', `/simulator/customers/${other}/call`, { channelId });
  await send('POST', '/simulator/customers/910000000044/call', { channelId });

  expect(await place()).toMatchObject({ code: 429, body: { error: { code: 138002 } } });

  await send('POST', `/simulator/customers/${other}/hang-up`, { channelId });
  expect(outcome(await place())).toBe(200);
  expect((await act('call')).code).toBe(409);
});

test('tells nothing of a customer’s call beyond that', async () => {
  const { tell, send, act, webhooks } = await running();
  await tell('/limits', { concurrentCalls: 1 });
  await send('POST', `/simulator/customers/${other}/call`, { channelId });
  webhooks();

  expect(await act('call')).toMatchObject({ code: 409, body: { code: 'call.all_lines_busy' } });
  expect(webhooks()).toEqual([]);
});

test.each([
  ['just before a day has passed', hours(24) - 1, 138005],
  ['a day later', hours(24), 200],
])('judges new calls beyond those of a day %s', async (_when, after, expected) => {
  const { tell, permit, place, act, advance } = await running();
  await tell('/limits', { callsPer24h: 2 });
  await permit();
  for (let call = 0; call < 2; call++) {
    await place();
    await act('decline');
  }

  await advance(after);

  expect(outcome(await place())).toBe(expected);
});

test('answers a hundred questions for permissions a second', async () => {
  const { send, advance } = await running();
  const answers = await Promise.all(Array.from({ length: 101 }, () => send('GET', permissions)));
  await advance(seconds(1) - 1);
  const within = await send('GET', permissions);
  await advance(1);

  expect(answers.map(outcome).filter((code) => code !== 200)).toEqual([613]);
  expect(within).toMatchObject({ code: 429, body: { error: { code: 613 } } });
  expect(outcome(await send('GET', permissions))).toBe(200);
});

test('tells when a limit frees only of one that is full', async () => {
  const { tell, requestPermission, advance, send } = await running();
  await tell('/limits', { requestsPer24h: 2, requestsPer7d: 3 });
  const limits = async () => {
    const [request] = (await send('GET', permissions)).body.actions as [{ limits: unknown }];
    return request.limits;
  };
  const day = { time_period: 'PT24H', max_allowed: 2 };
  const week = { time_period: 'P7D', max_allowed: 3 };

  await requestPermission();
  expect(await limits()).toEqual([
    { ...day, current_usage: 1 },
    { ...week, current_usage: 1 },
  ]);

  await advance(hours(1));
  await requestPermission();
  expect(await limits()).toEqual([
    { ...day, current_usage: 2, limit_expiration_time: (start + hours(24)) / 1_000 },
    { ...week, current_usage: 2 },
  ]);
});
