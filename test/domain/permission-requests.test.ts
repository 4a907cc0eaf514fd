import { describe, expect, test } from 'vitest';
import { fold } from '../../domain/decider.ts';
import { permission, permissionUnder } from '../../domain/permission.ts';
import { defaultPolicies, type PermissionPolicy } from '../../domain/permission-policy.ts';
import type { PermissionEvent } from '../../domain/permission-state.ts';
import { verdictOf } from '../../domain/permission-verdict.ts';
import { days, hours, minutes } from '../../domain/time.ts';
import { scenario } from '../support/scenario.ts';
import {
  accept,
  ask,
  asked,
  connected,
  declined,
  delivered,
  granted,
  monday,
  nothingAgainstIt,
  pair,
  refusedByMeta,
  reject,
  requested,
  sent,
  undelivered,
} from './permission-facts.ts';

const { given } = scenario(permission);
const expiredBy = (because: 'newer_request_answered'): PermissionEvent => ({
  type: 'PermissionRequestExpired',
  at: monday + hours(25),
  ...pair,
  requestId: 'r1',
  because,
});

describe('asking for permission', () => {
  test('the first request goes out', () => {
    given()
      .when(ask(monday))
      .then(asked(ask(monday)));
  });

  test('the same request twice is recorded once', () => {
    given(asked(ask(monday)))
      .when(ask(monday + 1))
      .thenNothing();
  });

  test.each([
    { wait: hours(24) - 1, allowed: false },
    { wait: hours(24), allowed: true },
  ])('a second request $wait ms after the first goes out: $allowed', ({ wait, allowed }) => {
    const outcome = given(requested(monday)).when(ask(monday + wait));
    if (allowed) outcome.then(asked(ask(monday + wait)));
    else outcome.thenRefused('permission.request_limit_24h', monday + hours(24));
  });

  test.each([
    { wait: days(7) - 1, allowed: false },
    { wait: days(7), allowed: true },
  ])('a third request $wait ms after the first goes out: $allowed', ({ wait, allowed }) => {
    const outcome = given(requested(monday), requested(monday + days(2))).when(ask(monday + wait));
    if (allowed) outcome.then(asked(ask(monday + wait)));
    else outcome.thenRefused('permission.request_limit_7d', monday + days(7));
  });

  test('both limits in force name the later end', () => {
    given(requested(monday), requested(monday + days(1)))
      .when(ask(monday + days(1) + 1))
      .thenRefused('permission.request_limit_24h', monday + days(7));
  });

  test.each(['template', 'free_form'] as const)('a %s request counts against the other kind', (method) => {
    given(asked(ask(monday, 'template')))
      .when({ ...ask(monday + 1, method), requestId: 'other' })
      .thenRefused('permission.request_limit_24h', monday + hours(24));
  });

  test.each([
    ['refused by Meta', refusedByMeta],
    ['never delivered', undelivered],
  ])('a request %s does not count', (_, failed) => {
    const at = monday + minutes(1);
    given(requested(monday, 'r1'), failed(monday, 'r1'))
      .when(ask(at))
      .then(asked(ask(at)));
  });

  const fails = (at: number) =>
    ({ type: 'RecordRequestUndelivered', at, ...pair, requestId: 'r1', metaErrorCode: 131026 }) as const;
  const outgoing = [requested(monday, 'r1'), sent(monday + 1, 'r1')] as const;

  test.each([
    ['before anybody knew that it was sent', [requested(monday, 'r1')], monday + 1],
    ['at once', outgoing, monday + 2],
    ['after 24 hours', outgoing, monday + hours(25)],
    ['after another one', [...outgoing, requested(monday + hours(24), 'r2')], monday + hours(26)],
    ['after it was given up', [...outgoing, expiredBy('newer_request_answered')], monday + hours(26)],
  ] as [string, PermissionEvent[], number][])('a failure gives the allowance back: %s', (_, past, at) => {
    given(...past)
      .when(fails(at))
      .then(undelivered(at, 'r1'));
    const { length: others } = past.filter((event) => event.type === 'PermissionRequested').slice(1);
    const { counters } = verdictOf(
      fold(permission, permission.initial, [...past, undelivered(at, 'r1')]),
      nothingAgainstIt,
      at,
      defaultPolicies[0]!,
    );
    expect(counters.requests7d).toBe(others);
  });

  test('a failure after 24 hours makes room for the second of seven days', () => {
    const two = [...outgoing, requested(monday + hours(24), 'r2')];
    const at = monday + hours(49);
    given(...two)
      .when(ask(at))
      .thenRefused('permission.request_limit_7d', monday + days(7));
    given(...two, undelivered(monday + hours(48), 'r1'))
      .when(ask(at))
      .then(asked(ask(at)));
  });

  test('one that arrives after all counts again', () => {
    const arrives = { type: 'RecordRequestDelivered', at: monday + 5, ...pair, requestId: 'r1' } as const;
    const failed = [...outgoing, undelivered(monday + 4, 'r1')];
    given(...failed)
      .when(arrives)
      .then(delivered(monday + 5, 'r1'));
    given(...failed, delivered(monday + 5, 'r1'))
      .when(ask(monday + 6))
      .thenRefused('permission.request_limit_24h', monday + hours(24));
    given(...failed)
      .when(accept(monday + 5, { messageId: 'wamid.r1' }))
      .then(delivered(monday + 5, 'r1'), granted(monday + 5, { requestId: 'r1' }));
    given(...failed)
      .when(reject(monday + 5, { messageId: 'wamid.r1' }))
      .then(delivered(monday + 5, 'r1'), declined(monday + 5, 'r1'));
  });

  test('Meta’s whole seconds never put what becomes of it before it', () => {
    const asked = requested(monday + 700, 'r1');
    const fact = { at: monday, ...pair, requestId: 'r1' };
    given(asked)
      .when({ type: 'RecordRequestSent', ...fact, messageId: 'wamid.r1' })
      .then(sent(monday + 700, 'r1'));
    given(asked)
      .when({ type: 'RecordRequestDelivered', ...fact })
      .then(delivered(monday + 700, 'r1'));
  });

  test('an answer that is faster than the news that it was sent is an answer to it', () => {
    given(requested(monday, 'r1'))
      .when(reject(monday + 1, { messageId: 'wamid.r1' }))
      .then(declined(monday + 1, 'r1'));
    given(requested(monday, 'r1'), declined(monday + 1, 'r1'))
      .when({ type: 'RecordRequestSent', at: monday + 2, ...pair, requestId: 'r1', messageId: 'wamid.r1' })
      .then(sent(monday + 2, 'r1'));
    given(requested(monday, 'r1'), sent(monday, 'r1'), requested(monday + days(1), 'r2'))
      .when(reject(monday + days(2), { messageId: 'wamid.r1' }))
      .then(declined(monday + days(2), 'r1'));
  });

  test('is sent, delivered or refused once, and nothing is delivered that was refused', () => {
    const fact = { at: monday, ...pair, requestId: 'r1' };
    const sending = { type: 'RecordRequestSent', ...fact, messageId: 'wamid.r1' } as const;
    const delivery = { type: 'RecordRequestDelivered', ...fact } as const;
    const refusal = { type: 'RecordRequestRefused', ...fact, metaErrorCode: 131026 } as const;
    const out = [requested(monday, 'r1'), sent(monday, 'r1')] as const;
    given(requested(monday, 'r1')).when(sending).then(sent(monday, 'r1'));
    given(...out)
      .when(sending)
      .thenNothing();
    given(...out)
      .when(delivery)
      .then(delivered(monday, 'r1'));
    given(...out, delivered(monday, 'r1'))
      .when(delivery)
      .thenNothing();
    given(requested(monday, 'r1')).when(refusal).then(refusedByMeta(monday, 'r1'));
    given(...out)
      .when(refusal)
      .thenNothing();
    given(requested(monday, 'r1'), refusedByMeta(monday, 'r1')).when(refusal).thenNothing();
    given(requested(monday, 'r1'), refusedByMeta(monday, 'r1')).when(delivery).thenNothing();
    given(requested(monday, 'r1'), refusedByMeta(monday, 'r1')).when(sending).thenNothing();
    given().when(delivery).thenNothing();
  });

  test.each([
    ['delivered', delivered(monday, 'r1')],
    ['answered', declined(monday, 'r1')],
  ])('a request that was %s can no longer fail to be', (_, arrived) => {
    given(requested(monday, 'r1'), sent(monday, 'r1'), arrived)
      .when({ type: 'RecordRequestUndelivered', at: monday + 1, ...pair, requestId: 'r1', metaErrorCode: 131026 })
      .thenNothing();
  });

  test.each([
    { wait: hours(24) - 1, allowed: false },
    { wait: hours(24), allowed: true },
  ])('a request $wait ms after a decline goes out: $allowed', ({ wait, allowed }) => {
    const no = monday + hours(30);
    const outcome = given(requested(monday, 'r1'), declined(no, 'r1')).when(ask(no + wait));
    if (allowed) outcome.then(asked(ask(no + wait)));
    else outcome.thenRefused('permission.declined_wait_24h', no + hours(24));
  });

  test.each([
    ['an outgoing', connected],
    ['an incoming', (at: number) => ({ type: 'IncomingCallConnected' as const, at, ...pair, callId: 'in' })],
  ])('%s call that connects clears the request limits and the wait after a decline', (_, spoke) => {
    const at = monday + days(1) + minutes(5);
    given(requested(monday), requested(monday + days(1), 'r2'), declined(monday + days(1) + 1, 'r2'), spoke(at))
      .when(ask(at + 1))
      .then(asked(ask(at + 1)));
  });

  test('a permanent permission makes a request pointless', () => {
    given(granted(monday, { permanent: true }))
      .when(ask(monday + 1))
      .thenRefused('permission.already_permanent', null);
  });

  test.each([
    { method: 'free_form', windowIsOpen: true, refused: null },
    { method: 'free_form', windowIsOpen: false, refused: 'permission.window_closed' },
    { method: 'template', windowIsOpen: false, refused: null },
  ] as const)('a $method request with the service window open: $windowIsOpen', ({ method, windowIsOpen, refused }) => {
    const command = ask(monday, method, windowIsOpen);
    if (refused) given().when(command).thenRefused(refused);
    else given().when(command).then(asked(command));
  });

  test('a number that Meta has restricted asks nobody', () => {
    given()
      .when({ ...ask(monday), channel: { refused: 'channel.calling_disabled', retryAt: monday + days(7) } })
      .thenRefused('channel.calling_disabled', monday + days(7));
  });
});

