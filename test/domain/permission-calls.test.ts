import { describe, expect, test } from 'vitest';
import { fold } from '../../domain/decider.ts';
import { permission } from '../../domain/permission.ts';
import { defaultPolicies, policyAt } from '../../domain/permission-policy.ts';
import type { PermissionEvent } from '../../domain/permission-state.ts';
import { verdictOf } from '../../domain/permission-verdict.ts';
import { days, hours, minutes } from '../../domain/time.ts';
import { scenario } from '../support/scenario.ts';
import {
  authorised,
  connected,
  declined,
  dial,
  ended,
  granted,
  monday,
  nothingAgainstIt,
  pair,
  requested,
  revoked,
  threeUnanswered,
} from './permission-facts.ts';

const { given } = scenario(permission);
const noon = monday + hours(3);
const go = (at: number) => ({ ...authorised(at, 'next') });
const connectedCalls = (n: number, from: number) =>
  Array.from({ length: n }, (_, i) => [connected(from + minutes(i)), ended(from + minutes(i), 'connected')]).flat();

describe('an outgoing call needs a permission', () => {
  test.each([
    ['none', [], 'permission.none'],
    ['declined', [declined(monday)], 'permission.none'],
    ['revoked', [granted(monday), revoked(monday + 1)], 'permission.revoked'],
    ['expired', [granted(monday - days(8))], 'permission.expired'],
    [
      'expired, and noted',
      [granted(monday - days(8)), { type: 'PermissionExpired', at: monday - days(1), ...pair }],
      'permission.expired',
    ],
  ] as [string, PermissionEvent[], string][])('%s: refused', (_, past, code) => {
    given(...past)
      .when(dial(noon))
      .thenRefused(code, null);
  });

  test('temporary: allowed', () => {
    given(granted(monday)).when(dial(noon)).then(go(noon));
  });
});

describe('connected calls', () => {
  test.each([
    { calls: 9, wait: hours(1), allowed: true },
    { calls: 10, wait: hours(1), allowed: false },
    { calls: 10, wait: hours(24) - 1, allowed: false },
    { calls: 10, wait: hours(24), allowed: true },
  ])('after $calls connected calls, one $wait ms after the first is allowed: $allowed', ({ calls, wait, allowed }) => {
    const outcome = given(granted(monday), ...connectedCalls(calls, monday)).when(dial(monday + wait));
    if (allowed) outcome.then(go(monday + wait));
    else outcome.thenRefused('permission.connected_limit_24h', monday + hours(24));
  });

  test('only connected calls count', () => {
    const others = (['unanswered', 'declined', 'cancelled', 'failed'] as const).map((r, i) => ended(monday + i, r));
    given(granted(monday), ...connectedCalls(9, monday + 10), ...others)
      .when(dial(noon))
      .then(go(noon));
  });

  test('a conversation does not clear the 24 hour count', () => {
    const incoming = { type: 'IncomingCallConnected', at: noon - 1, ...pair, callId: 'in' } as const;
    given(granted(monday), ...connectedCalls(10, monday), incoming)
      .when(dial(noon))
      .thenRefused('permission.connected_limit_24h', monday + hours(24));
  });

  test('a call that is over counts as connected even if nobody told us when it was picked up', () => {
    const silent = ended(monday + minutes(9), 'connected');
    given(granted(monday), ...connectedCalls(9, monday), silent)
      .when(dial(noon))
      .thenRefused('permission.connected_limit_24h', monday + hours(24));
  });

  test('a call that dropped after it connected stays a connected call', () => {
    const at = monday + minutes(2);
    given(granted(monday), authorised(monday, 'c1'), connected(monday + 1, 'c1'))
      .when({ type: 'RecordOutgoingEnded', at, ...pair, callId: 'c1', result: 'failed' })
      .then(ended(at, 'connected', 'c1'));
  });
});

