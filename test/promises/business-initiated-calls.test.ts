import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, type Customer, type Desk, desks } from '../support/desk.ts';
import { type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
let world: ReturnType<typeof desks>;
beforeAll(async () => {
  ringbook = await startRingbook();
  world = desks(ringbook);
}, 60_000);
afterEach(() => world.closePages());
afterAll(() => ringbook?.stop());

/** A helpdesk with Asha on duty and one customer. */
const start = async (calling: object = {}): Promise<{ desk: Desk; asha: Agent; customer: Customer }> => {
  const desk = await world.open({ calling });
  return { desk, asha: await desk.arrives('asha'), customer: desk.customer() };
};

const template = { method: 'template', template: { name: 'may_we_call', language: 'en' } };
const refusal = (code: string) => ({ status: 409, body: { code } });

describe('Permission Required', () => {
  test('Mandatory - Customer must explicitly grant permission', async () => {
    const { asha, customer } = await start();
    await customer.writes();
    expect(await asha.calls(customer)).toMatchObject(refusal('permission.none'));
    expect(await asha.asks(customer, template)).toMatchObject({ status: 201 });
    expect(await asha.calls(customer)).toMatchObject(refusal('permission.none'));
    await customer.permits();
    await customer.permission({ state: 'temporary' });
    await asha.reaches(customer);
  });
});

describe('Permission Types', () => {
  test('Temporary: 7 days (168 hours)', async () => {
    const { asha, customer } = await start();
    await customer.permits({ source: 'profile', permanent: false });
    await customer.permission({ state: 'temporary' });
    await world.advance('PT167H59M');
    await customer.permission({ state: 'temporary' });
    await (await asha.reaches(customer)).end();
    await customer.row({ status: 'completed' });
    await world.advance('PT1M');
    await customer.permission({ state: 'expired' });
    expect(await asha.calls(customer)).toMatchObject(refusal('permission.expired'));
  });
});

describe('Request Limits', () => {
  test('Max 1 request/24 hours', async () => {
    const { asha, customer } = await start();
    expect(await asha.asks(customer, template)).toMatchObject({ status: 201 });
    await world.advance('PT23H59M');
    const refused = await asha.asks(customer, template);
    expect(refused).toMatchObject(refusal('permission.request_limit_24h'));
    expect(refused.body.nextAllowedAt).toMatch(/Z$/);
    await world.advance('PT1M');
    expect(await asha.asks(customer, template)).toMatchObject({ status: 201 });
  });

  test('Max 2 requests/7 days', async () => {
    const { asha, customer } = await start();
    await asha.asks(customer, template);
    await world.advance('PT24H');
    await customer.writes();
    await asha.hasAsked(customer);
    await world.advance('PT143H59M');
    expect(await asha.asks(customer, template)).toMatchObject(refusal('permission.request_limit_7d'));
    await world.advance('PT1M');
    expect(await asha.asks(customer, template)).toMatchObject({ status: 201 });
  });

  test('24hr wait after decline', async () => {
    const { asha, customer } = await start();
    await asha.asks(customer, template);
    await world.advance('PT20H');
    await customer.refuses();
    await customer.permission({ request: { code: 'permission.declined_wait_24h' } });
    await world.advance('PT23H59M');
    expect(await asha.asks(customer, template)).toMatchObject(refusal('permission.declined_wait_24h'));
    await world.advance('PT1M');
    expect(await asha.asks(customer, template)).toMatchObject({ status: 201 });
  });
});

describe('Connected Calls', () => {
  test('Max 10 calls/24hrs per customer', async () => {
    const { asha, customer } = await start();
    await customer.permits({ source: 'profile', permanent: true });
    await customer.permission({ state: 'permanent' });
    for (let connected = 1; connected <= 10; connected++) {
      const { callId, end } = await asha.reaches(customer);
      await end();
      await customer.row({ callId, status: 'completed' });
      await world.advance('PT1M');
    }
    expect(await asha.calls(customer)).toMatchObject(refusal('permission.connected_limit_24h'));
    await world.advance('PT23H49M');
    expect(await asha.calls(customer)).toMatchObject(refusal('permission.connected_limit_24h'));
    await world.advance('PT1M');
    await asha.reaches(customer);
  });
});

describe('Auto-Revocation', () => {
  test('After 4 consecutive unanswered/missed calls', async () => {
    const { asha, customer } = await start();
    await customer.permits({ source: 'profile', permanent: false });
    await customer.permission({ state: 'temporary' });
    const ways = [customer.declines, () => world.advance('PT61S'), customer.declines, () => world.advance('PT61S')];
    for (const [missed, goUnanswered] of ways.entries()) {
      await customer.permission({ state: 'temporary', verdict: { missesLeft: 4 - missed } });
      const callId = await asha.dials(customer);
      await goUnanswered();
      await customer.row({ callId, status: 'unanswered' });
    }
    await customer.permission({ state: 'revoked' });
    expect(await asha.calls(customer)).toMatchObject(refusal('permission.revoked'));
    await customer.history('Unanswered Calls Warning', 'Permission Revoked');
  });
});

describe('Permission Request Methods', () => {
  test('Free-Form Interactive Message (During Customer Service Window)', async () => {
    const { desk, asha, customer } = await start();
    expect(await asha.asks(customer)).toMatchObject(refusal('permission.window_closed'));
    for (const part of ['header', 'footer'])
      expect(await asha.asks(customer, { method: 'free_form', [part]: 'Hello' })).toMatchObject({ status: 422 });
    await customer.writes();
    await world.advance('PT23H59M');
    await asha.hasAsked(customer, { method: 'free_form', body: 'May we call?' });
    const late = desk.customer();
    await late.writes();
    await world.advance('PT24H');
    expect(await asha.asks(late)).toMatchObject(refusal('permission.window_closed'));
  });

  test('Template Message (Outside Customer Service Window)', async () => {
    const { asha, customer } = await start();
    expect(await asha.asks(customer, template)).toMatchObject({ status: 201 });
    await customer.permits();
    expect(await customer.permission({ state: 'temporary' })).toMatchObject({ source: 'request' });
  });

  test('Automatic via Callback', async () => {
    const { asha, customer } = await start({ callbackRequests: { enabled: true } });
    await customer.rings();
    await asha.offered(customer);
    await customer.hangsUp();
    expect(await customer.permission({ state: 'temporary' })).toMatchObject({ source: 'callback' });
    await asha.reaches(customer);
    const told = await customer.history('Permission Approved', 'Call Placed');
    expect(told.filter((title) => title === 'Permission Approved')).toHaveLength(1);

    const other = await start({ callbackRequests: { enabled: false } });
    await other.customer.rings();
    await other.asha.offered(other.customer);
    await other.customer.hangsUp();
    await other.customer.row({ status: 'missed' });
    expect(await other.asha.calls(other.customer)).toMatchObject(refusal('permission.none'));
  });

  test('Customer-Granted via Profile', async () => {
    const { asha, customer } = await start();
    await customer.permits({ source: 'profile' });
    expect(await customer.permission({ state: 'permanent' })).toMatchObject({ source: 'profile', until: null });
    await asha.reaches(customer);
  });
});

describe('Limits reset when any connected call (BIC or UIC) successfully completes', () => {
  test.each(['BIC', 'UIC'])('%s', async (kind) => {
    const { asha, customer } = await start();
    await asha.asks(customer, template);
    await customer.permits();
    await customer.permission({ state: 'temporary' });
    expect(await asha.asks(customer, template)).toMatchObject(refusal('permission.request_limit_24h'));
    const callId = await asha.dials(customer);
    await customer.declines();
    expect(await customer.row({ callId, status: 'unanswered' })).toMatchObject({ subStatus: 'declined' });
    await customer.permission({ verdict: { missesLeft: 3 } });

    if (kind === 'UIC') await customer.rings();
    const call = await (kind === 'UIC' ? asha.takes(customer) : asha.reaches(customer));
    await call.end();
    await customer.row({ callId: call.callId, status: 'completed' });
    await customer.permission({ verdict: { missesLeft: 4 } });
    await asha.hasAsked(customer, template);
  });
});

describe('A permission request expires when', () => {
  test('Customer interacts with a new subsequent permission request', async () => {
    const { asha, customer } = await start();
    const first = await asha.hasAsked(customer, template);
    await world.advance('PT24H');
    const second = await asha.hasAsked(customer, template);
    const [older, newer] = [{ requestId: first }, { requestId: second }];
    await customer.permission({
      requests: [
        { ...older, expired: false },
        { ...newer, expired: false },
      ],
    });
    await customer.permits();
    await customer.permission({ state: 'temporary' });
    await customer.permission({
      requests: [
        { ...older, expired: true },
        { ...newer, expired: false },
      ],
    });
    await customer.history('Permission Request Expired');
  });

  test.each(['accepted', 'declined'])('7 days after permission was %s', async (answer) => {
    const { asha, customer } = await start();
    await asha.asks(customer, template);
    await world.advance('PT100H');
    if (answer === 'accepted') await customer.permits({ source: 'request', permanent: true });
    else await customer.refuses();
    await customer.history(answer === 'accepted' ? 'Permission Approved' : 'Permission Declined');
    await world.advance('PT167H');
    await customer.permission({ requests: [{ expired: false }] });
    await world.advance('PT1H');
    await customer.history('Permission Request Expired');
  });

  test("7 days after delivery if customer doesn't respond", async () => {
    const { asha, customer } = await start();
    await asha.asks(customer, template);
    await world.advance('PT167H');
    await customer.permission({ requests: [{ expired: false }] });
    await world.advance('PT1H');
    await customer.history('Permission Request Expired');
  });
});
