import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { days, hours, minutes } from '../../domain/time.ts';
import { callLogs } from '../../projections/call-logs.ts';
import { happened, noon } from '../projections/events.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let customerId: string;
let theirCustomerId: string;
let position: bigint;
const path = (customer: string, channelId = 'ch1') =>
  `/v1/channels/${channelId}/customers/${encodeURIComponent(customer)}/permission`;

const openAllDay: DomainEvent[] = [
  {
    type: 'ChannelConnected',
    at: noon,
    channelId: 'ch1',
    store: 'demo',
    name: 'Support',
    displayPhoneNumber: '+1 555',
    wabaId: 'w1',
  },
  {
    type: 'CallingConfigured',
    at: noon,
    channelId: 'ch1',
    enabled: true,
    userInitiatedEnabled: true,
    workingHours: null,
    holidays: [],
    callbackRequestsEnabled: false,
  },
];
const availableAsha: DomainEvent[] = [
  {
    type: 'AgentRegistered',
    at: noon,
    agentId: 'asha',
    name: 'Asha',
    email: 'a@shop.test',
    role: 'agent',
    teams: [],
    capacity: null,
  },
  { type: 'AgentActivated', at: noon, agentId: 'asha', reason: null, spell: 1 },
  {
    type: 'CallSocketOpened',
    at: noon,
    agentId: 'asha',
    sessionId: 's1',
    tab: 't1',
    gateway: 'g1',
    fence: 1,
    takenFrom: null,
  },
];

beforeAll(async () => {
  world = await startWorld();
  ({ customerId } = await world.directory.identify('demo', { waId: '4915112345', bsuid: null, name: 'Mia' }));
  const theirs = await world.directory.identify('other', { waId: '4930999', bsuid: null, name: 'Leo' });
  theirCustomerId = theirs.customerId;
  await world.append([{ ...openAllDay[0], channelId: 'theirs', store: 'other' } as DomainEvent], 'other');
  position = await world.append([...openAllDay, ...availableAsha]);
});
afterAll(() => world?.stop());

const nothingYet = {
  allowed: false,
  code: 'permission.none',
  nextAllowedAt: null,
  missesLeft: 4,
  counters: { requests24h: 0, requests7d: 0, connected24h: 0, unanswered: 0 },
};

describe('a customer nobody asked yet', () => {
  test('may be asked, but not called', async () => {
    const { status, body } = await world.askAt(position, path('4915112345'));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      channelId: 'ch1',
      customer: { customerId, waId: '4915112345', name: 'Mia' },
      state: 'none',
      until: null,
      source: null,
      requests: [],
      verdict: {
        ...nothingYet,
      },
      request: { allowed: true, code: null, nextAllowedAt: null },
    });
  });

  test('is the same by number and by id', async () => {
    const [byNumber, byPlus, byId] = await Promise.all(
      ['4915112345', '+4915112345', customerId].map((name) => world.ask(path(name))),
    );
    expect(byPlus?.body).toEqual(byNumber?.body);
    expect(byId?.body).toEqual(byNumber?.body);
  });
});

describe('a number nobody has met', () => {
  test.each([
    ['of nobody', '4900000', '4900000'],
    ['written with a plus', '+4900000', '4900000'],
    ['of another store’s customer', '4930999', '4930999'],
  ])('may be asked, but not called: %s', async (_, named, waId) => {
    const { status, body } = await world.askAt(position, path(named));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      customer: { customerId: null, waId, name: null },
      state: 'none',
      requests: [],
      verdict: {
        ...nothingYet,
        limits: [
          { action: 'request', periodHours: 24, maxAllowed: 1, used: 0, freeAt: null, toldByMetaAt: null },
          { action: 'request', periodHours: 168, maxAllowed: 2, used: 0, freeAt: null, toldByMetaAt: null },
          { action: 'call', periodHours: 24, maxAllowed: 10, used: 0, freeAt: null, toldByMetaAt: null },
        ],
      },
      request: { allowed: true },
      decidedBy: null,
    });
    expect(await world.directory.find('demo', named)).toBeNull();
  });
});

