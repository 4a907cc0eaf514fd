import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { callbackRequests } from '../../projections/callback-requests.ts';
import { at, happened, shownAfter, storedAfter } from './events.ts';

const id = 'ch1.cus_mia.1';
const requestAfter = (...events: DomainEvent[]) => shownAfter(callbackRequests, id, [requested(1), ...events]);
const {
  callbackRequested: requested,
  callbackRenewed: renewed,
  callbackClaimed: claimed,
  callbackReleased: released,
  callbackFulfilled: fulfilled,
  callbackExpired: expired,
  callbackClosed: closed,
} = happened;

const aWeek = 7 * 24 * 60;

describe('a callback request', () => {
  test('shows who waits, since when, why and until when', () => {
    expect(requestAfter()).toEqual({
      id,
      callbackId: id,
      state: 'requested',
      channelId: 'ch1',
      channelName: 'Support',
      customer: { customerId: 'cus_mia', waId: '4915112345', name: 'Mia' },
      ticketId: 't1',
      callId: 'c1',
      because: 'outside_hours',
      requestedAt: at(1),
      lastRequestedAt: at(1),
      count: 1,
      claimedBy: null,
      claimedAt: null,
      expiresAt: at(1 + aWeek),
      closedAt: null,
      closedBecause: null,
      fulfilledBy: null,
      detail: { asks: [{ callId: 'c1', at: at(1), because: 'outside_hours' }] },
    });
  });

  test.each<[string, DomainEvent[], object]>([
    ['claimed', [claimed(2)], { claimedBy: 'asha', claimedAt: at(2), closedAt: null }],
    ['requested', [claimed(2), released(3)], { claimedBy: null, claimedAt: null }],
    [
      'fulfilled',
      [claimed(2), fulfilled(3)],
      { claimedBy: 'asha', closedAt: at(3), fulfilledBy: { callId: 'c2', agentId: 'asha' }, closedBecause: null },
    ],
    ['expired', [expired(1 + aWeek)], { closedAt: at(1 + aWeek), fulfilledBy: null }],
    ['closed', [closed(4)], { closedAt: at(4), closedBecause: 'ticket_resolved' }],
  ])('is %s', (state, events, more) => {
    expect(requestAfter(...events)).toMatchObject({ state, ...more });
  });

  test('counts how often the customer asked, and waits since the first time', () => {
    expect(requestAfter(renewed(5), renewed(3, { callId: null }))).toMatchObject({
      ...{ count: 3, requestedAt: at(1), lastRequestedAt: at(5), callId: 'c1', because: 'outside_hours' },
    });
    expect(requestAfter(renewed(0))).toMatchObject({
      ...{ count: 2, requestedAt: at(0), lastRequestedAt: at(1), callId: 'c3', because: 'no_agent_available' },
    });
    expect(requestAfter(claimed(2), renewed(5))).toMatchObject({ state: 'claimed', expiresAt: at(5 + aWeek) });
  });

  test('counts a call once, of which we heard twice', () => {
    const byWord = requested(3, { because: 'customer_asked' });
    const told = shownAfter(callbackRequests, id, [byWord, renewed(1, { callId: 'c1', because: 'outside_hours' })]);
    expect(told).toMatchObject({ count: 1, requestedAt: at(1), because: 'outside_hours' });
  });

  test('is one document each, and none for what was never asked', () => {
    const other = { callbackId: 'ch2.cus_mia.1', channelId: 'ch2' };
    expect([...storedAfter(callbackRequests, [requested(1), requested(2, other)]).keys()]).toEqual([
      id,
      'ch2.cus_mia.1',
    ]);
    expect(shownAfter(callbackRequests, id, [claimed(2)])).toBeNull();
  });
});
