import { describe, expect, test } from 'vitest';
import { timersOf } from '../../../commands/timers/timers-of.ts';
import type { DomainEvent } from '../../../domain/index.ts';
import { days, hours, minutes, seconds } from '../../../domain/time.ts';

const at = Date.UTC(2026, 10, 20, 9);
const pair = { channelId: '8', customerId: 'cus_x', ticketId: null };
const offer = { callId: 'c', offerId: 'o', agentId: 'a', ticketId: 't' };
const callback = {
  channelId: '8',
  customerId: 'cus_x',
  ticketId: 't',
  callbackId: '8.cus_x.1',
  expiresAt: at + hours(168),
};
const staff = { agentName: null, team: null };

describe('an event starts the timers of what time alone causes later', () => {
  const rows: { event: DomainEvent; starts: Record<string, number> }[] = [
    {
      event: { type: 'CallOffered', at, ...offer, ...staff, expiresAt: at + seconds(30) },
      starts: { offer_unacknowledged: seconds(2.5), offer_timed_out: seconds(30) },
    },
    {
      event: { type: 'CallSocketClosed', at, agentId: 'a', sessionId: 'ses' },
      starts: { socket_lost: seconds(5) },
    },
    { event: { type: 'CallAnswering', at, ...offer }, starts: { answer_unconfirmed: seconds(30) } },
    {
      event: { type: 'CallEndRequested', at, callId: 'c', agentId: 'a', metaCallId: null },
      starts: { end_unconfirmed: minutes(1) },
    },
    {
      event: { type: 'OutgoingCallAuthorised', at, ...pair, callId: 'c', agentId: 'a' },
      starts: { authorisation_unused: minutes(1) },
    },
    {
      event: { type: 'PermissionRequestDelivered', at, ...pair, requestId: 'r' },
      starts: { request_expires: days(7) },
    },
    {
      event: {
        ...{ type: 'CallInvited', at, ...pair, inviteId: 'i', method: 'template', template: null, body: null },
        ...{ displayText: null, ttlMinutes: 1, agentId: 'a', expiresAt: at + minutes(1) },
      } as DomainEvent,
      starts: { invite_expires: minutes(1) },
    },
    {
      event: { type: 'CallbackRequestRenewed', at, ...callback, callId: null, because: 'customer_asked' },
      starts: { callback_expires: hours(168) },
    },
    {
      event: { type: 'PermissionDeclined', at, ...pair, requestId: 'r', replyId: null },
      starts: { request_expires: days(7) },
    },
    {
      event: {
        ...{ type: 'PermissionGranted', at, ...pair, source: 'request', requestId: 'r', callId: null },
        ...{ permanent: false, until: at + hours(168) },
      } as DomainEvent,
      starts: { permission_expires: hours(168), request_expires: days(7) },
    },
    {
      event: {
        ...{ type: 'PermissionGranted', at, ...pair, source: 'profile', requestId: null, callId: null },
        ...{ permanent: true, until: null },
      } as DomainEvent,
      starts: {},
    },
  ];

  test.each(rows)('$event.type', ({ event, starts }) => {
    const timersFor = timersOf[event.type] as (event: DomainEvent) => readonly { kind: string; dueAt: number }[];
    expect(Object.fromEntries(timersFor(event).map(({ kind, dueAt }) => [kind, dueAt - at]))).toEqual(starts);
  });
});

test('whether Meta has a request is asked after five minutes, an hour and twelve, where nobody has said so', () => {
  const requested = { type: 'PermissionRequested', at, ...pair, requestId: 'r', method: 'template' } as const;
  const timers = timersOf.PermissionRequested?.({ ...requested, template: null, body: null, agentId: 'a' });
  expect(timers?.map(({ kind, dueAt }) => [kind, dueAt - at])).toEqual([
    ['request_unconfirmed', minutes(5)],
    ['request_unconfirmed', hours(1)],
    ['request_unconfirmed', hours(12)],
  ]);
});
