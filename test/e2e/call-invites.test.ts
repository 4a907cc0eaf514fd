import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, openStore } from '../support/store.ts';

const asha = { sub: 'asha' };

let ringbook: Ringbook;
beforeAll(async () => {
  ringbook = await startRingbook();
  await openStore(ringbook, { mode: 'unassigned', agents: ['asha'] });
}, 60_000);
afterAll(() => ringbook?.stop());

const invite = (waId: string, body: object) =>
  ringbook.ask(asha, `/v1/channels/${channelId}/customers/${waId}/call-invites`, { body });
const tap = (waId: string, ctaPayload: string) => ringbook.customer(waId, 'call', { channelId, ctaPayload });

type Activity = { type: string; actor: { type: string; id: string }; data: Record<string, unknown> };
const historyOf = async (ticketId: string): Promise<Activity[]> =>
  (await ringbook.ask(asha, `/v1/tickets/${ticketId}/activities?limit=200`)).body.items;
const told = (ticketId: string, type: string) =>
  eventually(
    () => historyOf(ticketId),
    (items) => items.some((one) => one.type === type),
  );
const callOf = (waId: string, holds: (row: { origin: unknown; ticketId: string | null }) => boolean) =>
  eventually(
    async () => (await ringbook.ask(asha, `/v1/call-logs?customer=${waId}`)).body.items.find(holds),
    (row) => row !== undefined,
  );
const ticketOf = async (waId: string): Promise<string> =>
  eventually(
    async () => (await ringbook.ask(asha, `/v1/tickets?q=${waId}`)).body.items[0],
    (ticket) => ticket !== undefined,
  ).then(({ ticketId }) => ticketId);

test('an agent invites, the customer taps, the call says where it came from, and the button ends in time', async () => {
  const waId = '910000000051';
  await ringbook.customer(waId, 'message', { channelId, text: 'Where is my order?' });
  const words = { method: 'free_form', body: 'Call us about it', displayText: 'Call Now', ttlMinutes: 60 };
  const { body: invited } = await eventually(
    () => invite(waId, words),
    ({ status }) => status === 201,
  );
  const { inviteId } = invited;
  const ticketId = await ticketOf(waId);
  await told(ticketId, 'Call Invite Delivered');

  expect((await tap(waId, inviteId)).status).toBe(201);
  const row = await callOf(waId, ({ origin }) => JSON.stringify(origin).includes('inviteId":"'));
  const origin = { kind: 'call_button', inviteId, payload: inviteId };
  expect(row).toMatchObject({ direction: 'incoming', ticketId, origin });
  expect((await ringbook.ask(asha, `/v1/call-logs/${row.callId}`)).body).toMatchObject({ origin });
  expect((await told(ticketId, 'Call Invite Used')).map(({ type }) => type)).toEqual(
    expect.arrayContaining(['Call Invite Created', 'Call Invite Sent', 'Call Invite Delivered', 'Call Received']),
  );

  await ringbook.simulate('/clock', { advance: 'PT59M' });
  expect((await historyOf(ticketId)).map(({ type }) => type)).not.toContain('Call Invite Expired');
  await ringbook.simulate('/clock', { advance: 'PT1M' });
  const history = await told(ticketId, 'Call Invite Expired');
  expect(history.find(({ type }) => type === 'Call Invite Created')).toMatchObject({
    actor: { type: 'agent', id: 'asha' },
    data: { inviteId, body: 'Call us about it', displayText: 'Call Now', ttlMinutes: 60 },
  });
  expect(history.filter(({ type }) => type === 'Call Invite Used')).toMatchObject([{ data: { callId: row.callId } }]);
  expect(await tap(waId, inviteId)).toMatchObject({ status: 409, body: { code: 'button.gone' } });
});

test('a template invites a customer who never wrote; what they pass on is no invite of whoever gets it', async () => {
  const [waId, friend] = ['910000000052', '910000000053'];
  const template = { name: 'call_us', language: 'en' };
  const { status, body: invited } = await invite(waId, { method: 'template', template });
  expect(status).toBe(201);
  await told(await ticketOf(waId), 'Call Invite Delivered');

  await tap(friend, invited.inviteId);
  await tap(waId, invited.inviteId);
  const own = await callOf(waId, ({ origin }) => JSON.stringify(origin).includes('inviteId":"'));
  expect(own.origin).toMatchObject({ inviteId: invited.inviteId });
  const passedOn = await callOf(friend, ({ ticketId }) => ticketId !== null);
  expect(passedOn.origin).toEqual({ kind: 'call_button', inviteId: null, payload: invited.inviteId });
});

test('a call by a link, and one from the profile, say so', async () => {
  const [waId, other] = ['910000000054', '910000000055'];
  await ringbook.customer(waId, 'call', { channelId, deeplinkPayload: 'site-header' });
  await ringbook.customer(other, 'call', { channelId });
  expect((await callOf(waId, () => true)).origin).toEqual({ kind: 'deep_link', payload: 'site-header' });
  expect((await callOf(other, () => true)).origin).toEqual({ kind: 'profile' });
});
