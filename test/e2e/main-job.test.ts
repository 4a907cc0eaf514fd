import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, type Page } from '../support/page.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, everybodyFree, openStore } from '../support/store.ts';

const asha = { sub: 'asha' };

let ringbook: Ringbook;
let page: Page;

const logOf = async (waId: string) => (await ringbook.ask(asha, `/v1/call-logs?customer=${waId}`)).body.items;
/** The customer's call that satisfies, once there is one: two calls within a second have no order that holds. */
const callOf = (waId: string, holds: (row: { status: string; direction: string }) => boolean) =>
  eventually(
    async () => (await logOf(waId)).find(holds),
    (row) => row !== undefined,
  );
const badge = async () => (await ringbook.ask(asha, '/v1/missed-calls')).body.badge;
const activities = async (ticketId: string): Promise<string[]> =>
  (await ringbook.ask(asha, `/v1/tickets/${ticketId}/activities?limit=200`)).body.items.map(
    (one: { type: string }) => one.type,
  );
const permissionOf = async (waId: string) =>
  (await ringbook.ask(asha, `/v1/channels/${channelId}/customers/${waId}/permission`)).body;

beforeAll(async () => {
  ringbook = await startRingbook();
  await openStore(ringbook, { mode: 'round_robin', agents: ['asha'] });
  page = await openPage(ringbook.realtime, { token: await ringbook.token(asha) });
  for (const topic of ['call-logs', 'missed-calls', 'tickets', 'inbox'])
    page.send({ type: 'subscribe', id: topic, topic, params: {}, from: null });
  await page.until(({ type, id }) => type === 'caught-up' && id === 'inbox');
}, 60_000);

afterAll(async () => {
  await page?.close();
  await ringbook?.stop();
});

describe('an incoming call', () => {
  test('appears as ongoing, is offered, accepted, ended, and reads completed with talk time', async () => {
    const waId = '910000000042';
    const placed = await ringbook.customer(waId, 'call', { channelId, name: 'Asha Synthétique' });
    expect(placed.status).toBe(201);

    const offer = await page.until(({ type, from }) => type === 'call.offer' && from?.waId === waId);
    expect(offer).toMatchObject({
      callId: expect.any(String),
      offerId: expect.any(String),
      ticketId: expect.any(String),
    });
    expect(offer.sdpOffer).toContain('m=audio');
    expect(await callOf(waId, ({ status }) => status === 'ongoing')).toMatchObject({
      direction: 'incoming',
      channelId,
    });

    const accepted = await ringbook.ask(asha, `/v1/calls/${offer.callId}/accept`, { body: {} });
    expect(accepted).toMatchObject({ status: 200, body: { position: expect.stringMatching(/^\d+$/) } });
    expect(Object.keys(accepted.body)).toEqual(['position']);
    await page.until(({ type, callId }) => type === 'call.connected' && callId === offer.callId);
    await ringbook.simulate('/clock', { advance: 'PT90S' });
    expect((await ringbook.ask(asha, `/v1/calls/${offer.callId}/end`, { body: {} })).status).toBe(200);

    const row = await callOf(waId, ({ status }) => status === 'completed');
    expect(row.talkSeconds).toBeGreaterThanOrEqual(89);
    expect(row).toMatchObject({
      agentId: 'asha',
      agentName: 'Asha Agent',
      endedBy: 'agent',
      customer: { waId, name: 'Asha Synthétique' },
    });
    await eventually(
      async () => page.shown('call-logs').get(offer.callId)?.status,
      (status) => status === 'completed',
    );
  });

  test('that nobody answers is missed with its reason, and the badge rises and falls', async () => {
    const waId = '910000000043';
    await everybodyFree(ringbook);
    await ringbook.customer(waId, 'call', { channelId, name: 'Bilal' });
    const { callId } = await page.until(({ type, from }) => type === 'call.offer' && from?.waId === waId);
    await ringbook.ask(asha, `/v1/calls/${callId}/decline`, { body: {} });
    expect(await callOf(waId, ({ status }) => status === 'missed')).toMatchObject({ missReason: 'all_declined' });
    await eventually(badge, (count) => count === 1);
    await eventually(
      async () => page.shown('missed-calls').get('badge'),
      (doc) => JSON.stringify(doc).includes('1'),
    );

    await everybodyFree(ringbook);
    await ringbook.customer(waId, 'call', { channelId });
    const again = await page.until(
      ({ type, from, callId: id }) => type === 'call.offer' && from?.waId === waId && id !== callId,
    );
    await ringbook.ask(asha, `/v1/calls/${again.callId}/accept`, { body: {} });
    await eventually(badge, (count) => count === 0);
    await ringbook.customer(waId, 'hang-up', { channelId });
    await callOf(waId, ({ status }) => status === 'completed');
  });
});

