import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../domain/agent.ts';
import { delivery, restriction } from './whatsapp/samples.ts';
import { calling, fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
let care: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  world = await startWorld();
  care = await openStore(world, ['ana', 'ben']);
});
afterAll(() => world.stop());

const as = (role: Role, sub = 'ana') => ({ sub, store: care.store, role });
const position = expect.stringMatching(/^\d+$/);
const number = '+91 00000 00001';

describe('channels', () => {
  const details = { name: 'Sales', displayPhoneNumber: number, wabaId: '9' };

  test('an admin connects a number, and changes how it is shown', async () => {
    const path = `PUT /v1/channels/${fresh.channelId()}`;
    const stream = path.replace('PUT /v1/channels/', 'channel-');
    expect(await world.ask(care.owner, path, details)).toMatchObject({ status: 200, body: { position } });
    expect(await world.ask(care.owner, path, details)).toMatchObject({ status: 200, body: { position } });
    await world.ask(care.owner, path, { ...details, name: 'Growth' });
    expect(await world.eventsOf(stream)).toMatchObject([
      { type: 'ChannelConnected', store: care.store, ...details },
      { type: 'ChannelDetailsChanged', name: 'Growth' },
    ]);
  });

  test('a number is the first store’s that connects it', async () => {
    const stranger = { ...care.owner, store: fresh.store() };
    expect(await world.ask(stranger, `PUT /v1/channels/${care.channelId}`, details)).toMatchObject({
      status: 409,
      body: { code: 'channel.owned_by_another_store' },
    });
    expect(await world.ask(stranger, `PUT /v1/channels/${care.channelId}/calling`, calling)).toMatchObject({
      status: 404,
    });
  });

  test('what it takes and when', async () => {
    const { channelId, owner } = await openStore(world, []);
    const weekly = [{ day: 'MONDAY', open: '10:00', close: '19:00' }];
    const holidays = [{ date: '2026-12-25' }, { date: '2026-12-31', open: '10:00', close: '12:00' }];
    const userInitiated = { enabled: true, workingHours: { timezone: 'Asia/Kolkata', weekly }, holidays };
    const body = { enabled: true, userInitiated, callbackRequests: { enabled: true } };
    const path = `PUT /v1/channels/${channelId}/calling`;
    expect(await world.ask(owner, path, body)).toMatchObject({ status: 200, body: { position } });
    expect(await world.ask(owner, path, body)).toMatchObject({ status: 200 });
    expect((await world.eventsOf(`channel-${channelId}`)).slice(2)).toMatchObject([
      {
        type: 'CallingConfigured',
        enabled: true,
        userInitiatedEnabled: true,
        workingHours: { timezone: 'Asia/Kolkata', weekly },
        holidays,
        callbackRequestsEnabled: true,
      },
    ]);
  });

  const weekly = (...entries: object[]) => ({
    ...calling,
    userInitiated: { ...calling.userInitiated, workingHours: { timezone: 'UTC', weekly: entries } },
  });
  const holiday = (...entries: object[]) => ({
    ...calling,
    userInitiated: { ...calling.userInitiated, holidays: entries },
  });
  test.each([
    [
      'an unknown time zone',
      { ...calling, userInitiated: { enabled: true, workingHours: { timezone: 'Mars', weekly: [] } } },
    ],
    ['an unknown day', weekly({ day: 'FUNDAY', open: '10:00', close: '11:00' })],
    ['no time of day', weekly({ day: 'MONDAY', open: '25:00', close: '11:00' })],
    ['opening when it closes', weekly({ day: 'MONDAY', open: '10:00', close: '10:00' })],
    ['half a holiday', holiday({ date: '2026-12-25', open: '10:00' })],
    ['no date', holiday({ date: '2026-02-30' })],
    ['a mistyped field', { ...calling, enabeld: true }],
  ])('%s is refused', async (_, body) => {
    expect(await world.ask(care.owner, `PUT /v1/channels/${care.channelId}/calling`, body)).toMatchObject({
      status: 422,
      body: { code: 'request.invalid' },
    });
  });

  const monday = (open: string, close: string) => ({ day: 'MONDAY', open, close });
  test.each([
    [
      'openings of one day that overlap',
      weekly(monday('10:00', '14:00'), monday('13:59', '18:00')),
      'body.userInitiated.workingHours.weekly.1: MONDAY 13:59-18:00 overlaps MONDAY 10:00-14:00',
    ],
    [
      'an opening that runs into the next day’s',
      weekly(monday('22:00', '02:00'), { day: 'TUESDAY', open: '01:59', close: '10:00' }),
      'body.userInitiated.workingHours.weekly.1: TUESDAY 01:59-10:00 overlaps MONDAY 22:00-02:00',
    ],
    [
      'a holiday that is listed twice',
      holiday({ date: '2026-12-25' }, { date: '2026-12-26' }, { date: '2026-12-25', open: '10:00', close: '12:00' }),
      'body.userInitiated.holidays.2: 2026-12-25 is listed twice',
    ],
  ])('%s, which Meta would not take, is refused by name', async (_, body, error) => {
    expect(await world.ask(care.owner, `PUT /v1/channels/${care.channelId}/calling`, body)).toMatchObject({
      status: 422,
      body: { code: 'request.invalid', errors: [error], detail: `${error}.` },
    });
  });

  test('openings that only touch are taken', async () => {
    const { channelId, owner } = await openStore(world, []);
    const body = weekly(monday('10:00', '12:00'), monday('12:00', '18:00'));
    expect(await world.ask(owner, `PUT /v1/channels/${channelId}/calling`, body)).toMatchObject({ status: 200 });
  });

  test('a restriction finds its channel by however its number is written', async () => {
    const { channelId, phone } = await openStore(world, []);
    const until = world.clock.now / 1_000 + 3_600;
    await world.deliver(delivery(restriction(phone, 'RESTRICTED_USER_INITIATED_CALLING', until)));
    expect((await world.typesIn(`channel-${channelId}`)).at(-1)).toBe('ChannelRestricted');
  });
});

