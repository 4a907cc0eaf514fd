import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { answer, appSecret, permissionTemplate, running, seconds, summary, waId } from './running.ts';
import { shape } from './shape.ts';

const header = {
  messaging_product: 'string',
  metadata: { display_phone_number: 'string', phone_number_id: 'string' },
};
const withContact = {
  ...header,
  contacts: [{ profile: { name: 'string' }, wa_id: 'string', user_id: 'string' }],
};
const call = { id: 'string', from: 'string', to: 'string', event: 'string', timestamp: 'string', direction: 'string' };
const fromUser = { from_user_id: 'string' };
const toUser = { to_user_id: 'string' };
const session = { sdp_type: 'string', sdp: 'string' };
const ended = { ...call, status: 'string' };
const timing = { start_time: 'string', end_time: 'string', duration: 'number' };
const status = {
  id: 'string',
  status: 'string',
  timestamp: 'string',
  recipient_id: 'string',
  recipient_user_id: 'string',
};
const pricing = { billable: 'boolean', pricing_model: 'string', category: 'string', type: 'string' };
const failure = { code: 'number', message: 'string', href: 'string', error_data: { details: 'string' } };
const opaque = { biz_opaque_callback_data: 'string' };

test('sends the webhooks of an incoming call in the shape of the samples', async () => {
  const { act, graph, webhooks } = await running();

  const { body } = await act('call', { name: 'Asha', ctaPayload: 'invite-7781' });
  const call_id = body.metaCallId;
  await graph('calls', { action: 'accept', call_id, session: answer, biz_opaque_callback_data: 'agent:17' });
  await act('hang-up');

  const [connect, terminate] = webhooks();
  expect(shape(connect!.value)).toEqual({
    ...withContact,
    calls: [{ ...call, ...fromUser, cta_payload: 'string', session }],
  });
  expect(shape(terminate!.value)).toEqual({
    ...withContact,
    calls: [{ ...ended, ...fromUser, ...timing, ...opaque, cta_payload: 'string' }],
  });
  expect(connect!.value.calls![0]).toMatchObject({
    id: call_id,
    from: waId,
    to: '910000000001',
    direction: 'USER_INITIATED',
    timestamp: '1795341600',
    session: { sdp_type: 'offer', sdp: expect.stringMatching(/^v=0\r\n.*a=setup:actpass\r\n/s) },
  });
});

test('sends the webhooks of an outgoing call in the shape of the samples', async () => {
  const { act, place, permit, webhooks, advance } = await running();
  await permit();
  webhooks();

  await place({ biz_opaque_callback_data: 'call:1' });
  await advance(seconds(19));
  await act('answer');
  await advance(seconds(138));
  await act('hang-up');

  const [connect, ringing, accepted, terminate] = webhooks();
  expect(shape(connect!.value)).toEqual({ ...withContact, calls: [{ ...call, ...toUser, ...opaque, session }] });
  for (const webhook of [ringing!, accepted!]) {
    expect(shape(webhook.value)).toEqual({ ...header, statuses: [{ ...status, ...opaque, type: 'string' }] });
  }
  expect(shape(terminate!.value)).toEqual({ ...withContact, calls: [{ ...ended, ...toUser, ...timing, ...opaque }] });
  expect(connect!.value.calls![0]).toMatchObject({ from: '910000000001', to: waId, session: { sdp_type: 'answer' } });
  expect(terminate!.value.calls![0]).toMatchObject({
    status: 'COMPLETED',
    start_time: '1795341619',
    end_time: '1795341757',
    duration: 138,
    biz_opaque_callback_data: 'call:1',
  });
});

test('ends a call nobody picked up without timing', async () => {
  const { act, webhooks } = await running();

  await act('call');
  await act('hang-up');

  const [, terminate] = webhooks();
  expect(shape(terminate!.value)).toEqual({ ...withContact, calls: [{ ...ended, ...fromUser }] });
  expect(terminate!.value.calls![0]).toMatchObject({ status: 'COMPLETED' });
});

test.each(['ringing', 'answered'])('ends a failed call, %s before, with its error and no timing', async (before) => {
  const { act, graph, webhooks } = await running();
  const { body } = await act('call');
  if (before === 'answered') await graph('calls', { action: 'accept', call_id: body.metaCallId, session: answer });

  await act('fail', { code: 138020 });

  const [, terminate] = webhooks();
  expect(shape(terminate!.value)).toEqual({ ...withContact, calls: [{ ...ended, ...fromUser }], errors: [failure] });
  expect(terminate!.value).toMatchObject({ calls: [{ status: 'FAILED' }], errors: [{ code: 138020 }] });
});

test('sends a decline as a status before the end', async () => {
  const { act, place, permit, webhooks } = await running();
  await permit();
  await place();
  webhooks();

  await act('decline');

  expect(webhooks().map(summary)).toEqual(['REJECTED', 'terminate']);
});

test('reports a message sent, delivered and, once the customer looks, read', async () => {
  const { graph, act, webhooks } = await running();

  await graph('messages', { ...permissionTemplate, biz_opaque_callback_data: 'cpr:1' });
  const untilDelivered = webhooks();
  await act('message', { text: 'Yes?' });
  const [read, text] = webhooks();

  expect([...untilDelivered, read!].map(summary)).toEqual(['sent', 'delivered', 'read']);
  for (const webhook of [...untilDelivered, read!]) {
    expect(shape(webhook.value)).toEqual({ ...header, statuses: [{ ...status, ...opaque, pricing }] });
  }
  expect(shape(text!.value)).toEqual({
    ...withContact,
    messages: [
      { from: 'string', ...fromUser, id: 'string', timestamp: 'string', type: 'string', text: { body: 'string' } },
    ],
  });
});

test('reports a message to a customer it cannot reach as failed', async () => {
  const { graph, act, webhooks } = await running();

  await act('reachable', { reachable: false });
  await graph('messages', permissionTemplate);

  const [, failed] = webhooks();
  expect(failed!.value.statuses![0]).toEqual({
    id: expect.stringMatching(/^wamid\./),
    status: 'failed',
    timestamp: '1795341600',
    recipient_id: waId,
    recipient_user_id: 'IN.10000910000000042',
    errors: [{ code: 131026, title: 'Message undeliverable' }],
  });
});

test('signs the raw bytes, with everything beyond ASCII escaped', async () => {
  const { act, webhooks } = await running();

  await act('call', { name: 'Asha Synthétique 😀' });

  const [{ raw, signature, value }] = webhooks() as [ReturnType<typeof webhooks>[number]];
  expect(signature).toBe(`sha256=${createHmac('sha256', appSecret).update(raw).digest('hex')}`);
  expect(raw.toString()).toContain('"Asha Synth\\u00e9tique \\ud83d\\ude00"');
  expect(value).toMatchObject({ contacts: [{ profile: { name: 'Asha Synthétique 😀' } }] });
});

test('puts every webhook in the envelope of a WhatsApp Business Account', async () => {
  const { act, webhooks } = await running();

  await act('call');

  const [{ raw }] = webhooks() as [ReturnType<typeof webhooks>[number]];
  expect(JSON.parse(raw.toString())).toEqual({
    object: 'whatsapp_business_account',
    entry: [{ id: '900000000000001', changes: [{ field: 'calls', value: expect.anything() }] }],
  });
});
