import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { days, hours } from '../../domain/time.ts';
import { agents, channels, permissions, routing } from '../../projections/index.ts';
import { at, happened, noon, shownAfter, storedAfter } from './events.ts';

const asha = { agentId: 'asha' };
const profile = { name: 'Asha', email: 'asha@shop.test', role: 'agent' as const, teams: ['voice'], capacity: null };
const registered: DomainEvent = { type: 'AgentRegistered', at: at(0), ...asha, ...profile };
const activated: DomainEvent = { type: 'AgentActivated', at: at(1), ...asha, reason: null, spell: 1 };
const reserved: DomainEvent = { type: 'AgentReserved', at: at(2), ...asha, callId: 'c1', direction: 'incoming' };
const socket = { sessionId: 's1', tab: 'tab1', gateway: 'g1', fence: 3, takenFrom: null };
const socketOpened: DomainEvent = { type: 'CallSocketOpened', at: at(3), ...asha, ...socket };
const socketClosed: DomainEvent = { type: 'CallSocketClosed', at: at(4), ...asha, sessionId: 's1' };

describe('an agent', () => {
  const agentAfter = (...events: DomainEvent[]) => shownAfter(agents, 'demo.asha', [registered, ...events]);

  test('has a profile, and is inactive at first', () => {
    expect(agentAfter()).toMatchObject({
      ...asha,
      ...profile,
      active: false,
      activeChangedAt: null,
      call: null,
      callSocket: null,
    });
  });

  test('is active since they said so', () => {
    expect(agentAfter(activated, reserved)).toMatchObject({ active: true, activeChangedAt: at(1), changedAt: at(2) });
  });

  test('holds one call', () => {
    expect(agentAfter(reserved)?.call).toEqual({ callId: 'c1', direction: 'incoming' });
    expect(
      agentAfter(reserved, { type: 'AgentReleased', at: at(3), ...asha, callId: 'c1', because: 'ended' })?.call,
    ).toBeNull();
  });

  test('has a call socket while it is open', () => {
    expect(agentAfter(socketOpened)?.callSocket).toEqual({ sessionId: 's1', fence: 3 });
    expect(agentAfter(socketOpened, socketClosed)?.callSocket).toBeNull();
  });
});

describe('a channel', () => {
  const connected: DomainEvent = {
    type: 'ChannelConnected',
    at: noon,
    channelId: 'ch1',
    store: 'demo',
    name: 'Support',
    displayPhoneNumber: '+1 555',
    wabaId: 'w1',
  };
  const calling = {
    enabled: true,
    userInitiatedEnabled: true,
    workingHours: null,
    holidays: [],
    callbackRequestsEnabled: true,
  };

  test('shows its settings as they are set', () => {
    expect(
      shownAfter(channels, 'ch1', [connected, { type: 'CallingConfigured', at: at(1), channelId: 'ch1', ...calling }]),
    ).toMatchObject({
      channelId: 'ch1',
      name: 'Support',
      displayPhoneNumber: '+1 555',
      calling: {
        enabled: true,
        userInitiated: { enabled: true, workingHours: null, holidays: [] },
        callbackRequests: { enabled: true },
      },
      restrictions: [],
    });
  });

  test('shows what Meta has stopped', () => {
    const restricted: DomainEvent = {
      type: 'ChannelRestricted',
      at: at(1),
      channelId: 'ch1',
      restriction: 'outgoing',
      until: at(9),
      metaType: 'X',
    };
    const stopped = { restriction: 'outgoing', until: at(9), metaType: 'X' } as const;
    expect(shownAfter(channels, 'ch1', [connected, restricted])?.restrictions).toEqual([{ ...stopped, since: at(1) }]);
    const about = { at: at(9), channelId: 'ch1' };
    const ended: DomainEvent = { type: 'ChannelRestrictionEnded', ...about, ...stopped, because: 'time' };
    expect(shownAfter(channels, 'ch1', [connected, restricted, ended])?.restrictions).toEqual([]);
  });

  test('shows what Meta warns of, for as long as it matters', () => {
    const warned: DomainEvent = { type: 'ChannelViolationReported', at: at(1), channelId: 'ch1', metaType: 'LOW' };
    const lapsed: DomainEvent = { type: 'ChannelViolationLapsed', at: at(9), channelId: 'ch1', metaType: 'LOW' };
    expect(shownAfter(channels, 'ch1', [connected, warned])?.violations).toEqual([{ metaType: 'LOW', at: at(1) }]);
    expect(shownAfter(channels, 'ch1', [connected, warned, lapsed])?.violations).toEqual([]);
  });
});

describe('a permission', () => {
  const key = 'ch1.cus_mia';
  const pair = { channelId: 'ch1', customerId: 'cus_mia', ticketId: null };
  const { granted } = happened;

  test.each<[string, DomainEvent[]]>([
    ['none', [{ type: 'PermissionDeclined', at: noon, ...pair, requestId: 'r1', replyId: null }]],
    ['temporary', [granted(0)]],
    ['permanent', [granted(0, { permanent: true, until: null })]],
    ['expired', [granted(0), { type: 'PermissionExpired', at: noon + days(7), ...pair }]],
    [
      'revoked',
      [granted(0), { type: 'PermissionRevoked', at: noon + hours(1), ...pair, because: 'customer', replyId: null }],
    ],
  ])('is %s', (state, events) => {
    expect(shownAfter(permissions, key, events)).toMatchObject({ state, channelId: 'ch1', customerId: 'cus_mia' });
  });

  test('names the event that decided it', () => {
    const sent: DomainEvent = { type: 'PermissionRequestSent', at: at(2), ...pair, requestId: 'r1', messageId: 'm1' };
    expect(shownAfter(permissions, key, [granted(0), sent])).toMatchObject({ decidedBy: 'e10', changedAt: at(2) });
  });
});

test('a store has one set of routing rules', () => {
  const rules = {
    mode: 'unassigned' as const,
    onlyIfAvailable: true,
    ringSeconds: 20,
    queueSeconds: 60,
    capacity: { global: 3, teams: {} },
  };
  const configured: DomainEvent = { type: 'RoutingConfigured', at: noon, ruleVersion: 1, ...rules };
  const enlisted: DomainEvent = { type: 'AgentEnlisted', at: at(1), agentId: 'asha', teams: ['voice'] };
  expect(shownAfter(routing, 'demo', [configured, enlisted])).toMatchObject({
    ...rules,
    ruleVersion: 1,
    roster: [{ agentId: 'asha', teams: ['voice'] }],
  });
});

test('a document belongs to the store of its events', () => {
  expect(storedAfter(agents, [registered]).get('demo.asha')).toMatchObject({ store: 'demo', at: 10n });
});
