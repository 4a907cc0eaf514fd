import { expect, test } from 'vitest';
import {
  answer,
  channelId,
  hours,
  offer,
  permissionRequest,
  permissionTemplate,
  running,
  seconds,
  summary,
  waId,
} from './running.ts';

const text = { to: waId, type: 'text', text: { body: 'Hello' } };
const invite = {
  to: waId,
  type: 'interactive',
  interactive: { type: 'voice_call', body: { text: 'Tap to call' }, action: { name: 'voice_call' } },
};

test.each(['', '/v23.0', '/v99.1'])('serves paths that begin with "%s"', async (version) => {
  const { send } = await running();

  expect((await send('GET', `${version}/${channelId}/settings`)).code).toBe(200);
});

test('answers a placed call with its id, in the shape of the reference', async () => {
  const { permit, place } = await running();
  await permit();

  expect((await place()).body).toEqual({
    messaging_product: 'whatsapp',
    calls: [{ id: expect.stringMatching(/^wacid\./) }],
  });
});

test('finds a customer by their business-scoped id', async () => {
  const { permit, place, send, webhooks } = await running();
  await permit();
  const [reply] = webhooks();
  const recipient = reply!.value.messages![0]!.from_user_id;

  expect((await place({ to: undefined, recipient })).code).toBe(200);
  const { body } = await send('GET', `/${channelId}/call_permissions?recipient=${recipient}`);
  expect(body.permission).toEqual({ status: 'permanent' });
});

test('lets a call be pre-accepted, accepted and terminated', async () => {
  const { act, graph, webhooks } = await running();
  const call_id = (await act('call')).body.metaCallId;
  const done = { messaging_product: 'whatsapp', success: true };

  expect((await graph('calls', { action: 'pre_accept', call_id, session: answer })).body).toEqual(done);
  expect((await graph('calls', { action: 'accept', call_id, session: answer })).body).toEqual(done);
  expect((await graph('calls', { action: 'terminate', call_id })).body).toEqual(done);

  const [, terminate] = webhooks();
  expect(terminate!.value.calls![0]).toMatchObject({ event: 'terminate', status: 'COMPLETED', duration: 0 });
});

test('lets a call be rejected, which ends it without timing', async () => {
  const { act, graph, webhooks } = await running();
  const call_id = (await act('call')).body.metaCallId;

  await graph('calls', { action: 'reject', call_id });

  const [, terminate] = webhooks();
  expect(terminate!.value.calls![0]).not.toHaveProperty('duration');
});

test.each([
  ['an unknown action', { action: 'hold', call_id: 'wacid.1' }, 'action'],
  ['a call to nobody', { action: 'connect', session: offer }, 'to'],
  ['a call to a name', { action: 'connect', to: 'Asha', session: offer }, 'to'],
  ['a call without SDP', { action: 'connect', to: waId }, 'session'],
  ['a call that offers an answer', { action: 'connect', to: waId, session: answer }, 'session.sdp_type'],
  ['SDP that is none', { action: 'connect', to: waId, session: { ...offer, sdp: 'hello' } }, 'session.sdp'],
  ['an unknown call', { action: 'terminate', call_id: 'wacid.NONE' }, 'call_id'],
  ['an accept without SDP', { action: 'accept', call_id: 'wacid.1' }, 'session'],
  [
    'too much callback data',
    { action: 'connect', to: waId, session: offer, biz_opaque_callback_data: 'x'.repeat(513) },
    'biz_opaque_callback_data',
  ],
])('refuses %s with error 100 that names it', async (_title, body, named) => {
  const { graph } = await running();

  const { code, body: answered } = await graph('calls', body);

  expect(code).toBe(400);
  expect(answered.error).toEqual({
    message: '(#100) Invalid parameter',
    type: 'OAuthException',
    code: 100,
    error_data: { messaging_product: 'whatsapp', details: expect.stringMatching(new RegExp(`^${named}:`)) },
    fbtrace_id: expect.any(String),
  });
});

