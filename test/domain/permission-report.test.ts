import { describe, expect, test } from 'vitest';
import { fold } from '../../domain/decider.ts';
import { permission, permissionUnder } from '../../domain/permission.ts';
import type { PairLimit, PermissionStanding } from '../../domain/permission-events.ts';
import { defaultPolicies, type PermissionPolicy, policyAt } from '../../domain/permission-policy.ts';
import type { PermissionEvent } from '../../domain/permission-state.ts';
import { verdictOf } from '../../domain/permission-verdict.ts';
import { days, hours, minutes, seconds } from '../../domain/time.ts';
import { history, scenario } from '../support/scenario.ts';
import {
  accept,
  ask,
  asked,
  authorised,
  connected,
  declined,
  delivered,
  dial,
  ended,
  granted,
  monday,
  nothingAgainstIt,
  pair,
  refusedByMeta,
  reject,
  requested,
  revoked,
  sent,
  undelivered,
} from './permission-facts.ts';

const { given } = scenario(permission);
const noon = monday + hours(3);
type Said = Partial<PermissionStanding>;

const limit = (
  action: PairLimit['action'],
  period: number,
  maxAllowed: number,
  used: number,
  freeAt: number | null = null,
): PairLimit => ({ action, period, maxAllowed, used, freeAt });
/** The limits as Meta tells them, in its order. */
const requestsUsed = (today: number, week: number, freeAt: number | null = null) => [
  limit('request', hours(24), 1, today, today >= 1 ? freeAt : null),
  limit('request', days(7), 2, week, week >= 2 ? freeAt : null),
];
const callsUsed = (used: number, freeAt: number | null = null) => [limit('call', hours(24), 10, used, freeAt)];

const says = (said: Said, at = noon) => ({
  type: 'RecordMetaReport' as const,
  at,
  ...pair,
  status: 'none' as const,
  until: null,
  limits: [],
  ...said,
});
const nothing = { status: 'none', until: null, limits: [] } as const;
const differed = (said: Said, believed: Said, at = noon): PermissionEvent => ({
  type: 'MetaReportDiffered',
  at,
  ...pair,
  said: { ...nothing, ...said, limits: [...(said.limits ?? [])] },
  believed: { ...nothing, ...believed, limits: [...(believed.limits ?? [])] },
});
const metaGranted = (until: number | null, at = noon) =>
  granted(at, { source: 'meta', permanent: until === null, until });
const neverArrived = (requestId: string, at = noon): PermissionEvent => ({
  type: 'PermissionRequestNeverArrived',
  at,
  ...pair,
  requestId,
});

describe('Meta is asked how a permission stands, and where it agrees nothing is recorded', () => {
  const end = monday + hours(168);
  test.each<[string, PermissionEvent[], Said]>([
    ['none, and none', [], { limits: [...requestsUsed(0, 0), ...callsUsed(0)] }],
    ['nothing told but the state', [], {}],
    ['temporary until the same moment', [granted(monday)], { status: 'temporary', until: end }],
    ['temporary, the end a moment away', [granted(monday)], { status: 'temporary', until: end - minutes(1) + 1 }],
    ['temporary, the end not told', [granted(monday)], { status: 'temporary' }],
    ['permanent', [granted(monday, { permanent: true })], { status: 'permanent' }],
    ['run out, and not noted yet', [granted(monday - days(7))], {}],
    [
      'one request, free again when we think',
      [requested(monday, 'r1'), sent(monday + 1, 'r1')],
      { limits: requestsUsed(1, 1, monday + hours(24) + seconds(8)) },
    ],
    [
      'calls that connected',
      [granted(monday), connected(monday + 1), connected(monday + 2)],
      { status: 'temporary', until: end, limits: callsUsed(2) },
    ],
    [
      'a live call that Meta has heard picked up before us',
      [granted(monday), authorised(noon - 1)],
      { status: 'temporary', until: end, limits: callsUsed(1) },
    ],
    [
      'a live call that nobody has picked up',
      [granted(monday), authorised(noon - 1)],
      { status: 'temporary', until: end, limits: callsUsed(0) },
    ],
    [
      'a request that leaves its window this very minute',
      [requested(noon - hours(24) - 1, 'r1'), sent(noon - hours(24), 'r1')],
      { limits: requestsUsed(1, 1, noon + seconds(7)) },
    ],
    [
      'a request that a conversation has cleared',
      [requested(monday, 'r1'), sent(monday, 'r1'), connected(monday + 5)],
      { limits: requestsUsed(0, 0) },
    ],
  ])('%s', (_, past, said) => {
    given(...past)
      .when(says(said))
      .thenNothing();
  });
});