describe('a request expires', () => {
  const expire = (at: number, requestId = 'r1') => ({ type: 'ExpireRequest' as const, at, ...pair, requestId });
  const expired = (at: number, because: 'no_answer' | 'answered_long_ago' | 'newer_request_answered') =>
    ({ type: 'PermissionRequestExpired', at, ...pair, requestId: 'r1', because }) as const;
  const out = [requested(monday, 'r1'), sent(monday, 'r1'), delivered(monday + minutes(1), 'r1')] as const;

  test('seven days after delivery without an answer', () => {
    const end = monday + minutes(1) + days(7);
    given(...out)
      .when(expire(end - 1))
      .thenNothing();
    given(...out)
      .when(expire(end))
      .then(expired(end, 'no_answer'));
  });

  test.each([
    ['accepted', (at: number) => granted(at, { requestId: 'r1' })],
    ['declined', (at: number) => declined(at, 'r1')],
  ])('seven days after it was %s', (_, reply) => {
    const replied = monday + days(3);
    given(...out, reply(replied))
      .when(expire(replied + days(7) - 1))
      .thenNothing();
    given(...out, reply(replied))
      .when(expire(replied + days(7)))
      .then(expired(replied + days(7), 'answered_long_ago'));
  });

  test.each(['accept', 'reject'] as const)('when the customer answers a newer one (%s)', (response) => {
    const at = monday + days(2);
    const newer = [requested(monday + days(1), 'r2'), sent(monday + days(1), 'r2')];
    const answer = response === 'accept' ? granted(at, { requestId: 'r2' }) : declined(at, 'r2');
    const reply = response === 'accept' ? accept : reject;
    given(...out, ...newer)
      .when(reply(at, { messageId: 'wamid.r2' }))
      .then(answer, expired(at, 'newer_request_answered'));
  });

  test('by the rule of the moment from which it is counted', () => {
    const [today] = defaultPolicies as readonly [PermissionPolicy];
    const moved = monday + minutes(1);
    const later = { ...today, effectiveFrom: moved, requestAnswerableFor: days(3) };
    const { given } = scenario(permissionUnder([today, later]));
    given(...out)
      .when(expire(moved + days(3)))
      .then(expired(moved + days(3), 'no_answer'));
    given(requested(monday, 'r1'), sent(monday, 'r1'), delivered(moved - 1, 'r1'))
      .when(expire(moved + days(3)))
      .thenNothing();
  });

  test('after the last of its answers, in whatever order they are told', () => {
    const [yes, no] = [granted(monday + days(2), { requestId: 'r1' }), declined(monday + days(1), 'r1')];
    for (const answers of [
      [no, yes],
      [yes, no],
    ])
      given(...out, ...answers)
        .when(expire(monday + days(9) - 1))
        .thenNothing();
  });

  test('only once, and never while it is not known to be delivered', () => {
    given(...out, expired(monday + days(8), 'no_answer'))
      .when(expire(monday + days(9)))
      .thenNothing();
    given(requested(monday, 'r1'), sent(monday, 'r1'))
      .when(expire(monday + days(30)))
      .thenNothing();
  });
});
