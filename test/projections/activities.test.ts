import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { activities } from '../../projections/activities.ts';
import { at, happened, storedAfter } from './events.ts';

const { opened, linked, answered, concluded, assigned, responded, resolved, reopened, noted, granted, inviteUsed } =
  happened;
const pair = { channelId: 'ch1', customerId: 'cus_mia', ticketId: 't1' };

const invite = { at: at(1), ...pair, inviteId: 'i1' };
const words = { method: 'free_form', template: null, body: 'Tap', displayText: 'Call Now', agentId: 'asha' } as const;

const told = (...events: DomainEvent[]) =>
  [...storedAfter(activities, events).values()].flatMap(({ doc }) => doc ?? []);

describe('the history of a ticket', () => {
  test.each<[string, DomainEvent]>([
    ['Ticket Opened', opened(1)],
    ['Ticket Assigned', assigned(1)],
    ['First Response', responded(1)],
    ['Ticket Resolved', resolved(1)],
    ['Ticket Reopened', reopened(1)],
    ['Note Added', noted(1)],
    ['Call Received', linked(1)],
    ['Call Placed', linked(1, { direction: 'outgoing' })],
    ['Call Connected', answered(1)],
    ['Call Missed', concluded(1)],
    ['Call Completed', concluded(1, { status: 'completed' })],
    ['Call Unanswered', concluded(1, { direction: 'outgoing', status: 'unanswered' })],
    ['Permission Sent', { type: 'PermissionRequestSent', at: at(1), ...pair, requestId: 'r1', messageId: 'm1' }],
    ['Call Invite Created', { type: 'CallInvited', ...invite, ...words, ttlMinutes: 60, expiresAt: at(61) }],
    ['Call Invite Sent', { type: 'CallInviteSent', ...invite, messageId: 'm1' }],
    ['Call Invite Not Sent', { type: 'CallInviteRefused', ...invite, metaErrorCode: 131009 }],
    ['Call Invite Delivered', { type: 'CallInviteDelivered', ...invite }],
    ['Call Invite Not Delivered', { type: 'CallInviteUndelivered', ...invite, metaErrorCode: 131026 }],
    ['Call Invite Used', inviteUsed(1)],
    ['Call Invite Expired', { type: 'CallInviteExpired', ...invite }],
    ['Callback Requested', happened.callbackRequested(1)],
    ['Callback Requested Again', happened.callbackRenewed(1)],
    ['Callback Claimed', happened.callbackClaimed(1)],
    ['Callback Released', happened.callbackReleased(1)],
    ['Callback Fulfilled', happened.callbackFulfilled(1)],
    ['Callback Expired', happened.callbackExpired(1)],
    ['Callback Closed', happened.callbackClosed(1)],
    ['Permission Approved', granted(1)],
    ['Permission Declined', { type: 'PermissionDeclined', at: at(1), ...pair, requestId: 'r1', replyId: null }],
    ['Permission Expired', { type: 'PermissionExpired', at: at(1), ...pair }],
    ['Permission Revoked', { type: 'PermissionRevoked', at: at(1), ...pair, because: 'customer', replyId: null }],
  ])('calls it "%s"', (type, event) => {
    expect(told(event)).toMatchObject([{ type, ticketId: 't1', at: at(1), event: event.type }]);
  });

  test('is keyed by the events and tells them in the order of the log', () => {
    const stored = [...storedAfter(activities, [opened(2), noted(1)]).values()];
    expect(stored.map(({ _id, at: position }) => [_id, position])).toEqual([
      ['e10', 10n],
      ['e20', 20n],
    ]);
  });

  test('says who did it and what else there is to know, without the customer’s number', () => {
    const [note] = told(noted(1));
    expect(note).toMatchObject({
      actor: { type: 'agent', id: 'asha' },
      data: { agentId: 'asha', text: 'call again on Monday' },
    });
    expect(JSON.stringify(told(opened(1)))).not.toContain('4915112345');
  });

  test.each([null, ''])('leaves out what happened without a ticket (%j)', (ticketId) => {
    expect(told(concluded(1, { ticketId }))).toEqual([]);
  });
});