describe('where Meta says otherwise, it wins', () => {
  test.each<[string, PermissionEvent[], Said, Said, PermissionEvent]>([
    ['a grant we never heard of', [], { status: 'temporary', until: noon + days(3) }, {}, metaGranted(noon + days(3))],
    ['… that is for good', [], { status: 'permanent' }, {}, metaGranted(null)],
    ['… whose end is not told', [], { status: 'temporary' }, {}, metaGranted(noon + hours(168))],
    [
      'an earlier end',
      [granted(monday)],
      { status: 'temporary', until: noon + hours(1) },
      { status: 'temporary', until: monday + hours(168) },
      metaGranted(noon + hours(1)),
    ],
    [
      'a permanent one that is but temporary',
      [granted(monday, { permanent: true })],
      { status: 'temporary', until: noon + hours(1) },
      { status: 'permanent' },
      metaGranted(noon + hours(1)),
    ],
    [
      'a customer who took it back in the profile',
      [granted(monday)],
      {},
      { status: 'temporary', until: monday + hours(168) },
      revoked(noon, 'meta'),
    ],
    [
      '… told as one that is over',
      [granted(monday)],
      { status: 'temporary', until: noon },
      { status: 'temporary', until: monday + hours(168) },
      revoked(noon, 'meta'),
    ],
    [
      'one that runs out this minute',
      [granted(monday, { until: noon + minutes(1) - 1 })],
      {},
      { status: 'temporary', until: noon + minutes(1) - 1 },
      { type: 'PermissionExpired', at: noon, ...pair },
    ],
    [
      'one that we thought four misses had cost us',
      [granted(monday), revoked(monday + 1, 'unanswered_calls')],
      { status: 'temporary', until: monday + hours(168) },
      {},
      metaGranted(monday + hours(168)),
    ],
  ])('%s', (_, past, said, believed, change) => {
    given(...past)
      .when(says(said))
      .then(differed(said, believed), change);
  });

  test('and the verdict says that it is Meta’s word', () => {
    const { state } = history(permission, [accept(monday), says({})]);
    const { call } = verdictOf(state, nothingAgainstIt, noon, defaultPolicies[0]!);
    expect(call).toMatchObject({
      code: 'permission.revoked',
      facts: { because: [{ type: 'PermissionRevoked', at: noon, because: 'meta' }] },
    });
  });

  test('asked again it agrees', () => {
    const said = {
      status: 'temporary',
      until: noon + days(3),
      limits: [...requestsUsed(1, 2, noon + hours(5))],
    } as const;
    const { events } = history(permission, [says(said), says(said, noon + minutes(10))]);
    expect(events).toHaveLength(2);
  });
});

