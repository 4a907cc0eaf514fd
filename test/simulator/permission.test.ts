import { expect, test } from 'vitest';
import { answer, channelId, days, hours, type Received, running, seconds, start, summary, waId } from './running.ts';

type Running = Awaited<ReturnType<typeof running>>;

const unix = (at: number) => String(at / 1_000);
const inSevenDays = unix(start + days(7));

/** The reply among the webhooks that came, without what every message has. */
const replyIn = (webhooks: Received[]) => {
  const [message] = webhooks.flatMap(({ value }) => value.messages ?? []).filter(({ type }) => type === 'interactive');
  const { interactive, context, ...rest } = message!;
  expect(rest).toEqual({
    from: waId,
    from_user_id: 'IN.10000910000000042',
    id: expect.stringMatching(/^wamid\./),
    timestamp: expect.stringMatching(/^\d{10}$/),
    type: 'interactive',
  });
  const { type, call_permission_reply } = interactive as Record<string, unknown>;
  expect(type).toBe('call_permission_reply');
  return { reply: call_permission_reply, context };
};

const requested = async ({ requestPermission, webhooks }: Running) => {
  const { body } = await requestPermission();
  webhooks();
  return (body.messages as { id: string }[])[0]!.id;
};

const missed = async ({ place, act }: Running) => {
  await place();
  await act('decline');
};

test.each([
  [
    1,
    {},
    { response: 'accept', is_permanent: false, expiration_timestamp: inSevenDays, response_source: 'user_action' },
  ],
  [2, { permanent: true }, { response: 'accept', is_permanent: true, response_source: 'user_action' }],
  [4, { response: 'reject' }, { response: 'reject', response_source: 'user_action' }],
])('replies to a request as Meta does, case %i', async (_case, decision, reply) => {
  const simulator = await running();
  const id = await requested(simulator);

  await simulator.act('permission', { response: 'accept', source: 'request', ...decision });

  expect(replyIn(simulator.webhooks())).toEqual({ reply, context: { from: '910000000001', id } });
});

test('grants for good from the business profile without a context, case 3', async () => {
  const { act, webhooks } = await running();

  await act('permission', { response: 'accept', source: 'profile' });

  const reply = { response: 'accept', is_permanent: true, response_source: 'user_action' };
  expect(replyIn(webhooks())).toEqual({ reply });
});

test.each(['missed', 'connected'])('grants a callback after a %s call when callbacks are on, case 5', async (how) => {
  const { act, graph, webhooks } = await running();
  await graph('settings', { calling: { callback_permission_status: 'ENABLED' } });
  const { body } = await act('call');
  if (how === 'connected') await graph('calls', { action: 'accept', call_id: body.metaCallId, session: answer });
  webhooks();

  await act('hang-up');

  const came = webhooks();
  expect(came.map(summary)).toEqual(['terminate', 'interactive']);
  expect(replyIn(came)).toEqual({
    reply: { response: 'accept', is_permanent: false, expiration_timestamp: inSevenDays, response_source: 'automatic' },
    context: { from: '910000000001', id: body.metaCallId },
  });
});

test('grants no callback to a number that may call for good', async () => {
  const { act, graph, permit, webhooks } = await running();
  await graph('settings', { calling: { callback_permission_status: 'ENABLED' } });
  await permit();
  await act('call');
  webhooks();

  await act('hang-up');

  expect(webhooks().map(summary)).toEqual(['terminate']);
});

test.each([
  ['until seven days after its delivery', [days(7) - 1], [200]],
  ['not from seven days after its delivery', [days(7)], [409]],
  ['anew within seven days of an answer', [days(6), days(13) - 1], [200, 200]],
  ['not anew from seven days after an answer', [days(6), days(13)], [200, 409]],
])('lets a request be answered %s', async (_when, instants, expected) => {
  const { requestPermission, act, advance, clock } = await running();
  await requestPermission();

  const codes = [];
  for (const at of instants) {
    await advance(start + at - clock.now());
    codes.push((await act('permission', { response: 'accept', source: 'request' })).code);
  }

  expect(codes).toEqual(expected);
});

const idOf = ({ body }: { body: Record<string, unknown> }) => (body.messages as { id: string }[])[0]!.id;

test('lets a customer accept the request they declined', async () => {
  const simulator = await running();
  const id = await requested(simulator);
  await simulator.act('permission', { response: 'reject', source: 'request' });
  simulator.webhooks();
  await simulator.advance(days(6));

  await simulator.act('permission', { response: 'accept', source: 'request' });

  expect(replyIn(simulator.webhooks())).toMatchObject({ reply: { response: 'accept' }, context: { id } });
  expect((await simulator.place()).code).toBe(200);
});

