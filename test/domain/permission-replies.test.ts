import { describe, expect, test } from 'vitest';
import { permission } from '../../domain/permission.ts';
import { isGranted } from '../../domain/permission-verdict.ts';
import { days, hours, minutes, seconds } from '../../domain/time.ts';
import { history, scenario } from '../support/scenario.ts';
import {
  accept,
  declined,
  dial,
  ended,
  granted,
  monday,
  pair,
  reject,
  requested,
  revoked,
  sent,
  threeUnanswered,
} from './permission-facts.ts';

const { given } = scenario(permission);
const request = [requested(monday, 'r1'), sent(monday, 'r1')];
const noon = monday + hours(3);

describe('a permission is granted', () => {
  test('for 168 hours when Meta names no end', () => {
    given(...request)
      .when(accept(noon, { messageId: 'wamid.r1' }))
      .then(granted(noon, { requestId: 'r1', until: noon + hours(168) }));
  });

  test('until the end that Meta names', () => {
    given(...request)
      .when(accept(noon, { messageId: 'wamid.r1', until: noon + hours(100) }))
      .then(granted(noon, { requestId: 'r1', until: noon + hours(100) }));
  });

  test('for ever when the customer always allows it', () => {
    given(...request)
      .when(accept(noon, { messageId: 'wamid.r1', permanent: true }))
      .then(granted(noon, { requestId: 'r1', permanent: true }));
  });

  test('from the business profile, without any request', () => {
    given()
      .when(accept(noon, { permanent: true }))
      .then(granted(noon, { source: 'profile', permanent: true }));
  });

  test('by Meta itself after an incoming call', () => {
    const word = accept(noon, { automatic: true, callId: 'in1', until: noon + days(7) });
    given()
      .when(word)
      .then(granted(noon, { source: 'callback', callId: 'in1', replyId: word.replyId }));
  });

  test('by Meta itself when the customer asks for a callback out of the blue', () => {
    const word = accept(noon, { automatic: true, until: noon + days(7) });
    given()
      .when(word)
      .then(granted(noon, { source: 'callback', replyId: word.replyId }));
  });

  test('by a call to a channel that takes callback requests', () => {
    given()
      .when({ type: 'GrantByCallback', at: noon, ...pair, callId: 'in1' })
      .then(granted(noon, { source: 'callback', callId: 'in1' }));
  });

  test('to the request whose message id has not reached us yet', () => {
    given(requested(monday, 'r1'))
      .when(accept(noon, { messageId: 'wamid.r1' }))
      .then(granted(noon, { requestId: 'r1' }));
  });

  test('once, even if our rule and Meta both grant it for the same call', () => {
    const ours = { type: 'GrantByCallback' as const, at: noon + 300, ...pair, callId: 'in1' };
    const metas = accept(noon + seconds(2), { automatic: true, callId: 'in1', until: noon + seconds(2) + days(7) });
    given(granted(noon + seconds(2), { source: 'callback', callId: 'in1' }))
      .when(ours)
      .thenNothing();
    for (const at of [noon, noon + seconds(2)])
      given(granted(noon + 300, { source: 'callback', callId: 'in1' }))
        .when({ ...metas, at })
        .thenNothing();
    const later = { ...metas, at: noon + minutes(1), until: noon + 300 + minutes(1) + days(7) };
    given(granted(noon + 300, { source: 'callback', callId: 'in1' }))
      .when(later)
      .then(granted(later.at, { source: 'callback', callId: 'in1', until: later.until, replyId: later.replyId }));
  });

  test('and an automatic grant never shortens a permanent one', () => {
    const forever = granted(monday, { permanent: true });
    given(forever)
      .when({ type: 'GrantByCallback', at: noon, ...pair, callId: 'in1' })
      .thenNothing();
    given(forever)
      .when(accept(noon, { automatic: true, callId: 'in1', until: noon + days(7) }))
      .thenNothing();
  });

  test('after a decline, on the very same request', () => {
    given(...request, declined(noon, 'r1'))
      .when(accept(noon + minutes(1), { messageId: 'wamid.r1' }))
      .then(granted(noon + minutes(1), { requestId: 'r1' }));
  });
});

describe('a permission ends', () => {
  test.each([
    { after: hours(168) - 1, allowed: true },
    { after: hours(168), allowed: false },
  ])('a call $after ms after a temporary permission is allowed: $allowed', ({ after, allowed }) => {
    const at = monday + after;
    const outcome = given(granted(monday)).when(dial(at));
    if (allowed) outcome.then({ type: 'OutgoingCallAuthorised', at, ...pair, callId: 'next', agentId: 'ben' });
    else outcome.thenRefused('permission.expired', null);
  });

  test('by an event of its own, at its time and not before', () => {
    const expire = (at: number) => ({ type: 'ExpirePermission' as const, at, ...pair });
    const end = monday + hours(168);
    given(granted(monday))
      .when(expire(end - 1))
      .thenNothing();
    given(granted(monday))
      .when(expire(end))
      .then({ type: 'PermissionExpired', at: end, ...pair });
    given(granted(monday), { type: 'PermissionExpired', at: end, ...pair })
      .when(expire(end))
      .thenNothing();
  });

  test('never by time, if it is permanent', () => {
    const forever = granted(monday, { permanent: true });
    given(forever)
      .when({ type: 'ExpirePermission', at: monday + days(4_000), ...pair })
      .thenNothing();
    given(forever)
      .when(dial(monday + days(4_000)))
      .then({ type: 'OutgoingCallAuthorised', at: monday + days(4_000), ...pair, callId: 'next', agentId: 'ben' });
  });

  test.each([
    ['temporary', granted(monday)],
    ['permanent', granted(monday, { permanent: true })],
  ])('at any time, when the customer revokes a %s one', (_, grant) => {
    given(grant).when(reject(noon)).then(revoked(noon));
    given(grant, revoked(noon)).when(dial(noon)).thenRefused('permission.revoked', null);
  });

  test('when the customer declines a new request while an old permission runs', () => {
    given(granted(monday), requested(monday + 1, 'r1'), sent(monday + 1, 'r1'))
      .when(reject(noon, { messageId: 'wamid.r1' }))
      .then(declined(noon, 'r1'), revoked(noon));
  });

  test('when Meta takes it back for unanswered calls, once', () => {
    given(granted(monday))
      .when(reject(noon, { automatic: true }))
      .then(revoked(noon, 'unanswered_calls', `reject ${noon}`));
    given(granted(monday), revoked(noon, 'unanswered_calls'))
      .when(reject(noon, { automatic: true }))
      .thenNothing();
  });
});