describe('agents', () => {
  const profile = { name: 'Cleo', email: 'cleo@example.com', role: 'agent', teams: ['care'], capacity: 3 };

  test('are entered in the roster, then registered; the same again is nothing new', async () => {
    for (const body of [profile, profile, { ...profile, teams: ['sales'] }])
      expect(await world.ask(care.owner, 'PUT /v1/agents/cleo', body)).toMatchObject({
        status: 200,
        body: { position },
      });
    expect(await world.eventsOf(`agent-${care.store}.cleo`)).toMatchObject([
      { type: 'AgentRegistered', ...profile },
      { type: 'AgentProfileChanged', teams: ['sales'] },
    ]);
    expect((await world.eventsOf(`routing-${care.store}`)).slice(2)).toMatchObject([
      { type: 'AgentEnlisted', agentId: 'cleo', teams: ['care'] },
      { type: 'AgentEnlisted', agentId: 'cleo', teams: ['sales'] },
    ]);
  });

  test.each([
    ['no e-mail address', { ...profile, email: 'cleo' }],
    ['an unknown role', { ...profile, role: 'boss' }],
    ['a capacity of nothing', { ...profile, capacity: 0 }],
    ['no name', { ...profile, name: ' ' }],
  ])('%s is refused', async (_, body) => {
    expect(await world.ask(care.owner, 'PUT /v1/agents/cleo', body)).toMatchObject({ status: 422 });
  });

  test.each<[string, Role, string, number]>([
    ['an agent, of themselves', 'agent', 'ben', 200],
    ['an agent, of another', 'agent', 'ana', 403],
    ['a manager, of another', 'team_manager', 'ana', 200],
    ['an admin, of another', 'admin', 'ana', 200],
    ['an auditor, of another', 'auditor', 'ana', 403],
  ])('%s, says whether they take calls: %s of %s is %i', async (_, role, sub, status) => {
    const body = { active: status === 403, reason: 'lunch' };
    const answer = await world.ask(as(role, sub), 'PUT /v1/agents/ben/availability', body);
    expect(answer).toMatchObject({ status, ...(status === 403 && { body: { code: 'auth.role' } }) });
  });

  test('are entered all at once if need be', async () => {
    const { owner } = await openStore(world, []);
    const enter = (_: unknown, n: number) => world.ask(owner, `PUT /v1/agents/agent-${n}`, profile);
    const answers = await Promise.all(Array.from({ length: 60 }, enter));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('nobody unknown takes calls', async () => {
    const answer = await world.ask(care.owner, 'PUT /v1/agents/nobody/availability', { active: true });
    expect(answer).toMatchObject({ status: 404 });
  });
});

describe('routing', () => {
  test('has its defaults', async () => {
    expect(await world.ask(care.owner, 'PUT /v1/routing', { mode: 'unassigned' })).toMatchObject({ status: 200 });
    expect((await world.eventsOf(`routing-${care.store}`)).at(-1)).toMatchObject({
      type: 'RoutingConfigured',
      mode: 'unassigned',
      onlyIfAvailable: true,
      ringSeconds: 30,
      queueSeconds: 60,
    });
  });

  test.each([
    [0, 422],
    [1, 200],
    [120, 200],
    [121, 422],
  ])('rings for %i seconds: %i', async (ringSeconds, status) => {
    expect(await world.ask(care.owner, 'PUT /v1/routing', { mode: 'round_robin', ringSeconds })).toMatchObject({
      status,
    });
  });

  test.each([
    ['only_if_available', { onlyIfAvailable: false }],
    ['load_balancer', { capacity: { global: 5, teams: { care: 2 } } }],
  ])('takes the mode %s', async (mode, more) => {
    expect(await world.ask(care.owner, 'PUT /v1/routing', { mode, ...more })).toMatchObject({ status: 200 });
    expect((await world.eventsOf(`routing-${care.store}`)).at(-1)).toMatchObject({ mode, ...more });
  });

  test.each([
    ['an unknown mode', { mode: 'by_mood' }],
    ['a capacity of nothing', { mode: 'load_balancer', capacity: { global: 0 } }],
    ['a team no document can name', { mode: 'load_balancer', capacity: { teams: { 'a.b': 1 } } }],
  ])('%s is refused', async (_, body) => {
    expect(await world.ask(care.owner, 'PUT /v1/routing', body)).toMatchObject({ status: 422 });
  });
});

describe('journeys', () => {
  const journey = { name: 'India by night', priority: 1, route: { team: 'care' } };
  const between = { timezone: 'Asia/Kolkata', from: '22:00', until: '06:00' };

  test('are set, changed and removed', async () => {
    const path = '/v1/journeys/night';
    const when = { regions: ['91'], between };
    for (const body of [journey, journey, { ...journey, when }])
      expect(await world.ask(care.owner, `PUT ${path}`, body)).toMatchObject({ status: 200, body: { position } });
    expect(await world.ask(care.owner, `DELETE ${path}`)).toMatchObject({ status: 200, body: { position } });
    expect(await world.ask(care.owner, `DELETE ${path}`)).toMatchObject({ status: 404 });
    expect((await world.eventsOf(`routing-${care.store}`)).slice(-3)).toMatchObject([
      { type: 'JourneyDefined', journeyId: 'night', when: { channels: [], regions: [], tags: [], skills: [] } },
      { type: 'JourneyDefined', when: { regions: ['91'], between } },
      { type: 'JourneyRemoved', journeyId: 'night' },
    ]);
  });

  test.each([
    ['that leads nowhere', { ...journey, route: {} }],
    ['that leads to two', { ...journey, route: { team: 'care', agent: 'ana' } }],
    ['of no time zone', { ...journey, when: { between: { ...between, timezone: 'Mars' } } }],
    ['of no time', { ...journey, when: { between: { ...between, until: '22:00' } } }],
    ['of no region', { ...journey, when: { regions: ['India'] } }],
    ['with a mistyped condition', { ...journey, when: { region: ['91'] } }],
  ])('%s are refused', async (_, body) => {
    expect(await world.ask(care.owner, 'PUT /v1/journeys/wrong', body)).toMatchObject({ status: 422 });
  });
});

test.each([
  ['PUT /v1/channels/1', { name: 'A', displayPhoneNumber: number, wabaId: '9' }],
  ['PUT /v1/channels/1/calling', calling],
  ['PUT /v1/agents/ana', { name: 'A', email: 'a@example.com', role: 'agent' }],
  ['PUT /v1/routing', { mode: 'unassigned' }],
  ['PUT /v1/journeys/1', { name: 'A', priority: 1, route: { team: 'care' } }],
  ['DELETE /v1/journeys/1', {}],
])('%s is for admins', async (path, body) => {
  for (const role of ['agent', 'team_manager', 'auditor', 'analyst'] as const)
    expect(await world.ask(as(role), path, body)).toMatchObject({ status: 403, body: { code: 'auth.role' } });
});

test.each(['/v1/calls', '/v1/calls/1/accept', '/v1/tickets/1/resolve', '/v1/tickets/1/notes'])(
  '%s is for staff, not for readers',
  async (path) => {
    for (const role of ['auditor', 'analyst'] as const)
      expect(await world.ask(as(role), path)).toMatchObject({ status: 403 });
  },
);