test('lets the older of two requests be answered until the newer one is', async () => {
  const { requestPermission, advance, act, webhooks } = await running();
  const older = idOf(await requestPermission());
  await advance(hours(24));
  const newer = idOf(await requestPermission());
  webhooks();
  const reject = (messageId: string) => act('permission', { response: 'reject', source: 'request', messageId });

  expect((await reject(older)).code).toBe(200);
  expect(replyIn(webhooks()).context).toMatchObject({ id: older });
  expect((await reject(newer)).code).toBe(200);
  expect(await reject(older)).toMatchObject({ code: 409, body: { code: 'permission.not_requested' } });
  expect((await reject(newer)).code).toBe(200);
});

test('answers the newest request when none is named', async () => {
  const { requestPermission, advance, act, webhooks } = await running();
  await requestPermission();
  await advance(hours(24));
  const newer = idOf(await requestPermission());
  webhooks();

  await act('permission', { response: 'accept', source: 'request' });

  expect(replyIn(webhooks()).context).toMatchObject({ id: newer });
});

test.each(['OFF', 'ON'])(
  'asks for a callback out of the blue: a reply without a call, callbacks %s',
  async (callbacks) => {
    const { act, graph, webhooks } = await running();
    if (callbacks === 'ON') {
      await graph('settings', { calling: { callback_permission_status: 'ENABLED' } });
      await act('call'); // which brings its own permission
      await act('hang-up');
    }
    webhooks();

    await act('permission', { response: 'accept', source: 'callback' });

    const came = webhooks();
    expect(came.map(summary)).toEqual(['interactive']);
    expect(replyIn(came)).toEqual({
      reply: {
        response: 'accept',
        is_permanent: false,
        expiration_timestamp: inSevenDays,
        response_source: 'automatic',
      },
    });
  },
);

test('asks for a callback after a call that brought no permission of its own', async () => {
  const { act, webhooks } = await running();
  const { body } = await act('call');
  await act('hang-up');
  webhooks();

  await act('permission', { response: 'accept', source: 'callback' });

  expect(replyIn(webhooks()).context).toMatchObject({ id: body.metaCallId });
});

test('asks for no callback of a number that may call for good', async () => {
  const { permit, act, place } = await running();
  await permit();

  const asked = await act('permission', { response: 'accept', source: 'callback' });

  expect(asked).toMatchObject({ code: 409, body: { code: 'permission.already_permanent' } });
  expect((await place()).code).toBe(200);
});

test('grants no callback when callbacks are off', async () => {
  const { act, webhooks } = await running();

  await act('call');
  await act('hang-up');

  expect(webhooks().map(summary)).toEqual(['connect', 'terminate']);
});

test('revokes after four calls in a row unanswered or declined, case 6', async () => {
  const simulator = await running();
  const { permit, place, advance, webhooks } = simulator;
  await permit();
  for (let call = 0; call < 3; call++) await missed(simulator);
  expect((await place()).code).toBe(200);
  webhooks();

  await advance(seconds(60));

  const came = webhooks();
  expect(came.map(summary)).toEqual(['terminate', 'interactive']);
  expect(replyIn(came)).toEqual({ reply: { response: 'reject', response_source: 'automatic' } });
  expect((await place()).body.error.code).toBe(138006);
});

test('does not count a call the business cancels while it rings', async () => {
  const simulator = await running();
  const { permit, place, graph } = simulator;
  await permit();
  for (let call = 0; call < 3; call++) await missed(simulator);

  const { body } = await place();
  await graph('calls', { action: 'terminate', call_id: (body.calls as { id: string }[])[0]!.id });

  expect((await place()).code).toBe(200);
});

test.each(['incoming', 'outgoing'])('forgets unanswered calls once an %s call connects', async (direction) => {
  const simulator = await running();
  const { permit, place, act, graph, webhooks } = simulator;
  await permit();
  for (let call = 0; call < 3; call++) await missed(simulator);
  if (direction === 'outgoing') {
    await place();
    await act('answer');
  } else {
    const { body } = await act('call');
    await graph('calls', { action: 'accept', call_id: body.metaCallId, session: answer });
  }
  await act('hang-up');
  webhooks();

  await missed(simulator);

  expect(webhooks().map(summary)).not.toContain('interactive');
});

