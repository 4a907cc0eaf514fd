import { expect, test } from 'vitest';
import { accessToken, channelId, permissionRequest, running, summary, waId } from './running.ts';

type Running = Awaited<ReturnType<typeof running>>;

/** The status of the settings, whenever it comes. */
const askSettings = ({ url }: Running) =>
  fetch(`${url}/${channelId}/settings`, { headers: { authorization: `Bearer ${accessToken}` } }).then(
    ({ status }) => status,
  );

/** Places a call as a client does that waits only so long: the status, or the name of the fault. */
const placeWithin = ({ url }: Running, ms: number) =>
  fetch(`${url}/${channelId}/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      messaging_product: 'whatsapp',
      action: 'connect',
      to: waId,
      session: { sdp_type: 'offer', sdp: 'v=0' },
    }),
    signal: AbortSignal.timeout(ms),
  }).then(
    ({ status }) => status,
    (fault) => fault.name,
  );

test.each([
  [{ code: 138002 }, 429],
  [{ code: 131000 }, 500],
  [{ code: 4, status: 503 }, 503],
  [{ code: 999 }, 400],
])('refuses with %o what it is told to, in Meta’s shape', async (refuse, status) => {
  const { tell, send } = await running();
  await tell('/faults', { graph: { refuse } });

  const { code, body } = await send('GET', `/${channelId}/settings`);

  expect(code).toBe(status);
  expect(body.error).toMatchObject({ code: refuse.code, error_data: { details: expect.any(String) } });
});

test.each([
  [undefined, 1],
  [3, 3],
])('refuses with times %s the next %i and none after', async (times, refused) => {
  const { tell, send } = await running();
  await tell('/faults', { graph: { refuse: { code: 4, times } } });

  const codes = [];
  for (let request = 0; request < 5; request++) codes.push((await send('GET', `/${channelId}/settings`)).code);

  expect(codes).toEqual([...Array(refused).fill(429), ...Array(5 - refused).fill(200)]);
});

test.each([
  ['connect', (simulator: Running) => simulator.place()],
  ['terminate', ({ graph }: Running) => graph('calls', { action: 'terminate', call_id: 'wacid.NONE' })],
  ['messages', ({ graph }: Running) => graph('messages', permissionRequest)],
  ['settings', ({ send }: Running) => send('GET', `/v23.0/${channelId}/settings`)],
  ['call_permissions', ({ send }: Running) => send('GET', `/${channelId}/call_permissions?user_wa_id=${waId}`)],
  ['message_templates', ({ send }: Running) => send('GET', '/900000000000001/message_templates')],
  ['analytics', ({ send }: Running) => send('GET', '/v23.0/900000000000001?fields=currency')],
])('befalls %s alone when told so', async (action, ask) => {
  const simulator = await running();
  const others = simulator.send('GET', `/${channelId}/settings`);
  const befallen = async () => (await ask(simulator)).body.error?.code;
  await others;
  await simulator.tell('/faults', { graph: { refuse: { code: 138004, action } } });

  if (action !== 'settings') expect((await simulator.send('GET', `/${channelId}/settings`)).code).toBe(200);

  expect(await befallen()).toBe(138004);
  expect(await befallen()).not.toBe(138004);
});

test.each([
  [false, []],
  [true, ['connect', 'RINGING']],
])('answers nothing when it hangs, having placed the call: %s', async (done, expected) => {
  const simulator = await running();
  await simulator.permit();
  simulator.webhooks();
  await simulator.tell('/faults', { graph: { hang: { done } } });

  expect(await placeWithin(simulator, 500)).toBe('TimeoutError');

  await simulator.delivered();
  expect(simulator.webhooks().map(summary)).toEqual(expected);
  const [logged] = (await simulator.send('GET', '/simulator/requests')).body.items as { status: unknown }[];
  expect(logged).toMatchObject({ body: { action: 'connect' }, status: null });
  expect(await placeWithin(simulator, 20_000)).toBe(done ? 400 : 200);
});

test('does what it is asked and loses the answer', async () => {
  const simulator = await running();
  await simulator.permit();
  simulator.webhooks();
  await simulator.tell('/faults', { graph: { lose: {} } });

  expect(await placeWithin(simulator, 20_000)).toBe('TypeError');

  await simulator.delivered();
  expect(simulator.webhooks().map(summary)).toEqual(['connect', 'RINGING']);
  expect(await askSettings(simulator)).toBe(200);
});

test('answers late on the simulated clock', async () => {
  const simulator = await running();
  await simulator.tell('/faults', { graph: { delay: { ms: 5_000 } } });
  let status: number | undefined;
  const asked = askSettings(simulator).then((answered) => {
    status = answered;
  });
  await expect
    .poll(async () => (await simulator.send('GET', '/simulator/requests')).body.items)
    .toEqual([expect.objectContaining({ status: null })]);

  await simulator.advance(4_999);
  expect(status).toBeUndefined();
  await simulator.advance(1);
  await asked;

  expect(status).toBe(200);
});

test('ends these faults too when told of none', async () => {
  const { tell, send } = await running();
  await tell('/faults', { graph: { refuse: { code: 4, times: 100 } } });

  await tell('/faults');

  expect((await send('GET', `/${channelId}/settings`)).code).toBe(200);
});

test('answers for analytics in the shape of 2025 when told so', async () => {
  const { tell, send } = await running();
  await tell('/faults', { graph: { olderAnalytics: true } });

  const { body } = await send('GET', '/900000000000001?fields=call_analytics.start(1).end(2).granularity(DAILY)');

  expect(body).toEqual({ call_analytics: { data: [{ data_points: [] }] }, id: '900000000000001' });
});

test.each([
  [{ refuse: {} }, 'graph.refuse.code'],
  [{ refuse: { code: 4, status: 200 } }, 'graph.refuse.status'],
  [{ hang: { times: 0 } }, 'graph.hang.times'],
  [{ lose: { action: 'dial' } }, 'graph.lose.action'],
  [{ delay: { ms: -1 } }, 'graph.delay.ms'],
  [{ crash: {} }, 'unknown field graph.crash'],
  [{ hang: { reply: true } }, 'unknown field graph.hang.reply'],
])('refuses the fault %o', async (graph, named) => {
  const { code, body } = await (await running()).tell('/faults', { graph });

  expect([code, body.detail]).toEqual([422, expect.stringContaining(named)]);
});