describe('what we heard since Meta was asked may be news to it', () => {
  test.each<[string, PermissionEvent, Said, number]>([
    ['a yes', granted(noon), {}, noon - seconds(5)],
    ['a no', revoked(noon), { status: 'permanent' }, noon],
    ['a decline', declined(noon), { status: 'permanent' }, noon],
    ['an end', { type: 'PermissionExpired', at: noon, ...pair }, { status: 'permanent' }, noon + seconds(5)],
  ])('%s is not undone', (_, heard, said, at) => {
    given(heard).when(says(said, at)).thenNothing();
  });

  test('an answer of Meta to a later question is not undone', () => {
    given(differed({ limits: requestsUsed(1, 1, noon + hours(5)) }, {}))
      .when(says({ limits: requestsUsed(0, 0) }, noon - 1))
      .thenNothing();
  });

  test('a yes that a refusal of Meta made us doubt is what Meta says it is', () => {
    const doubted = [granted(noon), revoked(noon + 400, 'meta')];
    const until = noon + hours(168);
    given(...doubted)
      .when(says({ status: 'temporary', until }, noon + 500))
      .then(differed({ status: 'temporary', until }, {}, noon + 500), {
        ...granted(noon + 500, { source: 'meta', until }),
      });
    given(...doubted)
      .when(says({}, noon + 500))
      .thenNothing();
    given(...doubted, revoked(noon))
      .when(says({ status: 'temporary', until }, noon + 500))
      .thenNothing();
  });

  test('but from 6 seconds on it is', () => {
    given(granted(noon))
      .when(says({}, noon + seconds(6)))
      .then(
        differed({}, { status: 'temporary', until: noon + hours(168) }, noon + seconds(6)),
        revoked(noon + seconds(6), 'meta'),
      );
  });

  test('a request under way counts for us, whatever Meta counts', () => {
    const believed = requestsUsed(1, 1, noon + hours(23));
    given(requested(noon - 1, 'r1'))
      .when(says({ limits: requestsUsed(0, 0) }))
      .thenNothing();
    given(requested(noon - seconds(1), 'r1'), sent(noon + 1, 'r1'))
      .when(says({ limits: requestsUsed(0, 0) }))
      .thenNothing();
    given(requested(noon - seconds(9), 'r1'), sent(noon - seconds(5) + 1, 'r1'))
      .when(says({ limits: requestsUsed(0, 0) }))
      .thenNothing();
    given(requested(noon - 1, 'r1'), refusedByMeta(noon, 'r1'))
      .when(says({ limits: requestsUsed(1, 1, noon + hours(5)) }))
      .then(differed({ limits: requestsUsed(1, 1, noon + hours(5)) }, { limits: requestsUsed(0, 0) }));
    given(requested(noon - hours(1), 'r1'), sent(noon - seconds(5), 'r1'))
      .when(says({ limits: requestsUsed(0, 0) }))
      .then(differed({ limits: requestsUsed(0, 0) }, { limits: believed }));
  });
});

describe('what a webhook tells late of the time before Meta was asked', () => {
  const believed = { status: 'temporary', until: monday + hours(168) } as const;
  const gone = [granted(monday), differed({}, believed), revoked(noon, 'meta')];
  const late = noon - seconds(6);

  test('changes nothing that Meta has told since', () => {
    given(...gone)
      .when(accept(late, { until: late + days(7) }))
      .thenNothing();
    given(...gone)
      .when({ type: 'GrantByCallback', at: late, ...pair, callId: 'in1' })
      .thenNothing();
    given(differed({ status: 'permanent' }, {}), metaGranted(null))
      .when(reject(late))
      .thenNothing();
  });

  test('may be the very answer that Meta told: then it is the answer to its request', () => {
    const until = noon + days(6);
    given(requested(monday, 'r1'), sent(monday, 'r1'), differed({ status: 'temporary', until }, {}), metaGranted(until))
      .when(accept(late, { messageId: 'wamid.r1', until }))
      .then(granted(late, { requestId: 'r1', until }));
  });

  test('a decline begins its wait all the same', () => {
    given(requested(monday, 'r1'), sent(monday, 'r1'), differed({ limits: requestsUsed(0, 0) }, {}))
      .when(reject(late, { messageId: 'wamid.r1' }))
      .then(declined(late, 'r1'));
  });

  test('of the last five seconds is followed', () => {
    given(...gone)
      .when(accept(noon - seconds(5)))
      .then(granted(noon - seconds(5), { source: 'profile' }));
  });
});

