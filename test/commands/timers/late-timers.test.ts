import { describe, test } from 'vitest';
import { channel } from '../../../domain/channel.ts';
import { conversation } from '../../../domain/conversation.ts';
import type { Decider } from '../../../domain/decider.ts';
import { permission } from '../../../domain/permission.ts';
import { days } from '../../../domain/time.ts';
import { historyOf, sameWhenLate } from './lateness.ts';

const channelId = '800000000000001';
const pair = { channelId, customerId: 'cus_asha', ticketId: null };

type CommandOf<D> = D extends Decider<infer C, infer _, infer __> ? C : never;

describe('what happened is the same, whether timers fire on time or late', () => {
  test('of a permission and its requests', () => {
    type Command = CommandOf<typeof permission>;
    const asked = (n: number) =>
      ({ requestId: `r${n}`, method: 'template', template: null, body: null, agentId: 'a' }) as const;
    const reply = { ...pair, permanent: false, until: null, automatic: false, callId: null, messageId: null } as const;
    const request = (at: number, n: number): Command => ({
      type: 'RequestPermission',
      at,
      ...pair,
      ...asked(n),
      windowIsOpen: true,
    });
    const delivered = (at: number, n: number): Command => ({
      type: 'RecordRequestDelivered',
      at,
      ...pair,
      requestId: `r${n - 1}`,
    });
    const replied =
      (response: 'accept' | 'reject') =>
      (at: number, n: number): Command => ({ type: 'RecordReply', at, ...reply, response, replyId: `w${n}` });
    const calledBack = (at: number, n: number): Command => ({ type: 'GrantByCallback', at, ...pair, callId: `i${n}` });
    const unanswered = (at: number, n: number): Command => ({
      type: 'RecordOutgoingEnded',
      at,
      ...pair,
      callId: `o${n}`,
      result: 'unanswered',
    });
    const connected = (at: number, n: number): Command => ({
      type: 'RecordOutgoingConnected',
      at,
      ...pair,
      callId: `o${n}`,
    });
    const refused =
      (metaErrorCode: number) =>
      (at: number): Command => ({ type: 'RecordMetaRefusal', at, ...pair, metaErrorCode, nextAllowedAt: null });
    const none = (at: number): Command => ({
      type: 'RecordMetaReport',
      at,
      ...pair,
      status: 'none',
      until: null,
      limits: [],
    });
    sameWhenLate(
      permission,
      {
        permission_expires: ({ dueAt: at }): Command => ({ type: 'ExpirePermission', at, ...pair }),
        request_expires: ({ dueAt: at, subject }): Command => ({
          type: 'ExpireRequest',
          at,
          ...pair,
          requestId: subject.requestId ?? '',
        }),
      },
      historyOf(
        request,
        request,
        delivered,
        replied('accept'),
        replied('accept'),
        replied('reject'),
        calledBack,
        unanswered,
        connected,
        refused(138006),
        none,
      ),
      ({ grant }) => grant,
    );
  });

  test('of a callback request', () => {
    type Command = CommandOf<typeof conversation>;
    const of = { channelId, customerId: 'cus_asha' };
    const person = { channelName: 'Care', waId: '91', customerName: null };
    const ticketId = 't';
    const opened = (at: number): Command => ({ type: 'OpenTicketIfNone', at, ...of, ticketId, resolved: null });
    const ask = (at: number, n: number): Command => ({
      type: 'RequestCallback',
      at,
      ...of,
      ticketId,
      callId: `c${n}`,
      because: 'outside_hours',
      ...person,
      now: at,
    });
    const withdraw = (at: number, n: number): Command => ({ type: 'WithdrawCallback', at, ...of, callId: `c${n - 1}` });
    const reached = (at: number): Command => ({ type: 'RecordReached', at, ...of, callId: 'r', agentId: null });
    const closed = (at: number, n: number): Command => ({
      type: 'CloseTicket',
      at,
      ...of,
      ticketId,
      resolution: n + 1,
    });
    sameWhenLate(
      conversation,
      { callback_expires: ({ dueAt: at }) => ({ type: 'ExpireCallback', at, ...of }) },
      historyOf(opened, opened, ask, ask, ask, withdraw, reached, closed),
    );
  });

  test('of Meta’s restrictions on a number', () => {
    type Command = CommandOf<typeof channel>;
    const restriction = { restriction: 'outgoing', metaType: 'x' } as const;
    const restrict =
      (span: number) =>
      (at: number): Command => ({ type: 'RecordRestriction', at, channelId, ...restriction, until: at + span });
    const listed = (at: number): Command => ({
      type: 'RecordRestrictionList',
      at,
      channelId,
      list: [{ ...restriction, until: at + days(2) }],
    });
    const lifted = (at: number): Command => ({ type: 'RecordRestrictionList', at, channelId, list: [] });
    sameWhenLate(
      channel,
      { channel_time_passed: ({ dueAt: at }) => ({ type: 'LetTimePass', at, channelId }) },
      historyOf(restrict(days(1)), restrict(days(7)), listed, lifted),
    );
  });
});