describe('answers that come late', () => {
  test.each([
    ['an older yes after a no', [granted(monday), revoked(noon)], accept(noon - minutes(1))],
    ['an older no after a yes', [granted(noon, { permanent: true })], reject(noon - minutes(1))],
    [
      'an older yes after the permission was taken back',
      [granted(monday), revoked(noon, 'unanswered_calls')],
      accept(noon - minutes(1)),
    ],
    ['the same yes again', [...request, granted(noon, { requestId: 'r1' })], accept(noon, { messageId: 'wamid.r1' })],
    ['the same no again', [...request, declined(noon, 'r1')], reject(noon, { messageId: 'wamid.r1' })],
    ['the same yes after Meta denied it', [granted(noon), revoked(noon + minutes(5), 'meta')], accept(noon)],
    [
      'a callback grant from before a no',
      [granted(monday), revoked(noon)],
      { type: 'GrantByCallback' as const, at: noon - minutes(1), ...pair, callId: 'in1' },
    ],
  ])('%s changes nothing', (_, past, word) => {
    given(...past)
      .when(word)
      .thenNothing();
  });

  test.each([
    { first: 'yes', words: [accept(noon), reject(noon + minutes(1))] },
    { first: 'no', words: [reject(noon + minutes(1)), accept(noon)] },
  ])('the last word holds when the $first arrives first', ({ words }) => {
    expect(isGranted(history(permission, words).state, noon + minutes(2))).toBe(false);
  });

  test('a decline that comes after a later yes begins its wait all the same', () => {
    given(...request, granted(noon, { requestId: 'r1' }))
      .when(reject(noon - minutes(1), { messageId: 'wamid.r1' }))
      .then(declined(noon - minutes(1), 'r1'));
    given(...request, granted(noon, { requestId: 'r1' }), declined(noon - minutes(1), 'r1'))
      .when(reject(noon - minutes(1), { messageId: 'wamid.r1' }))
      .thenNothing();
  });

  test('the same yes said anew is a newer word: an older no no longer counts', () => {
    const forever = granted(monday, { source: 'profile', permanent: true });
    const again = accept(noon, { permanent: true });
    given(forever)
      .when(again)
      .then(granted(noon, { source: 'profile', permanent: true }));
    given(forever, granted(noon, { source: 'profile', permanent: true }))
      .when(reject(noon - minutes(1)))
      .thenNothing();
  });

  test('a change of mind within one second of Meta’s clock is followed', () => {
    given(granted(noon, { source: 'profile' }))
      .when(reject(noon))
      .then(revoked(noon));
    given(granted(noon, { source: 'profile' }), revoked(noon))
      .when(accept(noon, { replyId: 'again' }))
      .then(granted(noon, { source: 'profile', replyId: 'again' }));
  });

  test('a yes in the same second as one that Meta has denied since is a new one', () => {
    const denied = [granted(noon, { source: 'profile' }), revoked(noon + 400, 'meta')];
    given(...denied)
      .when(accept(noon, { replyId: 'again' }))
      .then(granted(noon, { source: 'profile', replyId: 'again' }));
    given(...denied)
      .when(accept(noon))
      .thenNothing();
  });

  test('a word told again after others of its second changes nothing', () => {
    given(granted(noon, { source: 'profile' }), revoked(noon))
      .when(accept(noon))
      .thenNothing();
  });
});

describe('Meta’s whole seconds never put an answer', () => {
  const late = noon + 900;

  test('before the request that it answers', () => {
    given(requested(late, 'r1'), sent(late, 'r1'))
      .when(reject(noon, { messageId: 'wamid.r1' }))
      .then(declined(late, 'r1', noon));
  });

  test('before the loss of the permission that it gives again', () => {
    given(granted(monday), revoked(late, 'unanswered_calls'))
      .when(accept(noon))
      .then(granted(late, { source: 'profile', replyId: `accept ${noon}` }));
  });
});

describe('evidence that the customer did answer gives a revoked permission back', () => {
  const fourth = monday + hours(1);
  const past = [
    granted(monday - 1, { source: 'request' }),
    ...threeUnanswered(monday),
    ended(fourth, 'unanswered', 'c4'),
    revoked(fourth, 'unanswered_calls'),
  ];

  test('when it was one of the counted calls', () => {
    given(...past)
      .when({ type: 'RecordOutgoingConnected', at: fourth - 5, ...pair, callId: 'c4' })
      .then(
        { type: 'OutgoingCallConnected', at: fourth - 5, ...pair, callId: 'c4' },
        granted(fourth - 5, { until: monday - 1 + hours(168), replyId: null }),
      );
  });

  test('but not when they call us later', () => {
    const later = { at: fourth + 1, ...pair, callId: 'in1' };
    given(...past)
      .when({ type: 'RecordIncomingConnected', ...later })
      .then({ type: 'IncomingCallConnected', ...later });
  });
});
