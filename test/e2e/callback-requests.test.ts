import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, type Page } from '../support/page.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, everybodyFree, openStore, owner } from '../support/store.ts';

const [asha, bea] = [{ sub: 'asha' }, { sub: 'bea' }];
const days = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];

let ringbook: Ringbook;

beforeAll(async () => {
  ringbook = await startRingbook();
  await openStore(ringbook, { mode: 'round_robin', agents: ['asha', 'bea'] });
  await openTheDayAfterTomorrow();
}, 60_000);

afterAll(() => ringbook?.stop());

/** Closed until the day after tomorrow; a customer who calls may be called back. Waits until Meta knows. */
const openTheDayAfterTomorrow = async () => {
  const now = new Date((await ringbook.simulate('/clock')).body.now);
  const day = days[(now.getUTCDay() + 2) % 7];
  const workingHours = { timezone: 'UTC', weekly: [{ day, open: '00:00', close: '24:00' }] };
  const body = {
    enabled: true,
    userInitiated: { enabled: true, workingHours, holidays: [] },
    callbackRequests: { enabled: true },
  };
  const set = await ringbook.ask(owner, `/v1/channels/${channelId}/calling`, { method: 'PUT', body });
  expect(set.status).toBe(200);
  await eventually(
    async () => (await ringbook.ask(owner, `/v1/channels?minPosition=${set.body.position}`)).body.items[0],
    ({ metaSettings }) => metaSettings?.state === 'in_sync',
  );
};

const requestOf = async (waId: string) =>
  (await ringbook.ask(asha, `/v1/callback-requests?customer=${waId}`)).body.items[0];
const becomes = (waId: string, state: string) =>
  eventually(
    () => requestOf(waId),
    (request) => request?.state === state,
  );
const act = (who: { sub: string }, id: string, what: string) =>
  ringbook.ask(who, `/v1/callback-requests/${id}/${what}`, { body: {} });
const callbacksIn = async (ticketId: string) => {
  const { items } = (await ringbook.ask(asha, `/v1/tickets/${ticketId}/activities?limit=200`)).body;
  return items.map(({ type }: { type: string }) => type).filter((type: string) => type.startsWith('Callback'));
};

describe('a customer who calls outside the hours', () => {
  const waId = '910000000081';
  let page: Page;
  beforeAll(async () => {
    page = await openPage(ringbook.realtime, { token: await ringbook.token(asha) });
    const params = { state: ['requested', 'claimed'] };
    page.send({ type: 'subscribe', id: 'queue', topic: 'callback-requests', params });
    await page.until(({ type, id }) => type === 'caught-up' && id === 'queue');
  });
  afterAll(() => page?.close());

  /** Waits until the agent's page shows them so; `undefined`: no more. */
  const showsAs = (expected: string | undefined) =>
    eventually(
      async () => [...page.shown('queue').values()].find(({ customer }) => customer.waId === waId)?.state,
      (state) => state === expected,
    );

  test('waits in the queue, is claimed by one agent, called back when the hours have come, and waits no more', {
    timeout: 60_000,
  }, async () => {
    await ringbook.customer(waId, 'call', { channelId, name: 'Diya' });
    const request = await becomes(waId, 'requested');
    expect(request).toMatchObject({ because: 'outside_hours', count: 1, customer: { waId, name: 'Diya' } });
    await showsAs('requested');

    expect((await act(asha, request.id, 'claim')).status).toBe(200);
    expect(await act(bea, request.id, 'claim')).toMatchObject({ status: 409, body: { claimedBy: 'asha' } });
    await showsAs('claimed');
    const { body: ticket } = await ringbook.ask(asha, `/v1/tickets/${request.ticketId}`);
    expect(ticket.assignee.agentId).toBe('asha');

    const calls = () => ringbook.ask(asha, '/v1/calls', { body: { channelId, customer: waId } });
    expect(await calls()).toMatchObject({ status: 409, body: { code: 'channel.outside_hours' } });
    await ringbook.simulate('/clock', { advance: 'PT48H' });
    const placed = await calls();
    expect(placed.status, JSON.stringify(placed.body)).toBe(201);
    await ringbook.customer(waId, 'answer', { channelId });
    expect(await becomes(waId, 'fulfilled')).toMatchObject({
      claimedBy: 'asha',
      fulfilledBy: { callId: placed.body.callId, agentId: 'asha' },
    });
    await showsAs(undefined);
    expect(await callbacksIn(request.ticketId)).toEqual([
      'Callback Requested',
      'Callback Claimed',
      'Callback Fulfilled',
    ]);
    expect(await act(bea, request.id, 'claim')).toMatchObject({ status: 409, body: { code: 'callback.closed' } });
    await ringbook.ask(asha, `/v1/calls/${placed.body.callId}/end`, { body: {} });
    await everybodyFree(ringbook);
  });
});

describe('a customer who asks for a callback without a call', () => {
  test('waits until the permission that comes with it ends, also when the server was down', {
    timeout: 90_000,
  }, async () => {
    const waId = '910000000082';
    await ringbook.customer(waId, 'permission', { channelId, response: 'accept', source: 'callback' });
    const request = await becomes(waId, 'requested');
    expect(request).toMatchObject({ because: 'customer_asked', callId: null, ticketId: expect.any(String) });
    expect(Date.parse(request.expiresAt) - Date.parse(request.requestedAt)).toBe(168 * 3_600_000);

    await act(bea, request.id, 'claim');
    expect(await act(asha, request.id, 'release')).toMatchObject({ status: 409, body: { code: 'callback.not_yours' } });
    expect((await act(owner, request.id, 'release')).status).toBe(200);

    const { now } = (await ringbook.simulate('/clock')).body;
    const left = Math.floor((Date.parse(request.expiresAt) - Date.parse(now)) / 60_000);
    await ringbook.simulate('/clock', { advance: `PT${left - 1}M` });
    expect(await requestOf(waId)).toMatchObject({ state: 'requested' });
    await ringbook.kill('SIGKILL');
    await ringbook.start();
    await ringbook.simulate('/clock', { advance: 'PT5M' });
    expect(await becomes(waId, 'expired')).toMatchObject({ closedAt: request.expiresAt });
    expect(await callbacksIn(request.ticketId)).toEqual([
      'Callback Requested',
      'Callback Claimed',
      'Callback Released',
      'Callback Expired',
    ]);
  });
});