describe('calling a customer', () => {
  const waId = '910000000044';
  const ask = () =>
    ringbook.ask(asha, `/v1/channels/${channelId}/customers/${waId}/permission-requests`, {
      body: { method: 'free_form', body: 'May we call?' },
    });
  const call = () => ringbook.ask(asha, '/v1/calls', { body: { channelId, customer: waId } });

  test('needs permission, may be asked for once a day, and ends after four unanswered calls', async () => {
    await ringbook.customer(waId, 'message', { channelId, text: 'Hello' });
    await eventually(ask, ({ status }) => status === 201);

    const again = await ask();
    expect(again).toMatchObject({ status: 409, body: { code: 'permission.request_limit_24h' } });
    expect(Date.parse(again.body.nextAllowedAt)).toBeGreaterThan(Date.now());
    expect(await call()).toMatchObject({ status: 409, body: { code: 'permission.none' } });

    await ringbook.customer(waId, 'permission', { channelId, response: 'accept', source: 'request' });
    await eventually(
      () => permissionOf(waId),
      ({ state }) => state === 'temporary',
    );

    const placed = await call();
    expect(placed, JSON.stringify(placed.body)).toMatchObject({
      status: 201,
      body: { callId: expect.any(String), ticketId: expect.any(String) },
    });
    await eventually(
      () => ringbook.customer(waId, 'answer', { channelId }),
      ({ status }) => status < 300,
    );
    await page.until(({ type, callId }) => type === 'call.connected' && callId === placed.body.callId);
    await ringbook.customer(waId, 'hang-up', { channelId });
    await callOf(waId, ({ status }) => status === 'completed');

    for (let unanswered = 1; unanswered <= 4; unanswered++) {
      const ringing = await eventually(call, ({ status }) => status === 201);
      await eventually(
        () => ringbook.customer(waId, 'decline', { channelId }),
        ({ status }) => status < 300,
      );
      await eventually(
        () => ringbook.ask(asha, `/v1/call-logs/${ringing.body.callId}`),
        ({ body }) => body.status === 'unanswered',
      );
    }
    await eventually(
      () => permissionOf(waId),
      ({ state }) => state === 'revoked',
    );
    expect(await call()).toMatchObject({ status: 409, body: { code: 'permission.revoked' } });

    const seen = await activities(placed.body.ticketId);
    for (const type of [/grant|approved/i, /revoked/i, /unanswered|ended|concluded/i])
      expect(
        seen.some((one) => type.test(one)),
        `${type} in ${seen.join(', ')}`,
      ).toBe(true);
  });

  test('is refused to an unknown channel, with a problem that says so', async () => {
    const answer = await ringbook.ask(asha, '/v1/calls', { body: { channelId: '1', customer: waId } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('a delivery', () => {
  const deliver = (body: string, signature: string) =>
    fetch(`${ringbook.http}/webhooks/whatsapp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
      body,
    });
  const sign = (body: string) => `sha256=${createHmac('sha256', 'simulator-secret').update(body).digest('hex')}`;

  test('with a bad signature is refused', async () => {
    expect((await deliver('{}', 'sha256=00')).status).toBe(401);
  });

  test('that is not JSON is refused', async () => {
    expect((await deliver('{', sign('{'))).status).toBe(400);
  });

  test('for an unknown channel is acknowledged and kept aside', async () => {
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '1',
          changes: [
            {
              field: 'messages',
              value: {
                metadata: { phone_number_id: '999' },
                messages: [{ id: 'wamid.X', from: '91', timestamp: '1790000000', type: 'text' }],
              },
            },
          ],
        },
      ],
    });
    expect((await deliver(body, sign(body))).status).toBe(200);
    const metrics = await (await fetch(`${ringbook.http}/metrics`)).text();
    expect(metrics).toMatch(/set_aside.*unknown_channel.* 1/);
  });
});

describe('the stored log', () => {
  test('shows no phone number, no name and no text of anybody', async () => {
    const folder = join(ringbook.dir, 'eventstore');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
    const stored = Buffer.concat(files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file)));
    expect(stored.includes('CallReceived')).toBe(true);
    for (const personal of [
      '910000000042',
      '910000000044',
      'Synth',
      'Bilal',
      'Asha Agent',
      'asha@acme.example',
      'May we call?',
      'm=audio',
    ])
      expect(stored.includes(personal), personal).toBe(false);
  });
});

describe('bad input', () => {
  test.each([
    { path: '/v1/call-logs?statis=missed', status: 422, says: /did you mean "status"/ },
    { path: '/v1/call-logs?limit=201', status: 422, says: /limit/ },
    { path: '/v1/nowhere', status: 404, says: /no such/ },
  ])('GET $path is a problem that says what is wrong', async ({ path, status, says }) => {
    const answer = await ringbook.ask(asha, path);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toMatch(says);
  });

  test('a wrong token is refused', async () => {
    const answer = await fetch(`${ringbook.http}/v1/call-logs`, { headers: { authorization: 'Bearer nonsense' } });
    expect(answer.status).toBe(401);
  });

  test("another store's rows do not exist", async () => {
    const rows = await logOf('910000000042');
    const answer = await ringbook.ask({ sub: 'spy', store: 'other', role: 'admin' }, `/v1/call-logs/${rows[0].callId}`);
    expect(answer.status).toBe(404);
  });
});
