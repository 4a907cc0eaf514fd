import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { desks } from '../support/desk.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
let world: ReturnType<typeof desks>;
beforeAll(async () => {
  ringbook = await startRingbook();
  world = desks(ringbook);
}, 60_000);
afterEach(() => world.closePages());
afterAll(() => ringbook?.stop());

const takesCalls = { enabled: true, workingHours: null, holidays: [] };
describe('How Customers Can Initiate Calls', () => {
  const start = async () => {
    const desk = await world.open();
    return { desk, asha: await desk.arrives('asha'), customer: desk.customer() };
  };

  test('Tapping call button on your WhatsApp business profile', async () => {
    const { asha, customer } = await start();
    await customer.rings();
    await asha.takes(customer);
    await customer.row({ origin: { kind: 'profile' } });
  });

  test.each([
    ['Interactive message', { method: 'free_form' }],
    ['Message template', { method: 'template', template: { name: 'call_us', language: 'en' } }],
  ])('%s with call options', async (_, how) => {
    const { asha, customer } = await start();
    if (how.method === 'free_form') await customer.writes();
    const { body } = await eventually(
      () => asha.post(`${customer.at}/call-invites`, how),
      ({ status }) => status === 201,
    );
    await customer.history('Call Invite Delivered');
    await customer.rings({ ctaPayload: body.inviteId });
    await asha.takes(customer);
    await customer.row({ origin: { kind: 'call_button', inviteId: body.inviteId } });
  });

  test('Call deep links in messages', async () => {
    const { asha, customer } = await start();
    await customer.rings({ deeplinkPayload: 'site-header' });
    await asha.takes(customer);
    await customer.row({ origin: { kind: 'deep_link', payload: 'site-header' } });
  });
});

describe('Permission Required', () => {
  test('No (customer initiates voluntarily)', async () => {
    const desk = await world.open();
    const asha = await desk.arrives('asha');
    const customer = desk.customer();
    await customer.rings();
    await asha.takes(customer);
    await customer.row({ direction: 'incoming', status: 'ongoing' });
  });
});

describe('Business Controls', () => {
  test('Enable/disable per phone number', async () => {
    const closed = await world.open({ calling: { userInitiated: { ...takesCalls, enabled: false } } });
    const open = await world.open();
    for (const desk of [closed, open]) await desk.arrives('asha');
    const [turnedAway, welcome] = [closed.customer(), open.customer()];
    await turnedAway.rings();
    await turnedAway.row({ status: 'missed', missReason: 'incoming_disabled' });
    await welcome.rings();
    await welcome.row({ status: 'ongoing' });
    await closed.configure({});
    await turnedAway.rings();
    await turnedAway.row({ status: 'ongoing' });
  });

  test('Set working hours', async () => {
    const desk = await world.open({ calling: { userInitiated: await world.openFrom(10, 70) } });
    const asha = await desk.arrives('asha');
    const customer = desk.customer();
    await customer.rings();
    await customer.row({ status: 'missed', missReason: 'outside_hours' });
    expect(asha.wasOffered(customer)).toBe(false);
    await world.advance('PT11M');
    await customer.rings();
    await (await asha.takes(customer)).end();
    await world.advance('PT60M');
    await customer.rings();
    const { items } = (await desk.ask('/v1/call-logs?missReason=outside_hours')).body;
    await customer.row({ status: 'missed', callId: expect.not.stringMatching(items[0].callId) });
  });

  test('Holidays, whole or part of a day', async () => {
    const { date } = await world.inMinutes(0);
    const holiday = { ...takesCalls, holidays: [{ date }] };
    const desk = await world.open({ calling: { userInitiated: holiday } });
    await desk.arrives('asha');
    const customer = desk.customer();
    await customer.rings();
    await customer.row({ status: 'missed', missReason: 'outside_hours' });
    await desk.configure({ userInitiated: { ...takesCalls, holidays: [{ date, open: '00:00', close: '24:00' }] } });
    await customer.rings();
    await customer.row({ status: 'ongoing' });
  });
});

describe('Callback Requests', () => {
  test('Allow customers to request callbacks if unavailable', async () => {
    const desk = await world.open({ calling: { callbackRequests: { enabled: true } } });
    const customer = desk.customer();
    await customer.rings();
    await customer.callback({ state: 'requested', because: 'no_agent_available' });
    const other = await world.open({ calling: { callbackRequests: { enabled: false } } });
    const unheard = other.customer();
    await unheard.rings();
    await unheard.row({ status: 'missed', missReason: 'no_agent_available' });
    expect(await other.items('/v1/callback-requests')).toEqual([]);
  });
});

describe('Non-Working Hours/ Holidays', () => {
  test('if request call back is enabled then customers can request a call-back during non-working hours', async () => {
    const closed = { userInitiated: await world.openFrom(10, 70), callbackRequests: { enabled: true } };
    const desk = await world.open({ calling: closed });
    const [caller, tapper] = [desk.customer(), desk.customer()];
    await caller.rings();
    await tapper.permits({ source: 'callback' });
    await caller.callback({ state: 'requested', because: 'outside_hours' });
    await tapper.callback({ state: 'requested', because: 'customer_asked', callId: null });
  });

  test('BIC will be disabled during non-working hours', async () => {
    const desk = await world.open({ calling: { userInitiated: await world.openFrom(10, 70) } });
    const asha = await desk.arrives('asha');
    const customer = desk.customer();
    await customer.permits({ source: 'profile' });
    await customer.permission({ state: 'permanent' });
    const opens = (await world.inMinutes(10)).time;
    const refused = await asha.calls(customer);
    expect(refused).toMatchObject({ status: 409, body: { code: 'channel.outside_hours' } });
    expect(refused.body.nextAllowedAt).toContain(`T${opens}:00`);
    await world.advance('PT11M');
    await asha.reaches(customer);
  });
});
