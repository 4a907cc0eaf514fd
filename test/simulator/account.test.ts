import { expect, test } from 'vitest';
import { channelId, permissionTemplate, running, summary } from './running.ts';

const at = (what: string) => `/channels/${channelId}/${what}`;
const enable = { calling: { status: 'ENABLED' } };

test.each([
  ['no payment method', { paymentMethod: false }, 131044],
  ['a country without outgoing calls', { country: 'US' }, 138013],
])('refuses a call of a number with %s', async (_title, account, code) => {
  const { tell, permit, place } = await running();
  await permit();
  await tell(at('account'), account);

  expect((await place()).body.error.code).toBe(code);

  await tell(at('account'));
  expect((await place()).code).toBe(200);
});

test('refuses to ask for permission where outgoing calls are not to be had', async () => {
  const { tell, requestPermission } = await running();
  await tell(at('account'), { country: 'NG' });

  expect((await requestPermission()).body.error.code).toBe(138013);
});

test('tells of a customer’s call nobody pays for as an error', async () => {
  const { tell, act, webhooks } = await running();
  await tell(at('account'), { paymentMethod: false });

  expect(await act('call')).toMatchObject({ code: 409, body: { code: 'call.no_payment_method' } });

  const [{ field, value }] = webhooks() as [ReturnType<typeof webhooks>[number]];
  expect([field, value.calls, value.errors]).toEqual(['calls', undefined, [expect.objectContaining({ code: 131044 })]]);
});

test.each([
  [138015, { messagingLimit: 1_999 }, enable],
  [200, { messagingLimit: 2_000 }, enable],
  [138018, { subscribedToCalls: false }, enable],
  [200, { subscribedToCalls: false }, { calling: { status: 'ENABLED', sip: { status: 'ENABLED' } } }],
  [200, { messagingLimit: 250, subscribedToCalls: false }, { calling: { status: 'DISABLED' } }],
])('answers %i to a number with %o that is to be set to %o', async (expected, account, settings) => {
  const { tell, graph } = await running();
  await tell(at('account'), account);

  const { code, body } = await graph('settings', settings);

  expect(body.error?.code ?? code).toBe(expected);
});

test('tells of settings that somebody else changed', async () => {
  const { tell, webhooks, send } = await running();

  const { code } = await tell(at('settings'), { calling: { callback_permission_status: 'ENABLED' } });

  expect(code).toBe(200);
  expect(webhooks().map(summary)).toEqual(['account_settings_update']);
  const { body } = await send('GET', `/${channelId}/settings`);
  expect(body.calling).toMatchObject({ callback_permission_status: 'ENABLED' });
});

test.each([
  ['settings', { calling: { state: 'ENABLED' } }, 'unknown field calling.state'],
  ['settings', { status: 'ENABLED' }, 'unknown field status (known: calling)'],
  ['settings', { calling: { status: 'on' } }, 'calling.status'],
  ['account', { country: 'India' }, 'country'],
  ['account', { paid: true }, 'unknown field paid'],
  ['violate', { type: 'BAD' }, 'type'],
])('names what is wrong with /%s %o', async (what, body, named) => {
  const { tell } = await running();

  const { code, body: problem } = await tell(at(what), body);

  expect([code, problem.detail]).toEqual([422, expect.stringContaining(named)]);
});

test('refuses a channel that is no number’s id', async () => {
  const { send } = await running();

  expect(await send('GET', '/simulator/channels/growth')).toMatchObject({
    code: 422,
    body: { code: 'request.invalid' },
  });
});

test('tells all it knows of a number', async () => {
  const { send, act } = await running();
  await act('call');

  const { body } = await send('GET', `/simulator/channels/${channelId}`);

  expect(body).toMatchObject({
    channelId,
    settings: { status: 'ENABLED' },
    account: { paymentMethod: true, country: 'IN', messagingLimit: 2_000, subscribedToCalls: true },
    restrictions: [],
    limits: { connectedPer24h: 10 },
    liveCalls: 1,
  });
});

test('tells all it knows of a customer and a number', async () => {
  const { send, act, requestPermission } = await running();
  const { body: sent } = await requestPermission();
  await act('call', { name: 'Asha' });

  const { body } = await send('GET', `/simulator/customers/${permissionTemplate.to}?channelId=${channelId}`);

  expect(body).toEqual({
    waId: '910000000042',
    name: 'Asha',
    hidesNumber: false,
    hasOldClient: false,
    channelId,
    reachable: true,
    permission: { kind: 'none' },
    requests: [
      { messageId: (sent.messages as { id: string }[])[0]!.id, answered: false, until: '2026-11-29T10:00:00.000Z' },
    ],
    unansweredInRow: 0,
    isWarned: false,
    serviceWindowUntil: '2026-11-23T10:00:00.000Z',
    call: { metaCallId: expect.stringMatching(/^wacid\./), direction: 'USER_INITIATED', state: 'ringing' },
  });
});
