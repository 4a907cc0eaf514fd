import { expect, test } from 'vitest';
import { answer, channelId, days, hours, permissionTemplate, running, seconds, start, summary } from './running.ts';

const outgoing = 'RESTRICTED_BUSINESS_INITIATED_CALLING';
const incoming = 'RESTRICTED_USER_INITIATED_CALLING';
const both = 'RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING';
const hidden = 'RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN';

/** A number under a restriction, and short ways to see what still goes. */
async function restricted(body: object) {
  const simulator = await running();
  const { tell, permit, place, act, graph, requestPermission, send, webhooks } = simulator;
  await permit();
  await simulator.customers.permit({ waId: '910000000043', channelId }, { response: 'reject', source: 'profile' });
  await simulator.delivered();
  webhooks();
  const told = await tell(`/channels/${channelId}/restrict`, body);
  const code = async (asked: ReturnType<typeof place>) => {
    const { code: status, body } = await asked;
    return body.error?.code ?? body.code ?? status;
  };
  return {
    ...simulator,
    told,
    calls: () => code(place()),
    asks: () => code(graph('messages', { ...permissionTemplate, to: '910000000043' })),
    isCalled: () => code(act('call')),
    changes: () => code(graph('settings', { calling: { callback_permission_status: 'ENABLED' } })),
    calling: async () => (await send('GET', `/${channelId}/settings`)).body.calling as Record<string, unknown>,
    requestPermission,
  };
}

test.each([
  [outgoing, { calls: 138014, asks: 138014, isCalled: 201, changes: 200 }],
  [incoming, { calls: 200, asks: 200, isCalled: 'call.restricted', changes: 200 }],
  [both, { calls: 138014, asks: 138014, isCalled: 'call.restricted', changes: 138014 }],
])('stops what %s stops, and nothing else', async (type, expected) => {
  const { calls, asks, isCalled, changes, act } = await restricted({ type });

  const asked = await asks();
  const changed = await changes();
  const called = await isCalled();
  if (called === 201) await act('hang-up');

  expect({ calls: await calls(), asks: asked, isCalled: called, changes: changed }).toEqual(expected);
});

test.each([
  [{ type: outgoing }, days(7)],
  [{ type: both, for: 'PT12H' }, hours(12)],
])('announces the restriction %o, tells it with the settings, and lets it end by the clock', async (body, lasts) => {
  const { webhooks, calling, advance, calls, told } = await restricted(body);

  const [{ field, value, raw }] = webhooks() as [ReturnType<typeof webhooks>[number]];
  const expiration = (start + lasts) / 1_000;
  expect(field).toBe('account_update');
  expect(value).toEqual({
    phone_number: '910000000001',
    event: 'ACCOUNT_RESTRICTION',
    restriction_info: [{ restriction_type: body.type, expiration }],
  });
  expect(JSON.parse(raw.toString()).entry[0].time).toBe(start / 1_000);
  expect(told.body.restrictions).toEqual([{ type: body.type, until: new Date(start + lasts).toISOString() }]);
  const restrictions_list = [{ type: body.type, reason: expect.any(String), expiration }];
  expect((await calling()).restrictions).toEqual({ restrictions_list });

  await advance(lasts - 1);
  expect(await calls()).toBe(138014);
  await advance(1);
  expect(await calls()).toBe(200);
  expect(await calling()).not.toHaveProperty('restrictions');
});

test('reports that nothing can be done while outgoing calls are restricted, and keeps the permission', async () => {
  const { send } = await restricted({ type: outgoing });

  const { body } = await send('GET', `/${channelId}/call_permissions?user_wa_id=910000000042`);

  expect(body).toMatchObject({
    permission: { status: 'permanent' },
    actions: [{ can_perform_action: false }, { can_perform_action: false }],
  });
});

test('lets a call that is under way go on', async () => {
  const { act, graph, tell, webhooks } = await running();
  const call_id = (await act('call')).body.metaCallId;
  await tell(`/channels/${channelId}/restrict`, { type: both });

  expect((await graph('calls', { action: 'accept', call_id, session: answer })).code).toBe(200);
  await act('hang-up');

  expect(webhooks().map(summary)).toEqual(['connect', 'account_update', 'terminate']);
});

test.each([incoming, both])('shows no call button while %s holds', async (type) => {
  const { calling, advance } = await restricted({ type, for: 'PT1H' });

  expect((await calling()).call_icon_visibility).toBe('DISABLE_ALL');
  await advance(hours(1));
  expect((await calling()).call_icon_visibility).toBe('DEFAULT');
});

test('hides the call button until the business shows it again', async () => {
  const { webhooks, calling, graph, isCalled, act, advance } = await restricted({ type: hidden });

  expect(webhooks().map(({ value }) => value.event ?? value.type)).toEqual([
    'ACCOUNT_RESTRICTION',
    'phone_number_settings',
  ]);
  await advance(days(30));
  expect(await calling()).toMatchObject({
    call_icon_visibility: 'DISABLE_ALL',
    restrictions: { restrictions_list: [{ type: hidden }] },
  });
  expect(await isCalled()).toBe(201); // hiding is not blocking
  await act('hang-up');

  await graph('settings', { calling: { call_icon_visibility: 'DEFAULT' } });
  await graph('settings', { calling: { call_icon_visibility: 'DISABLE_ALL' } });

  expect(await calling()).not.toHaveProperty('restrictions');
});

test('replaces a restriction by a later one of the same type, beside those of other types', async () => {
  const { tell, told } = await restricted({ type: outgoing });
  await tell(`/channels/${channelId}/restrict`, { type: incoming });

  const { body } = await tell(`/channels/${channelId}/restrict`, { type: outgoing, for: 'PT1.5S' });

  expect(told.body.restrictions).toHaveLength(1);
  expect(body.restrictions).toEqual([
    { type: incoming, until: new Date(start + days(7)).toISOString() },
    { type: outgoing, until: new Date(start + seconds(2)).toISOString() },
  ]);
});

test.each([
  [{ type: 'RESTRICTED' }, 'type'],
  [{ type: outgoing, for: '-PT1H' }, 'PT24H'],
  [{ type: outgoing, for: 'P1M' }, 'PT24H'],
  [{ type: outgoing, for: 7 }, 'for'],
  [{ type: hidden, for: 'P7D' }, 'for: a hidden call button has no end'],
  [{ type: outgoing, until: 'P7D' }, 'unknown field until (known: type, for)'],
])('refuses the restriction %o', async (body, named) => {
  const { tell } = await running();

  const { code, body: problem } = await tell(`/channels/${channelId}/restrict`, body);

  expect([code, problem.detail]).toEqual([422, expect.stringContaining(named)]);
});

test.each([
  'LOW_BUSINESS_INITIATED_CALLING_QUALITY',
  'LOW_USER_INITIATED_CALLING_QUALITY',
  'LOW_CALLING_QUALITY',
  'USER_INITIATED_CALLS_LOW_PICKUP_RATE',
])('warns of %s, which stops nothing', async (type) => {
  const { tell, webhooks, permit, place } = await running();
  await permit();
  webhooks();

  await tell(`/channels/${channelId}/violate`, { type });

  const [{ value }] = webhooks() as [ReturnType<typeof webhooks>[number]];
  expect(value).toEqual({
    phone_number: '910000000001',
    event: 'ACCOUNT_VIOLATION',
    violation_info: { violation_type: type, remediation: expect.any(String) },
  });
  expect((await place()).code).toBe(200);
});