describe('unanswered calls in a row', () => {
  const end = (result: 'unanswered' | 'declined' | 'cancelled' | 'failed', at = noon) => ({
    type: 'RecordOutgoingEnded' as const,
    at,
    ...pair,
    callId: 'c4',
    result,
  });
  const warned = { type: 'UnansweredWarningRaised', at: noon, ...pair, unanswered: 2 } as const;

  test('the first has no consequence', () => {
    given(granted(monday))
      .when(end('unanswered'))
      .then(ended(noon, 'unanswered', 'c4'));
  });

  test.each(['unanswered', 'declined'] as const)('the second (%s) raises a warning', (result) => {
    given(granted(monday), ended(monday + 1, 'unanswered'))
      .when(end(result))
      .then(ended(noon, result, 'c4'), warned);
  });

  test('the third has no further consequence', () => {
    given(granted(monday), ...threeUnanswered(monday).slice(0, 2))
      .when(end('unanswered'))
      .then(ended(noon, 'unanswered', 'c4'));
  });

  test.each([
    ['temporary', 'unanswered', granted(monday - 1)],
    ['temporary', 'declined', granted(monday - 1)],
    ['permanent', 'unanswered', granted(monday - 1, { permanent: true })],
  ] as const)('the fourth takes a %s permission back (%s)', (_, result, grant) => {
    given(grant, ...threeUnanswered(monday))
      .when(end(result))
      .then(ended(noon, result, 'c4'), revoked(noon, 'unanswered_calls'));
  });

  test.each(['cancelled', 'failed'] as const)('a %s call is not an unanswered one', (result) => {
    given(granted(monday - 1), ...threeUnanswered(monday))
      .when(end(result))
      .then(ended(noon, result, 'c4'));
  });

  test.each([
    ['an outgoing', connected(monday + minutes(30))],
    ['an incoming', { type: 'IncomingCallConnected', at: monday + minutes(30), ...pair, callId: 'in' } as const],
  ])('%s call that connects starts the count again', (_, spoke) => {
    given(granted(monday - 1), ...threeUnanswered(monday), spoke)
      .when(end('unanswered'))
      .then(ended(noon, 'unanswered', 'c4'));
  });

  test('a new permission after the revocation starts the count again', () => {
    const again = [revoked(monday + hours(1), 'unanswered_calls'), granted(monday + hours(2))];
    given(granted(monday - 1), ...threeUnanswered(monday), ...again)
      .when(end('unanswered'))
      .then(ended(noon, 'unanswered', 'c4'));
  });

  test('the fourth forfeits also a permission that ran out while it rang', () => {
    const ranOut = { type: 'PermissionExpired', at: noon - 1, ...pair } as const;
    given(granted(monday - 1), ...threeUnanswered(monday), ranOut)
      .when(end('unanswered'))
      .then(ended(noon, 'unanswered', 'c4'), revoked(noon, 'unanswered_calls'));
    given(granted(monday - 1), ...threeUnanswered(monday), revoked(noon - 1))
      .when(end('unanswered'))
      .then(ended(noon, 'unanswered', 'c4'));
  });

  test('a renewed permission does not', () => {
    given(granted(monday - 1), ...threeUnanswered(monday), granted(monday + hours(2)))
      .when(end('unanswered'))
      .then(ended(noon, 'unanswered', 'c4'), revoked(noon, 'unanswered_calls'));
  });

  test('better knowledge of a counted call does not count it twice', () => {
    given(granted(monday), ended(monday + 1, 'unanswered'), ended(noon, 'unanswered', 'c4'), warned)
      .when(end('declined'))
      .then(ended(noon, 'declined', 'c4'));
    given(granted(monday), ended(noon, 'unanswered', 'c4'))
      .when(end('unanswered'))
      .thenNothing();
  });
});

describe('what else stands in the way', () => {
  test.each([
    ['channel', 'channel.outside_hours'],
    ['channel', 'channel.calling_disabled'],
    ['agent', 'agent.inactive'],
    ['agent', 'agent.no_call_socket'],
    ['agent', 'agent.on_call'],
  ] as const)('the %s says %s', (who, refused) => {
    given(granted(monday))
      .when({ ...dial(noon), facts: { ...nothingAgainstIt, [who]: { refused } } })
      .thenRefused(refused);
  });

  test.each([
    ['outgoing', authorised(monday, 'live')],
    ['incoming', { type: 'IncomingCallBegan', at: monday, ...pair, callId: 'live' } as const],
  ])('a live %s call with this customer', (_, live) => {
    given(granted(monday), live).when(dial(noon)).thenRefused('call.already_live', null);
  });

  test('two agents racing for one customer: one gets through, the repeat of a command changes nothing', () => {
    given(granted(monday)).when(dial(noon, 'first')).then(authorised(noon, 'first'));
    given(granted(monday), authorised(noon, 'first')).when(dial(noon, 'second')).thenRefused('call.already_live');
    given(granted(monday), authorised(noon, 'first')).when(dial(noon, 'first')).thenNothing();
    given(granted(monday), ended(noon, 'failed', 'first'))
      .when(dial(noon, 'first'))
      .thenNothing();
  });

  test.each([
    ['an outgoing', [authorised(monday, 'c1'), ended(monday + 1, 'failed', 'c1')]],
    [
      'an incoming',
      [
        { type: 'IncomingCallBegan', at: monday, ...pair, callId: 'in' },
        { type: 'IncomingCallEnded', at: monday + 1, ...pair, callId: 'in' },
      ],
    ],
  ] as [string, PermissionEvent[]][])('%s call that is over stands in nobody’s way', (_, past) => {
    given(granted(monday), ...past)
      .when(dial(noon))
      .then(go(noon));
  });

  test('an incoming call whose end came before its beginning does not stay live', () => {
    const call = { at: monday, ...pair, callId: 'in' };
    given()
      .when({ type: 'RecordIncomingEnded', ...call })
      .then({ type: 'IncomingCallEnded', ...call });
    given({ type: 'IncomingCallEnded', ...call })
      .when({ type: 'RecordIncomingBegan', ...call })
      .thenNothing();
    given({ type: 'IncomingCallEnded', ...call })
      .when({ type: 'RecordIncomingEnded', ...call })
      .thenNothing();
  });
});

