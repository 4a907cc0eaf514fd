import { describe, test } from 'vitest';
import { permission } from '../../domain/permission.ts';
import { days, hours, minutes } from '../../domain/time.ts';
import { scenario } from '../support/scenario.ts';
import {
  ask,
  asked,
  connected,
  declined,
  delivered,
  granted,
  monday,
  pair,
  refusedByMeta,
  requested,
  sent,
  undelivered,
} from './permission-facts.ts';

const { given } = scenario(permission);

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
      .when({ ...ask(monday), channel: { refused: 'channel.restricted', retryAt: monday + days(7) } })
      .thenRefused('channel.restricted', monday + days(7));
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
    given(...out, ...newer)
      .when({
        type: 'RecordReply',
        at,
        ...pair,
        response,
        permanent: false,
        until: null,
        automatic: false,
        messageId: 'wamid.r2',
        callId: null,
      })
      .then(answer, expired(at, 'newer_request_answered'));
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