test.each(['accept', 'reject', 'terminate'])('refuses to %s a call that has ended', async (action) => {
  const { act, graph } = await running();
  const call_id = (await act('call')).body.metaCallId;
  await act('hang-up');

  const { body } = await graph('calls', { action, call_id, session: answer });

  expect(body.error).toMatchObject({ code: 100, error_data: { details: expect.stringContaining('already ended') } });
});

test.each([
  ['accepting', { action: 'accept', session: answer }],
  ['rejecting', { action: 'reject' }],
])('refuses %s twice', async (_title, action) => {
  const { act, graph } = await running();
  const call_id = (await act('call')).body.metaCallId;
  await graph('calls', { action: 'accept', call_id, session: answer });

  expect((await graph('calls', { ...action, call_id })).body.error.code).toBe(100);
});

test('refuses an accept whose SDP differs from the pre-accept', async () => {
  const { act, graph } = await running();
  const call_id = (await act('call')).body.metaCallId;
  await graph('calls', { action: 'pre_accept', call_id, session: answer });

  const { body } = await graph('calls', { action: 'accept', call_id, session: { ...answer, sdp: 'v=0\r\nother' } });

  expect(body.error).toMatchObject({ code: 100, error_data: { details: expect.stringContaining('pre_accept') } });
});

test('refuses to act on a call of another number', async () => {
  const { act, send } = await running();
  const call_id = (await act('call')).body.metaCallId;

  const { body } = await send('POST', '/800000000000002/calls', {
    messaging_product: 'whatsapp',
    action: 'reject',
    call_id,
  });

  expect(body.error.code).toBe(100);
});

test('refuses a call without permission', async () => {
  const { place } = await running();

  expect(await place()).toMatchObject({ code: 401, body: { error: { code: 138006 } } });
});

test('refuses a second call with the same customer while one runs', async () => {
  const { act, permit, place } = await running();
  await permit();
  await act('call');

  expect(await place()).toMatchObject({ code: 400, body: { error: { code: 138003 } } });
});

test('refuses a call to a customer it cannot reach', async () => {
  const { act, permit, place } = await running();
  await permit();
  await act('reachable', { reachable: false });

  expect(await place()).toMatchObject({ code: 400, body: { error: { code: 138001 } } });
});

test.each([
  [138000, { status: 'DISABLED' }],
  [131055, { sip: { status: 'ENABLED' } }],
])('refuses a call with %i by the settings', async (code, calling) => {
  const { graph, permit, place } = await running();
  await permit();
  await graph('settings', { calling });

  expect((await place()).body.error.code).toBe(code);
});

test('refuses whoever has no token', async () => {
  const { send } = await running();

  const answered = await send('GET', `/${channelId}/settings`, undefined, 'wrong');

  expect(answered).toMatchObject({ code: 401, body: { error: { code: 190 } } });
});

test.each([
  ['POST', `/v23.0/${channelId}/registrations`],
  ['GET', `/v23.0/${channelId}/registrations`],
])('refuses what it does not serve: %s %s', async (method, path) => {
  const { send } = await running();

  expect(await send(method, path, method === 'POST' ? {} : undefined)).toMatchObject({
    code: 400,
    body: { error: { code: 100, error_data: { details: expect.stringContaining('Unsupported request') } } },
  });
});

test('refuses a body that is not JSON', async () => {
  const { send } = await running();

  expect(await send('POST', `/${channelId}/calls`, '{')).toMatchObject({ code: 400, body: { error: { code: 100 } } });
});

test.each([
  ['text', text],
  ['permission request', permissionRequest],
  ['call button', invite],
])('sends a %s only inside the service window', async (_title, message) => {
  const { graph, act, advance } = await running();
  const outside = await graph('messages', message);
  await act('message', { text: 'Hi' });
  await advance(hours(24) - 1);
  const inside = await graph('messages', message);
  await advance(1);
  const after = await graph('messages', message);

  expect([outside.body.error.code, inside.code, after.body.error.code]).toEqual([131047, 200, 131047]);
});

