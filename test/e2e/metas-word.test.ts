import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Customer, type Desk, desks } from '../support/desk.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
let world: ReturnType<typeof desks>;
beforeAll(async () => {
  ringbook = await startRingbook();
  world = desks(ringbook);
}, 60_000);
afterEach(async () => {
  await ringbook.simulate('/faults', {});
  await world.closePages();
});
afterAll(() => ringbook?.stop());

const template = { method: 'template', template: { name: 'may_we_call', language: 'en' } };
const start = async () => {
  const desk = await world.open();
  return { desk, asha: await desk.arrives('asha'), customer: desk.customer() };
};
type Asha = Awaited<ReturnType<typeof start>>['asha'];

const follows = (asha: Asha, topic: string, params: object = {}) =>
  asha.page.send({ type: 'subscribe', id: topic, topic, params });
const shown = (asha: Asha, topic: string) => [...asha.page.shown(topic).values()];
const asksMeta = (asha: Asha, { at }: Customer) => asha.post(`${at}/permission/refresh`);
const clock = async () => Date.parse((await ringbook.simulate('/clock')).body.now);

describe('Meta’s word on a permission', () => {
  test('a customer takes it back in the profile and no webhook tells: an agent asks, and every page knows', async () => {
    const { desk, asha, customer } = await start();
    follows(asha, 'permission', { channelId: desk.channelId, customer: customer.waId });
    await customer.permits({ source: 'profile' });
    await eventually(
      async () => shown(asha, 'permission'),
      ([doc]) => doc?.state === 'permanent',
    );
    await ringbook.simulate('/faults', { drop: 1 });
    await customer.refuses({ source: 'profile' });
    await ringbook.simulate('/faults', {});
    await world.advance('PT10S');
    await customer.permission({ state: 'permanent' });

    expect((await asksMeta(asha, customer)).status).toBe(200);
    const { verdict } = await customer.permission({ state: 'revoked' });
    expect(verdict.facts.because).toMatchObject([{ type: 'PermissionRevoked', because: 'meta' }]);
    await eventually(
      async () => shown(asha, 'permission'),
      ([doc]) => doc?.state === 'revoked',
    );
  });

  test('its limits win: who asks too often hears the exact time, and the verdict shows whose rule it is', async () => {
    const { desk, asha, customer } = await start();
    const { channelId } = desk;
    await ringbook.simulate('/limits', { channelId, requestsPer7d: 1, connectedPer24h: 100 });
    const first = await clock();
    expect((await asha.asks(customer, template)).status).toBe(201);
    await world.advance('PT24H');
    const refused = await asha.asks(customer, template);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'permission.request_limit_7d', metaErrorCode: 138_009 },
    });
    const inAWeek = first + 7 * 86_400_000;
    expect(Math.abs(Date.parse(refused.body.nextAllowedAt) - inAWeek)).toBeLessThan(60_000);

    const { verdict, request } = await customer.permission({ request: { code: 'permission.request_limit_7d' } });
    expect(request.nextAllowedAt).toBe(refused.body.nextAllowedAt);
    expect(verdict.limits).toMatchObject([
      { action: 'request', periodHours: 24, maxAllowed: 1 },
      { action: 'request', periodHours: 168, maxAllowed: 1, used: 1, toldByMetaAt: expect.any(String) },
      { action: 'call', periodHours: 24, maxAllowed: 100, used: 0, toldByMetaAt: expect.any(String) },
    ]);
    await world.advance('PT143H59M');
    expect((await asha.asks(customer, template)).status).toBe(409);
    await world.advance('PT2M');
    expect((await asha.asks(customer, template)).status).toBe(201);
  });

  test('more questions than it takes in a second are asked again, twice at most, and whoever hears nothing is told so', async () => {
    const { desk, asha, customer } = await start();
    const { channelId } = desk;
    await ringbook.simulate('/limits', { channelId, queriesPerSecond: 1 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => asksMeta(asha, desk.customer())));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(answers.length);
    for (const one of refused)
      expect(one).toMatchObject({ status: 409, body: { code: 'meta.rate_limited', metaErrorCode: 613 } });
    const { body } = await ringbook.simulate(`/requests?phoneNumberId=${channelId}`);
    const asked = body.items.filter(({ path }: { path: string }) => path.includes('call_permissions'));
    expect(asked.length).toBeGreaterThan(answers.length);
    expect(asked.length).toBeLessThanOrEqual(3 * answers.length);
    await world.advance('PT1S');
    expect((await asksMeta(asha, customer)).status).toBe(200);
  });

  test('a request of which nobody knows whether Meta had it gives its place back when Meta had not', async () => {
    const { asha, customer } = await start();
    await ringbook.simulate('/faults', { graph: { hang: { action: 'messages' } } });
    expect((await asha.asks(customer, template)).status).toBe(201);
    expect((await asha.asks(customer, template)).body.code).toBe('permission.request_limit_24h');
    await world.advance('PT5M');
    await customer.permission({ request: { allowed: true }, verdict: { counters: { requests7d: 0 } } });
    expect(await customer.history('Permission Not Sent')).not.toContain('Permission Sent');
    expect((await asha.asks(customer, template)).status).toBe(201);
  });

  test('a request whose answer alone was lost is known by its delivery', async () => {
    const { asha, customer } = await start();
    await ringbook.simulate('/faults', { graph: { lose: { action: 'messages' } } });
    expect((await asha.asks(customer, template)).status).toBe(201);
    await customer.history('Permission Sent');
    await customer.permits();
    await customer.permission({ state: 'temporary', requests: [{ counts: true, messageId: expect.any(String) }] });
  });
});