test('revokes when the customer says so on the business profile', async () => {
  const { act, permit, place, webhooks } = await running();
  await permit();
  webhooks();

  await act('permission', { response: 'reject', source: 'profile' });

  expect(replyIn(webhooks())).toEqual({ reply: { response: 'reject', response_source: 'user_action' } });
  expect((await place()).body.error.code).toBe(138006);
});

test.each([
  ['just before it expires', days(7) - 1, 200],
  ['when it expires', days(7), 401],
])('judges a temporary permission %s', async (_when, after, code) => {
  const simulator = await running();
  await requested(simulator);
  await simulator.act('permission', { response: 'accept', source: 'request' });

  await simulator.advance(after);

  expect((await simulator.place()).code).toBe(code);
});

test.each([
  ['a second request within 24 hours', [0, hours(24) - 1], [200, 138009]],
  ['a second request after 24 hours', [0, hours(24)], [200, 200]],
  ['a third request within seven days', [0, hours(24), days(7) - 1], [200, 200, 138009]],
  ['a third request after seven days', [0, hours(24), days(7)], [200, 200, 200]],
])('judges %s', async (_title, instants, expected) => {
  const { requestPermission, advance, clock } = await running();

  const answers = [];
  for (const at of instants) {
    await advance(start + at - clock.now());
    const { code, body } = await requestPermission();
    answers.push(body.error?.code ?? code);
  }

  expect(answers).toEqual(expected);
});

test('forgets requests once a call connects', async () => {
  const { requestPermission, act, graph } = await running();
  await requestPermission();
  const { body } = await act('call');
  await graph('calls', { action: 'accept', call_id: body.metaCallId, session: answer });

  expect((await requestPermission()).code).toBe(200);
});

test('does not count a request that was not delivered', async () => {
  const { requestPermission, act } = await running();
  await act('reachable', { reachable: false });
  await requestPermission();
  await act('reachable', { reachable: true });

  expect((await requestPermission()).code).toBe(200);
});

test('refuses a request to a customer who permitted calls for good', async () => {
  const { permit, requestPermission } = await running();
  await permit();

  expect((await requestPermission()).body.error.code).toBe(138017);
});

test('keeps permissions per business number', async () => {
  const { permit, send } = await running();
  await permit();

  const { body } = await send('GET', `/800000000000002/call_permissions?user_wa_id=${waId}`);

  expect(body.permission).toEqual({ status: 'no_permission' });
});

test('reports permission, use and limits', async () => {
  const simulator = await running();
  const { send, act, place } = simulator;
  const path = `/v23.0/${channelId}/call_permissions?user_wa_id=${waId}`;
  await requested(simulator);
  const day = { time_period: 'PT24H', max_allowed: 1, current_usage: 1, limit_expiration_time: start / 1_000 + 86_400 };

  expect((await send('GET', path)).body).toEqual({
    messaging_product: 'whatsapp',
    permission: { status: 'no_permission' },
    actions: [
      {
        action_name: 'send_call_permission_request',
        can_perform_action: false,
        limits: [day, { time_period: 'P7D', max_allowed: 2, current_usage: 1 }],
      },
      {
        action_name: 'start_call',
        can_perform_action: false,
        limits: [{ time_period: 'PT24H', max_allowed: 10, current_usage: 0 }],
      },
    ],
  });

  await act('permission', { response: 'accept', source: 'request' });
  await place();
  await act('answer');

  expect((await send('GET', path)).body).toMatchObject({
    permission: { status: 'temporary', expiration_time: Number(inSevenDays) },
    actions: [{ can_perform_action: true }, { can_perform_action: true, limits: [{ current_usage: 1 }] }],
  });
});

test.each([
  ['ten', 9, 200],
  ['eleven', 10, 400],
])('judges %s connected calls in 24 hours', async (_title, before, code) => {
  const { permit, place, act } = await running();
  await permit();
  for (let call = 0; call < before; call++) {
    await place();
    await act('answer');
    await act('hang-up');
  }

  expect((await place()).code).toBe(code);
});

test('names the moment the next call is allowed, and allows it then', async () => {
  const { permit, place, act, advance } = await running();
  await permit();
  for (let call = 0; call < 10; call++) {
    await place();
    await act('answer');
    await act('hang-up');
  }
  await advance(hours(24) - 1);

  const { error } = (await place()).body;
  expect(error).toMatchObject({ code: 138012, error_data: { details: expect.stringContaining('1795428000') } });
  await advance(1);
  expect((await place()).code).toBe(200);
});