describe('Meta’s limits become the pair’s', () => {
  const told = (limits: readonly PairLimit[], at = noon) => differed({ limits: [...limits] }, {}, at);

  test.each<[string, PermissionEvent[], readonly PairLimit[], string, number]>([
    ['24 hours full', [], requestsUsed(1, 1, noon + hours(5)), 'permission.request_limit_24h', noon + hours(5)],
    ['7 days full', [], requestsUsed(0, 2, noon + days(2)), 'permission.request_limit_7d', noon + days(2)],
    ['full, and nobody says until when', [], requestsUsed(1, 1), 'permission.request_limit_24h', noon + hours(24)],
    [
      'full later than we thought',
      [requested(monday, 'r1'), sent(monday, 'r1')],
      requestsUsed(1, 1, noon + hours(23)),
      'permission.request_limit_24h',
      noon + hours(23),
    ],
    [
      'a window of Meta’s own',
      [],
      [...requestsUsed(0, 0), limit('request', days(30), 3, 3, noon + days(9))],
      'permission.request_limit_7d',
      noon + days(9),
    ],
  ])('no request before there is room again: %s', (_, past, limits, code, from) => {
    const before = given(...past, told(limits));
    before.when(ask(from - 1)).thenRefused(code, from);
    before.when(ask(from)).then(asked(ask(from)));
  });

  test('a request goes out where Meta counts fewer than we', () => {
    const mine = [requested(monday, 'r1'), sent(monday, 'r1')];
    given(...mine)
      .when(ask(noon))
      .thenRefused('permission.request_limit_24h');
    given(...mine, told(requestsUsed(0, 0)))
      .when(ask(noon))
      .then(asked(ask(noon)));
  });

  test('our own request counts on top of what Meta told', () => {
    const one = [told(requestsUsed(0, 1)), requested(noon + 1, 'r1')];
    given(...one)
      .when(ask(noon + 2))
      .thenRefused('permission.request_limit_24h', noon + days(7));
    given(...one)
      .when(ask(noon + days(7)))
      .then(asked(ask(noon + days(7))));
  });

  test.each([
    ['an outgoing', connected(noon + 1)],
    ['an incoming', { type: 'IncomingCallConnected' as const, at: noon + 1, ...pair, callId: 'in' }],
  ])('%s conversation later clears what Meta counted of requests', (_, spoke) => {
    const full = told(requestsUsed(1, 2, noon + hours(20)));
    given(full, spoke)
      .when(ask(noon + 2))
      .then(asked(ask(noon + 2)));
    given(full, { ...spoke, at: noon - 1 })
      .when(ask(noon + 2))
      .thenRefused('permission.request_limit_24h');
  });

  test('a request of ours that Meta counted and could not deliver gives its place back', () => {
    const mine = [requested(monday, 'r1'), sent(monday, 'r1'), told(requestsUsed(1, 1, noon + hours(22)))];
    given(...mine, undelivered(noon + 1, 'r1'))
      .when(ask(noon + 2))
      .then(asked(ask(noon + 2)));
  });

  test('the wait after a decline is the product’s and stays', () => {
    given(requested(monday, 'r1'), sent(monday, 'r1'), declined(noon - hours(1), 'r1'), told(requestsUsed(0, 0)))
      .when(ask(noon))
      .thenRefused('permission.declined_wait_24h', noon + hours(23));
  });

  test.each([
    { maxAllowed: 100, used: 10, calls: 89, allowed: true },
    { maxAllowed: 100, used: 10, calls: 90, allowed: false },
    { maxAllowed: 5, used: 4, calls: 0, allowed: true },
    { maxAllowed: 5, used: 4, calls: 1, allowed: false },
  ])(
    'of $maxAllowed connected calls $used were used, then $calls more: one more is allowed: $allowed',
    ({ maxAllowed, used, calls, allowed }) => {
      const more = Array.from({ length: calls }, (_, i) => connected(noon + 1 + i));
      const at = noon + hours(2);
      const outcome = given(granted(monday), told([limit('call', hours(24), maxAllowed, used)]), ...more).when(
        dial(at),
      );
      if (allowed) outcome.then(authorised(at, 'next'));
      else outcome.thenRefused('permission.connected_limit_24h');
    },
  );

  test('a call that was live when Meta was asked counts once, whoever hears of it first', () => {
    const live = [granted(monday), authorised(noon - 10, 'c1')];
    const limits = [limit('call', hours(24), 1, 1, noon + hours(24) - 5)];
    const pickedUp = { type: 'OutgoingCallConnected' as const, at: noon - 5, ...pair, callId: 'c1' };
    const over = ended(noon + 1, 'connected', 'c1');
    for (const past of [
      [...live, told(limits), pickedUp, over],
      [...live, pickedUp, told(limits), over],
    ]) {
      expect(
        verdictOf(fold(permission, permission.initial, past), nothingAgainstIt, noon + 2, defaultPolicies[0]!),
      ).toMatchObject({
        call: { code: 'permission.connected_limit_24h', nextAllowedAt: noon + hours(24) - 5 },
        counters: { connected24h: 1 },
      });
    }
  });

  test('a call picked up in the seconds before Meta was asked may not be in its count yet', () => {
    const past = [granted(monday), authorised(noon - minutes(1), 'c1'), connected(noon - seconds(5) + 1, 'c1')];
    const said = { status: 'temporary', until: monday + hours(168), limits: callsUsed(0) } as const;
    given(...past)
      .when(says(said))
      .thenNothing();
    given(granted(monday), authorised(noon - minutes(1), 'c1'), connected(noon - seconds(5), 'c1'))
      .when(says(said))
      .then(differed(said, { ...said, limits: callsUsed(1) }));
  });

  test('a call picked up after Meta was asked counts on top', () => {
    const later = [
      authorised(noon - 10, 'c1'),
      told(callsUsed(9)),
      connected(noon + 1, 'c1'),
      ended(noon + 2, 'connected', 'c1'),
    ];
    given(granted(monday), ...later)
      .when(dial(noon + 3))
      .thenRefused('permission.connected_limit_24h');
  });

  test('a report ends the wait that a refusal had begun', () => {
    const wait = { type: 'MetaDisagreed', at: noon - 1, ...pair, metaErrorCode: 138009, nextAllowedAt: null } as const;
    given(wait)
      .when(says({ limits: requestsUsed(1, 1, noon + hours(3)) }))
      .then(
        differed(
          { limits: requestsUsed(1, 1, noon + hours(3)) },
          { limits: requestsUsed(0, 0).map((one) => ({ ...one, freeAt: noon - 1 + hours(24) })) },
        ),
      );
    given(wait, told(requestsUsed(1, 1, noon + hours(3))))
      .when(ask(noon + hours(3)))
      .then(asked(ask(noon + hours(3))));
    given(wait, told(callsUsed(3)))
      .when(ask(noon + hours(3)))
      .thenRefused('permission.request_limit_24h', noon - 1 + hours(24));
  });

  test('the verdict shows the limits in force, and whose they are', () => {
    const calls = limit('call', hours(24), 100, 3);
    const state = fold(permission, permission.initial, [
      granted(monday),
      told([...requestsUsed(1, 1, noon + hours(5)), calls]),
    ]);
    const verdict = verdictOf(state, nothingAgainstIt, noon + 1, defaultPolicies[0]!);
    expect(verdict).toMatchObject({
      call: { allowed: true },
      request: {
        code: 'permission.request_limit_24h',
        nextAllowedAt: noon + hours(5),
        facts: { because: [{ type: 'MetaReportDiffered', at: noon }] },
      },
      counters: { requests24h: 1, requests7d: 1, connected24h: 3 },
      limits: [
        { action: 'request', period: hours(24), maxAllowed: 1, used: 1, freeAt: noon + hours(5), toldByMetaAt: noon },
        { action: 'request', period: days(7), maxAllowed: 2, used: 1, freeAt: null, toldByMetaAt: noon },
        { action: 'call', period: hours(24), maxAllowed: 100, used: 3, freeAt: null, toldByMetaAt: noon },
      ],
    });
  });

  test('a rule that comes into force later is newer than Meta’s word', () => {
    const [today] = defaultPolicies as readonly [PermissionPolicy];
    const changing = [today, { ...today, effectiveFrom: noon + hours(1), connectedPer24h: 20 }];
    const state = fold(permission, permission.initial, [granted(monday), told([limit('call', hours(24), 100, 20)])]);
    const allowedAt = (at: number) => verdictOf(state, nothingAgainstIt, at, policyAt(changing, at)).call.allowed;
    expect(allowedAt(noon + hours(1) - 1)).toBe(true);
    expect(allowedAt(noon + hours(1))).toBe(false);
  });
});

