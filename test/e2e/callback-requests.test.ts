import { afterAll, beforeAll, expect, test } from 'vitest';
import { desks } from '../support/desk.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
let world: ReturnType<typeof desks>;
beforeAll(async () => {
  ringbook = await startRingbook();
  world = desks(ringbook);
}, 60_000);
afterAll(() => ringbook?.stop());

/** A helpdesk that is closed for ten minutes and takes callback requests, as Meta knows. */
const openDesk = async () => {
  const calling = { userInitiated: await world.openFrom(10, 70), callbackRequests: { enabled: true } };
  const desk = await world.open({ agents: ['asha', 'bea'], calling });
  await eventually(
    () => desk.items('/v1/channels'),
    ([channel]) => channel.metaSettings?.state === 'in_sync',
  );
  return desk;
};

const callbacks = (history: readonly string[]) => history.filter((title) => title.startsWith('Callback'));

test('whoever calls outside the hours is queued, claimed by one agent, called back in the hours, and waits no more', {
  timeout: 60_000,
}, async () => {
  const desk = await openDesk();
  const [asha, bea] = [await desk.arrives('asha'), await desk.arrives('bea')];
  const customer = desk.customer();
  const params = { state: ['requested', 'claimed'] };
  asha.page.send({ type: 'subscribe', id: 'queue', topic: 'callback-requests', params });
  await asha.page.until(({ type, id }) => type === 'caught-up' && id === 'queue');
  /** The queue on Asha's page, once it reads so. */
  const queue = (...states: readonly string[]) =>
    eventually(
      async () => [...asha.page.shown('queue').values()].map(({ state }) => state),
      (shown) => shown.join() === states.join(),
    );

  await customer.rings();
  const request = await customer.callback({ state: 'requested', because: 'outside_hours', count: 1 });
  await queue('requested');

  expect(await asha.claims(request)).toMatchObject({ status: 200 });
  expect(await bea.claims(request)).toMatchObject({
    ...{ status: 409, body: { code: 'callback.already_claimed', claimedBy: 'asha' } },
  });
  await queue('claimed');
  await customer.ticket({ ticketId: request.ticketId, assignee: { agentId: 'asha' } });

  await customer.permission({ state: 'temporary' });
  expect(await asha.calls(customer)).toMatchObject({ status: 409, body: { code: 'channel.outside_hours' } });
  await world.advance('PT11M');
  const { callId, end } = await asha.reaches(customer);
  await customer.callback({ state: 'fulfilled', claimedBy: 'asha', fulfilledBy: { callId, agentId: 'asha' } });
  await queue();
  expect(callbacks(await customer.history('Callback Fulfilled', 'First Response'))).toEqual([
    'Callback Requested',
    'Callback Claimed',
    'Callback Fulfilled',
  ]);
  expect(await bea.claims(request)).toMatchObject({ status: 409, body: { code: 'callback.closed' } });
  await end();
  await customer.row({ callId, status: 'completed' });
  await world.closePages();
});

test('whoever asks without a call waits until the permission that comes with it ends, also when the server was down', {
  timeout: 90_000,
}, async () => {
  const desk = await openDesk();
  const [asha, bea] = [await desk.arrives('asha'), await desk.arrives('bea')];
  const customer = desk.customer();
  await customer.permits({ source: 'callback' });
  const request = await customer.callback({ state: 'requested', because: 'customer_asked', callId: null });
  expect(Date.parse(request.expiresAt) - Date.parse(request.requestedAt)).toBe(168 * 3_600_000);

  expect(await bea.claims(request)).toMatchObject({ status: 200 });
  expect(await asha.gives(request)).toMatchObject({ status: 409, body: { code: 'callback.not_yours' } });
  expect(await desk.ask(`/v1/callback-requests/${request.id}/release`, {})).toMatchObject({ status: 200 });
  await world.closePages();

  const { now } = (await ringbook.simulate('/clock')).body;
  const left = Math.floor((Date.parse(request.expiresAt) - Date.parse(now)) / 60_000);
  await world.advance(`PT${left - 1}M`);
  await customer.callback({ state: 'requested' });
  await ringbook.kill('SIGKILL');
  await ringbook.start();
  await world.advance('PT5M');
  await customer.callback({ state: 'expired', closedAt: request.expiresAt });
  expect(callbacks(await customer.history('Callback Expired'))).toEqual([
    'Callback Requested',
    'Callback Claimed',
    'Callback Released',
    'Callback Expired',
  ]);
});
