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
const now = async () => new Date((await ringbook.simulate('/clock')).body.now);
const days = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];

/** A time of day of the clock, so many minutes from now, and its weekday; UTC. */
const minutesOn = (from: Date, minutes: number) => {
  const at = new Date(from.getTime() + minutes * 60_000);
  return { day: days[at.getUTCDay()], time: at.toISOString().slice(11, 16), date: at.toISOString().slice(0, 10) };
};

/** Open from `from` to `until` minutes from now, and at no other time of the week. */
const openFrom = async (from: number, until: number) => {
  const [open, close] = [minutesOn(await now(), from), minutesOn(await now(), until)];
  return {
    ...takesCalls,
    workingHours: { timezone: 'UTC', weekly: [{ day: open.day, open: open.time, close: close.time }] },
  };
};

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
    const desk = await world.open({ calling: { userInitiated: await openFrom(10, 70) } });
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
    const { date } = minutesOn(await now(), 0);
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

describe('Non-Working Hours/ Holidays', () => {
  test('BIC will be disabled during non-working hours', async () => {
    const desk = await world.open({ calling: { userInitiated: await openFrom(10, 70) } });
    const asha = await desk.arrives('asha');
    const customer = desk.customer();
    await customer.permits({ source: 'profile' });
    await customer.permission({ state: 'permanent' });
    const opens = minutesOn(await now(), 10).time;
    const refused = await asha.calls(customer);
    expect(refused).toMatchObject({ status: 409, body: { code: 'channel.outside_hours' } });
    expect(refused.body.nextAllowedAt).toContain(`T${opens}:00`);
    await world.advance('PT11M');
    await asha.reaches(customer);
  });
});
