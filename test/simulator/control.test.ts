import { expect, test } from 'vitest';
import { createRequestLog } from '../../simulator/request-log.ts';
import { answer, channelId, running, waId } from './running.ts';

test('answers a customer’s call with its id', async () => {
  const { act, webhooks } = await running();

  const { code, body } = await act('call');

  expect(code).toBe(201);
  expect(body).toEqual({ metaCallId: webhooks()[0]!.value.calls![0]!.id });
});

test('serves its control under a version too, for a program whose Graph address carries one', async () => {
  const { send } = await running();

  expect((await send('GET', '/v23.0/simulator/clock')).code).toBe(200);
});

test('remembers a customer’s name', async () => {
  const { act, webhooks } = await running();
  await act('call', { name: 'Asha' });
  await act('hang-up');
  await act('message', { text: 'Hi' });

  const [, , message] = webhooks();
  expect(message!.value.contacts).toMatchObject([{ profile: { name: 'Asha' } }]);
});

test('lets a customer call although calling is off and hidden', async () => {
  const { act, graph } = await running();
  await graph('settings', { calling: { status: 'DISABLED', call_icon_visibility: 'DISABLE_ALL' } });

  expect((await act('call')).code).toBe(201);
});

test.each([
  ['answer', {}, 'call.none_ringing'],
  ['decline', {}, 'call.none_ringing'],
  ['hang-up', {}, 'call.none_live'],
  ['fail', {}, 'call.none_live'],
  ['permission', { response: 'accept', source: 'request' }, 'permission.not_requested'],
])('refuses /%s when there is nothing to do it to', async (what, body, refusal) => {
  const { act } = await running();

  const answered = await act(what, body);

  expect(answered).toMatchObject({ code: 409, body: { status: 409, code: refusal } });
  expect(answered.body.detail).toMatch(new RegExp(`${waId}.*: .* first`));
});

test.each([
  ['answer', 'call.none_ringing'],
  ['decline', 'call.none_ringing'],
  ['call', 'call.already_live'],
])('refuses /%s while the customer’s own call rings', async (what, refusal) => {
  const { act } = await running();
  await act('call');

  expect(await act(what)).toMatchObject({ code: 409, body: { code: refusal } });
});

test('carries the payloads of the button and the link a customer called by', async () => {
  const { act, webhooks } = await running();

  await act('call', { ctaPayload: 'invite-7781', deeplinkPayload: 'site-header' });
  await act('hang-up');

  const payloads = { cta_payload: 'invite-7781', deeplink_payload: 'site-header' };
  expect(webhooks().map(({ value }) => value.calls![0])).toMatchObject([payloads, payloads]);
});

test.each([7, 'PT7S'])('lets a customer hang up after %s', async (hangUpAfter) => {
  const { act, advance, webhooks, permit, place } = await running();
  await act('call', { hangUpAfter });
  await advance(7_000 - 1);
  expect(webhooks()).toHaveLength(1);
  await advance(1);
  expect(webhooks()).toHaveLength(1);

  await permit();
  await place();
  await act('answer', { hangUpAfter });
  await advance(7_000);

  expect(webhooks().at(-1)!.value.calls![0]).toMatchObject({ event: 'terminate', duration: 7 });
});

test('refuses to hang up a call that only rings', async () => {
  const { act, permit, place } = await running();
  await permit();
  await place();

  expect(await act('hang-up')).toMatchObject({ code: 409, body: { code: 'call.not_answered' } });
});

test.each([
  [
    'call',
    { hangupAfter: 3 },
    'unknown field hangupAfter (known: channelId, hangUpAfter, name, ctaPayload, deeplinkPayload)',
  ],
  ['call', { hangUpAfter: -1 }, 'hangUpAfter'],
  ['message', {}, 'text'],
  ['permission', { response: 'maybe', source: 'request' }, 'response'],
  ['permission', { response: 'reject', source: 'callback' }, 'accept'],
  ['permission', { response: 'reject', permanent: true, source: 'profile' }, 'permanent'],
  ['permission', { response: 'accept', permanent: true, source: 'callback' }, 'permanent'],
  ['permission', { response: 'accept', source: 'profile', messageId: 'wamid.1' }, 'messageId'],
  ['call', { hangUpAfter: '-PT5S' }, 'hangUpAfter'],
  ['call', { hangUpAfter: 'PT25H' }, 'hangUpAfter'],
  ['call', { hangUpAfter: '5' }, 'PT20S'],
  ['call', { name: 7 }, 'name'],
  ['answer', { channelId: 'one' }, 'channelId'],
  ['fail', { code: 100 }, 'code'],
])('names what is wrong with /%s %o', async (what, body, named) => {
  const { act } = await running();

  const answered = await act(what, body);

  expect(answered).toMatchObject({ code: 422, body: { code: 'request.invalid', status: 422 } });
  expect(answered.body.detail).toContain(named);
});

test.each([
  ['POST', '/simulator/clock', { advance: 'PT1S', by: 1 }, 422, 'unknown field by (known: advance)'],
  ['POST', '/simulator/faults', { lose: 1 }, 422, 'unknown field lose'],
  ['POST', '/simulator/faults', { drop: 1.01 }, 422, 'drop'],
  ['GET', '/simulator/requests?channel=1', undefined, 422, 'unknown field channel (known: phoneNumberId)'],
  ['POST', '/simulator/customers/asha/call', { channelId }, 422, 'waId'],
  ['POST', `/simulator/customers/${waId}/sing`, { channelId }, 404, '/sing'],
  ['POST', '/simulator/clock', '{', 400, 'JSON'],
])('answers %s %s %o with a problem', async (method, path, body, status, named) => {
  const { send } = await running();

  const answered = await send(method, path, body);

  expect(answered).toMatchObject({ code: status, body: { type: 'about:blank', title: expect.any(String), status } });
  expect(answered.body.detail).toContain(named);
});

test('lists what was asked of Meta, newest last', async () => {
  const { act, graph, send, place } = await running();
  const call_id = (await act('call')).body.metaCallId;
  const accept = { messaging_product: 'whatsapp', action: 'accept', call_id, session: answer };
  await graph('calls', accept);
  await place();
  await send('GET', '/800000000000002/settings');

  const { body } = await send('GET', '/simulator/requests');
  const { body: ofOne } = await send('GET', `/simulator/requests?phoneNumberId=${channelId}`);

  const at = '2026-11-22T10:00:00.000Z';
  expect(body.items).toEqual([
    { method: 'POST', path: `/v23.0/${channelId}/calls`, body: accept, status: 200, at },
    expect.objectContaining({ body: expect.objectContaining({ action: 'connect' }), status: 401 }),
    { method: 'GET', path: '/800000000000002/settings', body: null, status: 200, at },
  ]);
  expect(ofOne.items).toEqual((body.items as unknown[]).slice(0, 2));
});

test('keeps the last thousand requests', () => {
  const requests = createRequestLog();
  const asked = (path: string) => requests.add({ method: 'GET', path, body: null, status: 200, at: '' });
  for (let number = 0; number < 1_001; number++) asked(`/${number}/settings`);

  const paths = requests.list().map(({ path }) => path);

  expect([paths.length, paths[0], paths.at(-1)]).toEqual([1_000, '/1/settings', '/1000/settings']);
});
