import { describe, expect, test } from 'vitest';
import { permission, permissionUnder } from '../../domain/permission.ts';
import { defaultPolicies, type PermissionPolicy, policyAt } from '../../domain/permission-policy.ts';
import type { PermissionEvent } from '../../domain/permission-state.ts';
import { days, hours } from '../../domain/time.ts';
import { history, scenario } from '../support/scenario.ts';
import {
  ask,
  asked,
  authorised,
  connected,
  dial,
  ended,
  granted,
  monday,
  pair,
  requested,
  revoked,
} from './permission-facts.ts';

const { given } = scenario(permission);
const noon = monday + hours(3);
const says = (metaErrorCode: number, nextAllowedAt: number | null = null, at = noon) => ({
  type: 'RecordMetaRefusal' as const,
  at,
  ...pair,
  metaErrorCode,
  nextAllowedAt,
});
const disagreed = (metaErrorCode: number, nextAllowedAt: number | null = null): PermissionEvent => ({
  type: 'MetaDisagreed',
  at: noon,
  ...pair,
  metaErrorCode,
  nextAllowedAt,
});

describe('where Meta disagrees, Meta wins', () => {
  test('138006: the permission we believed in is gone', () => {
    given(granted(monday)).when(says(138006)).then(disagreed(138006), revoked(noon, 'meta'));
    given().when(says(138006)).then(disagreed(138006));
  });

  test('138017: the permission is permanent', () => {
    given(granted(monday))
      .when(says(138017))
      .then(disagreed(138017), granted(noon, { source: 'meta', permanent: true }));
    given(granted(monday, { permanent: true }))
      .when(says(138017))
      .then(disagreed(138017));
  });

  test.each([
    { told: noon + hours(5), from: noon + hours(5) },
    { told: null, from: noon + hours(24) },
  ])('138009: no request before $told', ({ told, from }) => {
    given().when(says(138009, told)).then(disagreed(138009, told));
    given(disagreed(138009, told))
      .when(ask(from - 1))
      .thenRefused('permission.request_limit_24h', from);
    given(disagreed(138009, told))
      .when(ask(from))
      .then(asked(ask(from)));
  });

  test('138009: a conversation clears the wait', () => {
    given(disagreed(138009, noon + hours(5)), connected(noon + 1))
      .when(ask(noon + 2))
      .then(asked(ask(noon + 2)));
  });

  test.each([
    { told: noon + hours(5), from: noon + hours(5) },
    { told: null, from: noon + hours(24) },
  ])('138012: no call before $told', ({ told, from }) => {
    given(granted(monday)).when(says(138012, told)).then(disagreed(138012, told));
    given(granted(monday), disagreed(138012, told))
      .when(dial(from - 1))
      .thenRefused('permission.connected_limit_24h', from);
    given(granted(monday), disagreed(138012, told)).when(dial(from)).then(authorised(from, 'next'));
  });
});

describe('the limits are dated', () => {
  const moved = monday + days(10);
  const [today] = defaultPolicies as readonly [PermissionPolicy];
  const tomorrow: PermissionPolicy = { ...today, effectiveFrom: moved, connectedPer24h: 100, revokeAfterUnanswered: 2 };
  const changing = permissionUnder([today, tomorrow]);
  const tenCalls = Array.from({ length: 10 }, (_, i) => [
    connected(moved - hours(1) + i),
    ended(moved - hours(1) + i, 'connected'),
  ]).flat();

  test.each([
    { at: moved - 1, limit: 10 },
    { at: moved, limit: 100 },
  ])('at $at ms, $limit connected calls a day', ({ at, limit }) => {
    expect(policyAt([today, tomorrow], at).connectedPer24h).toBe(limit);
  });

  test('a decision is judged by the rule of its time', () => {
    const past = [granted(moved - days(1)), ...tenCalls];
    scenario(changing)
      .given(...past)
      .when(dial(moved - 1))
      .thenRefused('permission.connected_limit_24h');
    scenario(changing)
      .given(...past)
      .when(dial(moved))
      .then(authorised(moved, 'next'));
  });

  test('a decision of the past comes out the same after the rule has moved', () => {
    const commands = [
      { ...ask(monday), requestId: 'r1' },
      { ...ask(monday + hours(25)), requestId: 'r2' },
      { ...ask(monday + hours(50)), requestId: 'r3' },
      { type: 'GrantByCallback' as const, at: monday + hours(51), ...pair, callId: 'in' },
      ...[1, 2, 3, 4, 5].flatMap((n) => [
        dial(monday + hours(51 + n), `c${n}`),
        {
          type: 'RecordOutgoingEnded' as const,
          at: monday + hours(51 + n) + 1,
          ...pair,
          callId: `c${n}`,
          result: 'unanswered' as const,
        },
      ]),
    ];
    expect(history(changing, commands).events).toEqual(history(permission, commands).events);
    expect(history(permission, commands).events.filter((e) => e.type === 'OutgoingCallAuthorised')).toHaveLength(4);
  });

  test('what was once recorded stands, whatever today’s rule would say', () => {
    const strict = permissionUnder([{ ...today, requestsPer7d: 1 }]);
    scenario(strict)
      .given(requested(monday), requested(monday + hours(25)))
      .when(ask(monday + days(3)))
      .thenRefused('permission.request_limit_7d', monday + hours(25) + days(7));
  });
});