describe('Meta’s word on a number', () => {
  const imposes = ({ channelId }: Desk, what: string, body: object) =>
    ringbook.simulate(`/channels/${channelId}/${what}`, body);
  const channelOf = async (desk: Desk) => (await desk.items('/v1/channels'))[0];

  const open = async () => {
    const { desk, asha, customer } = await start();
    // each number of its own, so that Meta’s words reach the one that they are about
    const displayPhoneNumber = `+91 ${desk.channelId.slice(-10, -5)} ${desk.channelId.slice(-5)}`;
    const details = { name: 'Care', displayPhoneNumber, wabaId: desk.store };
    await desk.put(`/v1/channels/${desk.channelId}`, details);
    return { desk, asha, customer };
  };

  test('a restriction is shown while it lasts, stops requests but no call that is under way, and ends in time', async () => {
    const { desk, asha, customer } = await open();
    follows(asha, 'channels');
    await customer.permits({ source: 'profile' });
    await customer.permission({ state: 'permanent' });
    const call = await asha.reaches(customer);
    await imposes(desk, 'violate', { type: 'LOW_CALLING_QUALITY' });
    await imposes(desk, 'restrict', { type: 'RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING', for: 'PT48H' });
    const channel = await eventually(
      () => channelOf(desk),
      ({ restrictions, violations }) => restrictions.length > 0 && violations.length > 0,
    );
    const { until } = channel.restrictions[0];
    expect(channel).toMatchObject({
      restrictions: [
        {
          restriction: 'both',
          until,
          since: expect.any(String),
          metaType: 'RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING',
        },
      ],
      violations: [{ metaType: 'LOW_CALLING_QUALITY', at: expect.any(String) }],
    });
    await eventually(
      async () => shown(asha, 'channels'),
      ([doc]) => doc?.restrictions.length === 1,
    );
    await customer.row({ callId: call.callId, status: 'ongoing' });
    expect((await call.end()).status).toBe(200);
    await customer.row({ callId: call.callId, status: 'completed' });

    const refused = {
      status: 409,
      body: { code: 'channel.calling_disabled', restriction: 'both', until, nextAllowedAt: until },
    };
    expect(await asha.asks(desk.customer(), template)).toMatchObject(refused);
    expect(await asha.calls(customer)).toMatchObject(refused);
    const facts = { restriction: 'both', until };
    const told = { allowed: false, code: 'channel.calling_disabled', nextAllowedAt: until, facts };
    await customer.permission({ verdict: told });
    await desk.customer().permission({ verdict: { code: 'permission.none' }, request: told });

    await world.advance('PT48H');
    await eventually(
      async () => shown(asha, 'channels'),
      ([doc]) => doc?.restrictions.length === 0,
    );
    expect((await channelOf(desk)).violations).toHaveLength(1);
    expect((await asha.asks(desk.customer(), template)).status).toBe(201);
    await world.advance('P28D');
    expect((await channelOf(desk)).violations).toEqual([]);
  });

  test('what Meta imposed while its webhooks were lost is learnt when somebody asks, or when Meta refuses', async () => {
    const { desk, asha } = await open();
    await ringbook.simulate('/faults', { drop: 1 });
    await imposes(desk, 'restrict', { type: 'RESTRICTED_BUSINESS_INITIATED_CALLING' });
    await ringbook.simulate('/faults', {});
    expect((await channelOf(desk)).restrictions).toEqual([]);
    const { status, body } = await asha.asks(desk.customer(), template);
    const stopped = { code: 'channel.calling_disabled', restriction: 'outgoing', metaErrorCode: 138_014 };
    expect([status, body]).toMatchObject([409, stopped]);
    const { restrictions } = await eventually(
      () => channelOf(desk),
      (channel) => channel.restrictions.length === 1,
    );
    expect(restrictions[0].until).toBe(body.nextAllowedAt);
    const asked = await desk.ask(`/v1/channels/${desk.channelId}/calling/refresh`, {});
    expect(asked.status).toBe(200);
  });
});
