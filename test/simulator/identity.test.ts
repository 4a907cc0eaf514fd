import { expect, test } from 'vitest';
import { answer, permissionRequest, permissionTemplate, running, waId } from './running.ts';

const userId = 'IN.10000910000000042';
const invite = {
  to: waId,
  type: 'interactive',
  interactive: { type: 'voice_call', body: { text: 'Tap to call' }, action: { name: 'voice_call' } },
};

const like = (profile: object) => [`/customers/${waId}/profile`, profile] as const;

test('never tells the number of a customer who hides it, but who they are', async () => {
  const { tell, act, graph, webhooks, send, place } = await running();
  await tell(...like({ hidesNumber: true, username: 'asha.synth', parentUserId: 'IN.ENT.42' }));

  const { body } = await act('call', { name: 'Asha' });
  await graph('calls', { action: 'accept', call_id: body.metaCallId, session: answer });
  await act('hang-up');
  const sent = await graph('messages', { ...permissionTemplate, to: undefined, recipient: userId });
  await act('permission', { response: 'accept', source: 'request' });
  await place({ to: undefined, recipient: userId });
  await act('answer');
  await act('hang-up');

  const came = webhooks();
  expect(came.map(({ raw }) => raw.toString().includes(`"${waId}"`))).not.toContain(true);
  expect(sent.body.contacts).toEqual([{ input: userId, user_id: userId }]);
  const [connect] = came;
  expect(connect!.value).toMatchObject({
    contacts: [{ profile: { name: 'Asha', username: 'asha.synth' }, user_id: userId, parent_user_id: 'IN.ENT.42' }],
    calls: [{ from_user_id: userId, from_parent_user_id: 'IN.ENT.42', to: '910000000001' }],
  });
  const outgoing = came.find(({ value }) => value.calls?.[0]?.direction === 'BUSINESS_INITIATED');
  expect(outgoing!.value.calls![0]).toMatchObject({ from: '910000000001', to_user_id: userId });
  const status = came.find(({ value }) => value.statuses?.[0]?.type === 'call');
  expect(status!.value.statuses![0]).toMatchObject({
    recipient_user_id: userId,
    recipient_parent_user_id: 'IN.ENT.42',
  });
  expect((await send('GET', `/800000000000001/call_permissions?recipient=${userId}`)).code).toBe(200);
});

test('keeps what it was told of a customer before', async () => {
  const { tell, act, webhooks } = await running();
  await tell(...like({ username: 'asha.synth' }));
  await tell(...like({ name: 'Asha' }));

  await act('message', { text: 'Hi' });

  expect(webhooks()[0]!.value.contacts).toMatchObject([{ profile: { name: 'Asha', username: 'asha.synth' } }]);
});

test.each([
  ['a permission request', permissionRequest, 'failed'],
  ['a permission request by template', permissionTemplate, 'failed'],
  ['a call button', invite, 'failed'],
  ['a text', { to: waId, type: 'text', text: { body: 'Hello' } }, 'delivered'],
])('brings %s to an old client: %s', async (_title, message, expected) => {
  const { tell, act, graph, webhooks } = await running();
  await act('message', { text: 'Hi' });
  await tell(...like({ hasOldClient: true }));
  webhooks();

  expect((await graph('messages', message)).code).toBe(200);

  const statuses = webhooks().map(({ value }) => value.statuses![0]!);
  expect(statuses.map(({ status }) => status)).toEqual(['sent', expected]);
  if (expected === 'failed') expect(statuses[1]).toMatchObject({ errors: [{ code: 131026 }] });
});

test('does not count what an old client could not show, and calls no old client', async () => {
  const { tell, requestPermission, permit, place } = await running();
  await tell(...like({ hasOldClient: true }));
  await requestPermission();
  await permit();
  expect((await place()).body.error.code).toBe(138001);

  await tell(...like({ hasOldClient: false }));

  expect((await place()).code).toBe(200);
});

test.each([
  [{ hidden: true }, 'unknown field hidden'],
  [{ hidesNumber: 'yes' }, 'hidesNumber'],
  [{ name: '' }, 'name'],
])('refuses the profile %o', async (profile, named) => {
  const { code, body } = await (await running()).tell(...like(profile));

  expect([code, body.detail]).toEqual([422, expect.stringContaining(named)]);
});