describe('a request of which nobody knows whether it reached Meta', () => {
  const unsure = requested(monday, 'r1');

  test.each<[string, readonly PairLimit[], boolean]>([
    ['has not, where Meta has counted none', requestsUsed(0, 0), true],
    ['has, where Meta has counted it', requestsUsed(1, 1, monday + hours(24)), false],
  ])('%s', (_, limits, isLost) => {
    const outcome = given(unsure).when(says({ limits }));
    if (isLost) outcome.then(neverArrived('r1'));
    else outcome.thenNothing();
  });

  test('gives the allowance back', () => {
    given(unsure, neverArrived('r1'))
      .when(ask(noon))
      .then(asked(ask(noon)));
  });

  test('of two, the one that is missing from its window', () => {
    const two = [requested(noon - days(3), 'r1'), requested(noon - hours(1), 'r2')];
    given(...two)
      .when(says({ limits: requestsUsed(0, 1) }))
      .then(neverArrived('r2'));
    given(...two)
      .when(says({ limits: requestsUsed(1, 1, noon + hours(23)) }))
      .then(neverArrived('r1'));
    given(...two)
      .when(says({ limits: requestsUsed(0, 0) }))
      .then(neverArrived('r1'), neverArrived('r2'));
  });

  test('that is counted today is not the one that is missing of the week', () => {
    given(requested(noon - days(3), 'r1'), sent(noon - days(3), 'r1'), requested(noon - hours(1), 'r2'))
      .when(says({ limits: requestsUsed(1, 1, noon + hours(23)) }))
      .then(
        differed(
          { limits: requestsUsed(1, 1, noon + hours(23)) },
          {
            limits: [
              limit('request', hours(24), 1, 1, noon + hours(23)),
              limit('request', days(7), 2, 2, noon + days(4)),
            ],
          },
        ),
      );
  });

  test.each([
    ['sent', sent(monday + 1, 'r1')],
    ['delivered', delivered(monday + 1, 'r1')],
    ['answered', declined(monday + 1, 'r1')],
  ])('is no such one when it was %s: then Meta’s count is another’s', (_, known) => {
    given(unsure, known)
      .when(says({ limits: requestsUsed(0, 0) }))
      .then(differed({ limits: requestsUsed(0, 0) }, { limits: requestsUsed(1, 1, monday + hours(24)) }));
  });

  const back = [unsure, neverArrived('r1')] as const;
  test('counts again as soon as anything tells that it did arrive', () => {
    const fact = { at: noon + 1, ...pair, requestId: 'r1' };
    for (const [command, event] of [
      [{ type: 'RecordRequestSent', ...fact, messageId: 'wamid.r1' }, sent(noon + 1, 'r1')],
      [{ type: 'RecordRequestDelivered', ...fact }, delivered(noon + 1, 'r1')],
    ] as const) {
      given(...back)
        .when(command)
        .then(event);
      given(...back, event)
        .when(ask(noon + 2))
        .thenRefused('permission.request_limit_24h', monday + hours(24));
    }
    given(...back)
      .when(accept(noon + 1, { messageId: 'wamid.r1' }))
      .then(delivered(noon + 1, 'r1'), granted(noon + 1, { requestId: 'r1' }));
    given(...back)
      .when(reject(noon + 1, { messageId: 'wamid.r1' }))
      .then(delivered(noon + 1, 'r1'), declined(noon + 1, 'r1'));
  });
});

describe('dated rules', () => {
  test('a report is judged by the rule of its time', () => {
    const [today] = defaultPolicies as readonly [PermissionPolicy];
    const moved = permissionUnder([today, { ...today, effectiveFrom: noon, connectedPer24h: 100 }]);
    const hundred = says({ limits: [limit('call', hours(24), 100, 0)] });
    scenario(moved).given().when(hundred).thenNothing();
    scenario(moved)
      .given()
      .when({ ...hundred, at: noon - 1 })
      .then(differed({ limits: hundred.limits }, { limits: callsUsed(0) }, noon - 1));
  });
});
