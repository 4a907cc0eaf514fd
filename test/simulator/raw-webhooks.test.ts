import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { appSecret, running, summary, waId } from './running.ts';

const callCreated = { messaging_product: 'whatsapp', calls: [{ id: 'wacid.SIP', event: 'call_created' }] };

test('posts any webhook as it is given, signed, and answers how it was taken', async () => {
  const { tell, webhooks, receiver } = await running();
  await tell('/faults', { drop: 1, quirks: ['number_hidden'] });
  receiver.answer = () => 418;

  const { code, body } = await tell('/webhooks', { field: 'calls', value: callCreated });

  expect([code, body]).toEqual([200, { status: 418 }]);
  const [{ raw, signature, field, value }] = webhooks() as [ReturnType<typeof webhooks>[number]];
  expect({ field, value }).toEqual({ field: 'calls', value: callCreated });
  expect(signature).toBe(`sha256=${createHmac('sha256', appSecret).update(raw).digest('hex')}`);
});

test('posts a voicemail, and a whole body of several changes', async () => {
  const { tell, receiver } = await running();
  const messages = [{ from: waId, id: 'wacid.1', timestamp: '1795341600', type: 'audio', audio: { id: 'media.1' } }];
  const changes = [
    { field: 'messages', value: { messages } },
    { field: 'calls', value: callCreated },
  ];
  const body = { object: 'whatsapp_business_account', entry: [{ id: '900000000000001', changes }] };

  await tell('/webhooks', { field: 'messages', value: { messages } });
  await tell('/webhooks', { body });

  expect(receiver.received.map(summary)).toEqual(['audio', 'audio']);
  expect(JSON.parse(receiver.received[1]!.raw.toString())).toEqual(body);
});

test('signs with another secret when told so', async () => {
  const { tell, webhooks } = await running();

  await tell('/webhooks', { field: 'calls', value: callCreated, appSecret: 'stolen' });

  const [{ raw, signature }] = webhooks() as [ReturnType<typeof webhooks>[number]];
  expect(signature).toBe(`sha256=${createHmac('sha256', 'stolen').update(raw).digest('hex')}`);
});

test.each([
  [{}, 'field and value, or body'],
  [{ field: 'calls', value: {}, body: {} }, 'field and value, or body'],
  [{ field: 1, value: {} }, 'field'],
  [{ field: 'calls', values: {} }, 'unknown field values'],
])('refuses %o', async (body, named) => {
  const { code, body: problem } = await (await running()).tell('/webhooks', body);

  expect([code, problem.detail]).toEqual([422, expect.stringContaining(named)]);
});

test('counts the webhooks that wait and those given up', async () => {
  const { act, send, receiver, advance } = await running();
  receiver.answer = () => 500;
  await act('message', { text: 'Hello?' });
  const waiting = await send('GET', '/simulator/webhooks');
  await advance(100_000_000);

  expect(waiting.body).toEqual({ waiting: 1, givenUp: 0 });
  expect((await send('GET', '/simulator/webhooks')).body).toEqual({ waiting: 0, givenUp: 1 });
});