describe('a number that Meta has restricted', () => {
  const until = noon + days(7);
  const ends = new Date(until).toISOString();

  test.each([
    [until - 1, { allowed: false, code: 'channel.calling_disabled', nextAllowedAt: ends, facts: { until: ends } }],
    [until, { allowed: true, code: null, nextAllowedAt: null }],
  ])('asks nobody until then: at %i %j', async (at, request) => {
    const metaType = 'RESTRICTED_BUSINESS_INITIATED_CALLING';
    const told = { at: noon, channelId: 'theirs', restriction: 'outgoing', until, metaType } as const;
    const seen = await world.append([{ type: 'ChannelRestricted', ...told }], 'other');
    world.clock.now = at;
    const { body } = await world.askAt(seen, path('4930999', 'theirs'), { store: 'other' });
    world.clock.now = noon;
    expect(body.request).toMatchObject(request);
  });
});

describe('nothing is said', () => {
  test.each([
    ['of a customerId nobody has', `cus_${'a'.repeat(26)}`, 'ch1'],
    ['of another store’s customerId', 'theirs', 'ch1'],
    ['of another store’s channel', '4915112345', 'theirs'],
    ['of a stranger on a channel nobody connected', '4900000', 'ch9'],
    ['of a channel nobody connected', '4915112345', 'ch9'],
  ])('%s', async (_, named, channelId) => {
    const customer = named === 'theirs' ? theirCustomerId : named;
    expect((await world.ask(path(customer, channelId))).status).toBe(404);
  });

  test('of what is no customer at all', async () => {
    expect((await world.ask(path('mia'))).status).toBe(422);
  });
});