test.each(['calls', 'answers a call'])('opens the service window when the customer %s', async (how) => {
  const { graph, act, permit, place } = await running();
  await permit();
  if (how === 'calls') await act('call');
  else {
    await place();
    await act('answer');
  }

  expect((await graph('messages', text)).code).toBe(200);
});

test('answers a sent message in the shape of the reference', async () => {
  const { requestPermission } = await running();

  expect((await requestPermission()).body).toEqual({
    messaging_product: 'whatsapp',
    contacts: [{ input: waId, wa_id: waId, user_id: 'IN.10000910000000042' }],
    messages: [{ id: expect.stringMatching(/^wamid\./) }],
  });
});

test.each([
  ['a header', { header: { type: 'text', text: 'Hi' } }],
  ['a footer', { footer: { text: 'Bye' } }],
])('refuses a permission request with %s', async (_title, extra) => {
  const { graph, act } = await running();
  await act('message', { text: 'Hi' });

  const { body } = await graph('messages', {
    ...permissionRequest,
    interactive: { ...permissionRequest.interactive, ...extra },
  });

  expect(body.error.code).toBe(100);
});

const template = (name: string, component: object) => ({
  name,
  language: 'en',
  category: 'MARKETING',
  components: [{ type: 'BODY', text: 'Hello {{1}}' }, component],
});

test('approves a template at once and says so', async () => {
  const { send, webhooks } = await running();

  const { body } = await send('POST', '/v23.0/900000000000001/message_templates', template('t1', { type: 'FOOTER' }));

  expect(body).toEqual({ id: '700000000000001', status: 'PENDING', category: 'MARKETING' });
  const [approved] = webhooks();
  expect(approved).toMatchObject({ field: 'message_template_status_update', value: { event: 'APPROVED' } });
  const { body: listed } = await send('GET', '/900000000000001/message_templates');
  expect(listed.data).toMatchObject([{ name: 't1', status: 'APPROVED' }]);
});

test('knows a registered template for what it is, and its price', async () => {
  const { send, graph, act, webhooks } = await running();
  const register = (body: object) => send('POST', '/900000000000001/message_templates', body);
  await register(template('ask', { type: 'call_permission_request' }));
  await register(template('invite', { type: 'BUTTONS', buttons: [{ type: 'voice_call', text: 'Call' }] }));
  const components = [{ type: 'body', parameters: [{ type: 'text', text: 'Asha' }] }];
  const sendTemplate = (name: string) =>
    graph('messages', { ...permissionTemplate, template: { ...permissionTemplate.template, name, components } });
  webhooks();

  await sendTemplate('invite');
  expect((await act('permission', { response: 'accept', source: 'request' })).code).toBe(409);
  await sendTemplate('ask');
  expect((await act('permission', { response: 'accept', source: 'request' })).code).toBe(200);

  expect(webhooks()[0]!.value.statuses![0]!.pricing).toMatchObject({ category: 'marketing', type: 'regular' });
});

test('takes an unregistered template with a call button for an invite', async () => {
  const { graph } = await running();
  const button = { type: 'button', sub_type: 'voice_call', parameters: [{ type: 'ttl_minutes', ttl_minutes: 100 }] };
  const invitation = { ...permissionTemplate, template: { ...permissionTemplate.template, components: [button] } };

  const codes = [];
  for (const message of [invitation, invitation, permissionTemplate])
    codes.push((await graph('messages', message)).code);

  expect(codes).toEqual([200, 200, 200]);
});

test.each(['an outgoing', 'an incoming'])('ends %s call nobody answers after a minute', async (direction) => {
  const { act, permit, place, advance, webhooks } = await running();
  await permit();
  if (direction === 'an incoming') await act('call');
  else await place();
  webhooks();

  await advance(seconds(60) - 1);
  expect(webhooks()).toEqual([]);
  await advance(1);
  expect(webhooks().map(summary)).toEqual(['terminate']);
});
