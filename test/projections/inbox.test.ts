import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { seconds } from '../../domain/time.ts';
import { inbox } from '../../projections/inbox.ts';
import { at, happened, noon, shownAfter, storedAfter } from './events.ts';

const { received, offered, declined, answering, answered, concluded, placed, rang, sdpAnswered, pickedUp } = happened;
const incoming = (...events: DomainEvent[]) => shownAfter(inbox, 'c1', [received(0), ...events]);
const outgoing = (...events: DomainEvent[]) => shownAfter(inbox, 'c2', [placed(0), ...events]);

const overOutgoing = concluded(5, { callId: 'c2', direction: 'outgoing', status: 'completed', answeredAt: at(1) });

describe('the call panel', () => {
  test('shows nobody a call that is offered to nobody', () => {
    expect(incoming()).toBeNull();
  });

  test('shows the offered agent who calls, with the session description', () => {
    expect(incoming(offered(1))).toMatchObject({
      callId: 'c1',
      direction: 'incoming',
      state: 'ringing',
      agentId: 'asha',
      offerId: 'o1',
      from: { customerId: 'cus_mia', waId: '4915112345', name: 'Mia' },
      ticketId: 't1',
      sdpOffer: 'v=0 offer',
      expiresAt: at(1) + seconds(30),
    });
  });

  test('takes a declined call off the panel and puts it on the next one', () => {
    expect(incoming(offered(1), declined(2))).toBeNull();
    const next = offered(3, { offerId: 'o2', agentId: 'bea' });
    expect(incoming(offered(1), declined(2), next)).toMatchObject({
      agentId: 'bea',
      offerId: 'o2',
      sdpOffer: 'v=0 offer',
    });
  });

  test('leaves the next offer alone when the end of the last one is told late', () => {
    const next = offered(2, { offerId: 'o2', agentId: 'bea' });
    expect(incoming(offered(1), next, declined(3))).toMatchObject({ agentId: 'bea', offerId: 'o2' });
  });

  test.each<[string, DomainEvent[], string]>([
    ['ringing', [offered(1)], 'ringing'],
    ['answering', [offered(1), answering(2)], 'answering'],
    ['connected', [offered(1), answering(2), answered(3)], 'connected'],
    ['ended', [offered(1), answering(2), answered(3), concluded(4, { status: 'completed' })], 'ended'],
    ['ended, whatever is told later', [offered(1), concluded(4), answered(5)], 'ended'],
  ])('follows an incoming call: %s', (_, events, state) => {
    expect(incoming(...events)?.state).toBe(state);
  });

  test.each<[string, DomainEvent[], string]>([
    ['dialling', [], 'dialling'],
    ['dialling, with the answer for the browser', [sdpAnswered(1)], 'dialling'],
    ['ringing', [rang(1)], 'ringing'],
    ['connected', [rang(1), pickedUp(2)], 'connected'],
    ['connected, when the ringing is told late', [pickedUp(1), rang(2)], 'connected'],
    ['ended', [rang(1), pickedUp(2), overOutgoing], 'ended'],
  ])('follows an outgoing call: %s', (_, events, state) => {
    expect(outgoing(...events)?.state).toBe(state);
  });

  test('forgets the session descriptions when the call is over', () => {
    expect(outgoing(sdpAnswered(1))?.sdpAnswer).toBe('v=0 answer');
    expect(outgoing(sdpAnswered(1), overOutgoing)).toMatchObject({
      sdpOffer: null,
      sdpAnswer: null,
      status: 'completed',
    });
  });

  test('lets an ended call expire, and drops one that never was on a panel', () => {
    expect(storedAfter(inbox, [placed(0), overOutgoing]).get('c2')?.removedAt).toEqual(new Date(noon));
    expect(storedAfter(inbox, [placed(0)]).get('c2')?.removedAt).toBeUndefined();
    expect(storedAfter(inbox, [received(0), concluded(1)]).get('c1')).toMatchObject({ doc: null });
  });
});