describe('may we call? is answered with', () => {
  const ask = (at: number, facts = nothingAgainstIt, ...past: PermissionEvent[]) =>
    verdictOf(fold(permission, permission.initial, past), facts, at, policyAt(defaultPolicies, at));

  test('yes, and what is left', () => {
    expect(ask(noon, nothingAgainstIt, granted(monday), requested(monday), ...threeUnanswered(monday + 1))).toEqual({
      call: { allowed: true, code: null, nextAllowedAt: null, facts: {} },
      request: expect.objectContaining({ allowed: false, code: 'permission.request_limit_24h' }),
      counters: { requests24h: 1, requests7d: 1, connected24h: 0, unanswered: 3 },
      limits: [
        {
          action: 'request',
          period: hours(24),
          maxAllowed: 1,
          used: 1,
          freeAt: monday + hours(24),
          toldByMetaAt: null,
        },
        { action: 'request', period: days(7), maxAllowed: 2, used: 1, freeAt: null, toldByMetaAt: null },
        { action: 'call', period: hours(24), maxAllowed: 10, used: 0, freeAt: null, toldByMetaAt: null },
      ],
      missesLeft: 1,
    });
  });

  test.each([
    { after: hours(24) - 1, requests24h: 1, requests7d: 1 },
    { after: hours(24), requests24h: 0, requests7d: 1 },
    { after: days(7) - 1, requests24h: 0, requests7d: 1 },
    { after: days(7), requests24h: 0, requests7d: 0 },
  ])('counters of the requests that still count $after ms later', ({ after, ...counters }) => {
    expect(ask(monday + after, nothingAgainstIt, requested(monday)).counters).toMatchObject(counters);
  });

  test.each([
    { after: hours(24) - 1, connected24h: 1 },
    { after: hours(24), connected24h: 0 },
  ])('a counter of the connected calls that still count $after ms later', ({ after, connected24h }) => {
    expect(ask(monday + after, nothingAgainstIt, connected(monday)).counters).toMatchObject({ connected24h });
  });

  test('counters without a request of the very moment in which they spoke', () => {
    expect(ask(noon, nothingAgainstIt, requested(monday), connected(monday)).counters.requests24h).toBe(0);
  });

  test('no, the rule, the earliest time, and the events that say so', () => {
    const { call } = ask(noon, nothingAgainstIt, granted(monday), ...connectedCalls(10, monday));
    expect(call).toMatchObject({
      allowed: false,
      code: 'permission.connected_limit_24h',
      nextAllowedAt: monday + hours(24),
    });
    expect(call.facts.because).toHaveLength(10);
    expect(call.facts.because).toContainEqual({ type: 'OutgoingCallConnected', at: monday, id: `c${monday}` });
  });

  test('the later time where two rules block', () => {
    const closed = { ...nothingAgainstIt, channel: { refused: 'channel.outside_hours', retryAt: monday + hours(30) } };
    expect(ask(noon, closed, granted(monday), ...connectedCalls(10, monday)).call).toMatchObject({
      code: 'permission.connected_limit_24h',
      nextAllowedAt: monday + hours(30),
    });
  });

  test('a time inside the working hours, even if the limit ends in the night', () => {
    const morning = monday + hours(33);
    const channelAt = () => ({ refused: 'channel.outside_hours', retryAt: morning });
    const { call } = ask(noon, { ...nothingAgainstIt, channelAt }, granted(monday), ...connectedCalls(10, monday));
    expect(call.nextAllowedAt).toBe(morning);
  });

  test('a time even while the agent is not ready to call', () => {
    const away = { ...nothingAgainstIt, agent: { refused: 'agent.no_call_socket' } };
    expect(ask(noon, away, granted(monday), ...connectedCalls(10, monday)).call).toMatchObject({
      code: 'permission.connected_limit_24h',
      nextAllowedAt: monday + hours(24),
    });
    expect(ask(noon, away, granted(monday)).call).toMatchObject({ code: 'agent.no_call_socket', nextAllowedAt: null });
  });

  test('no time where waiting does not help', () => {
    const lapsing = granted(monday, { until: monday + hours(10) });
    expect(ask(noon, nothingAgainstIt, lapsing, ...connectedCalls(10, monday)).call.nextAllowedAt).toBeNull();
    expect(ask(noon).call.nextAllowedAt).toBeNull();
  });

  test('no misses left once the permission is taken back, until a new one is granted', () => {
    const past = [
      granted(monday - 1),
      ...threeUnanswered(monday),
      ended(noon, 'unanswered'),
      revoked(noon, 'unanswered_calls'),
    ];
    expect(ask(noon, nothingAgainstIt, ...past)).toMatchObject({ missesLeft: 0, counters: { unanswered: 4 } });
    expect(ask(noon, nothingAgainstIt, ...past, granted(noon))).toMatchObject({ missesLeft: 4 });
  });
});