describe('a customer who approved', () => {
  const granted = async () => {
    const requested: DomainEvent = {
      type: 'PermissionRequested',
      at: noon,
      channelId: 'ch1',
      customerId,
      ticketId: null,
      requestId: 'r1',
      method: 'free_form',
      template: null,
      body: null,
      agentId: 'asha',
    };
    position = await world.append([requested, happened.granted(1, { customerId, until: noon + days(7) })]);
  };

  test('may be called, and was asked enough for today', async () => {
    await granted();
    world.clock.now = noon + minutes(2);
    const { body } = await world.askAt(position, path(customerId));
    expect(body).toMatchObject({
      state: 'temporary',
      until: new Date(noon + days(7)).toISOString(),
      source: 'request',
      verdict: { allowed: true, code: null, counters: { requests24h: 1, requests7d: 1 } },
      request: {
        allowed: false,
        code: 'permission.request_limit_24h',
        nextAllowedAt: new Date(noon + hours(24)).toISOString(),
      },
      decidedBy: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test.each([
    [days(7) - 1, 'temporary', true],
    [days(7), 'expired', false],
  ])('is so until the last millisecond (%i ms after noon: %s)', async (after, state, allowed) => {
    world.clock.now = noon + after;
    const { body } = await world.askAt(position, path(customerId));
    expect([body.state, body.verdict.allowed]).toEqual([state, allowed]);
    world.clock.now = noon + minutes(2);
  });

  test('may not be called by an agent without a socket', async () => {
    const { verdict } = (await world.ask(path(customerId), { sub: 'nobody' })).body;
    expect(verdict).toMatchObject({ allowed: false, code: 'agent.unknown' });
  });

  test.each(['auditor', 'analyst', 'team_manager', 'admin'] as const)(
    'shows the customer’s side to whoever takes no calls: %s',
    async (role) => {
      const { verdict } = (await world.ask(path(customerId), { role, sub: 'otto' })).body;
      expect(verdict.allowed).toBe(true);
    },
  );

  test('has the limits that Meta has told, and Meta’s word is the reason', async () => {
    const limit = { action: 'request' as const, period: days(7), maxAllowed: 3, used: 3, freeAt: noon + days(2) };
    const told: DomainEvent = {
      type: 'MetaReportDiffered',
      at: noon + minutes(1),
      channelId: 'ch1',
      customerId,
      ticketId: null,
      said: { status: 'temporary', until: noon + days(7), limits: [limit] },
      believed: {
        status: 'temporary',
        until: noon + days(7),
        limits: [{ ...limit, maxAllowed: 2, used: 1, freeAt: null }],
      },
    };
    position = await world.append([told]);
    world.clock.now = noon + hours(24);
    const { body } = await world.askAt(position, path(customerId));
    world.clock.now = noon + minutes(2);
    const [freeAt, at] = [noon + days(2), noon + minutes(1)].map((moment) => new Date(moment).toISOString());
    expect(body.verdict.limits).toContainEqual({
      ...{ action: 'request', periodHours: 168, maxAllowed: 3, used: 3 },
      ...{ freeAt, toldByMetaAt: at },
    });
    expect(body.request).toMatchObject({
      code: 'permission.request_limit_7d',
      nextAllowedAt: freeAt,
      facts: {
        because: [
          { type: 'PermissionRequested', id: 'r1' },
          { type: 'MetaReportDiffered', at },
        ],
      },
    });
  });

  test('may not be called while a call is live', async () => {
    const live: DomainEvent = {
      type: 'IncomingCallBegan',
      at: noon,
      channelId: 'ch1',
      customerId,
      ticketId: null,
      callId: 'c1',
    };
    position = await world.append([live]);
    expect((await world.askAt(position, path(customerId))).body.verdict).toMatchObject({
      allowed: false,
      code: 'call.already_live',
    });
  });
});

describe('the store', () => {
  test('shows its channels as they were set', async () => {
    const { body } = await world.ask('/v1/channels');
    expect(body.items).toMatchObject([
      { channelId: 'ch1', name: 'Support', calling: { enabled: true, userInitiated: { enabled: true } } },
    ]);
    expect(body.items[0]).not.toHaveProperty('detail');
  });

  test('shows its staff', async () => {
    const { body } = await world.ask('/v1/agents?active=true');
    expect(body.items).toMatchObject([
      { agentId: 'asha', name: 'Asha', active: true, callSocket: { sessionId: 's1', fence: 1 } },
    ]);
    expect((await world.ask('/v1/agents?active=false')).body.items).toEqual([]);
    expect((await world.ask('/v1/agents', { store: 'other' })).body.items).toEqual([]);
  });

  test('shows how it hands out calls: by default, or as it was set', async () => {
    expect((await world.ask('/v1/routing')).body).toMatchObject({
      mode: 'round_robin',
      ringSeconds: 30,
      ruleVersion: 0,
    });
    const rules = {
      mode: 'unassigned' as const,
      onlyIfAvailable: true,
      ringSeconds: 20,
      queueSeconds: 60,
      capacity: { global: 3, teams: {} },
    };
    const set = await world.append([{ type: 'RoutingConfigured', at: noon, ruleVersion: 1, ...rules }]);
    expect((await world.askAt(set, '/v1/routing')).body).toMatchObject({ ...rules, ruleVersion: 1 });
    expect((await world.ask('/v1/routing', { store: 'other' })).body).toMatchObject({ mode: 'round_robin' });
  });

  test('tells how its read models are doing', async () => {
    const { body } = await world.ask('/v1/projections', { role: 'analyst' });
    expect(body.items.find(({ name }: { name: string }) => name === 'call_logs')).toMatchObject({
      version: callLogs.version,
      state: 'live',
      quarantined: 0,
      epoch: expect.stringContaining(`call_logs@${callLogs.version}.`),
      position: expect.stringMatching(/^\d+$/),
    });
  });
});
