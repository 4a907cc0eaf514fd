import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { missedCalls } from '../../projections/missed-calls.ts';
import { at, happened, shownAfter, storedAfter } from './events.ts';

const key = 'ch1.cus_mia';
const tabAfter = (...events: DomainEvent[]) => shownAfter(missedCalls, key, events);
const { missed, answered, placed, pickedUp, concluded, assigned, resolved, dismissed } = happened;

const backCall = { callId: 'c2', direction: 'outgoing' } as const;

describe('the missed-calls tab', () => {
  test('shows a customer whose call nobody answered', () => {
    expect(tabAfter(missed(1))).toMatchObject({
      channelId: 'ch1',
      channelName: 'Support',
      customer: { customerId: 'cus_mia', waId: '4915112345', name: 'Mia' },
      count: 1,
      firstAt: at(1),
      lastAt: at(1),
      reasons: ['agent_did_not_answer'],
      ticketId: 't1',
      assignee: { agentId: 'asha', teamId: null },
      state: 'pending',
    });
  });

  test('counts the misses of one customer, with every reason once', () => {
    const doc = tabAfter(missed(1), missed(3, { callId: 'c3', reason: 'outside_hours' }), missed(2, { callId: 'c4' }));
    expect(doc).toMatchObject({ count: 3, firstAt: at(1), lastAt: at(3) });
    expect(doc?.reasons).toEqual(['agent_did_not_answer', 'outside_hours']);
  });

  test('counts a call once, however often it is said to be missed', () => {
    expect(tabAfter(missed(1), missed(1))?.count).toBe(1);
  });

  test('keeps channels and customers apart', () => {
    const events = [missed(1), missed(2, { channelId: 'ch2' }), missed(3, { customerId: 'cus_leo' })];
    expect([...storedAfter(missedCalls, events).keys()]).toEqual([key, 'ch2.cus_mia', 'ch1.cus_leo']);
  });

  test.each<[string, DomainEvent[]]>([
    ['an agent answers a later call', [answered(5, { callId: 'c3' })]],
    ['the customer picks up our call', [placed(4), pickedUp(5)]],
    [
      'only the end of a call tells that it connected',
      [concluded(9, { ...backCall, status: 'completed', answeredAt: at(5) })],
    ],
    ['the ticket is resolved', [resolved(5)]],
    ['an agent dismisses it', [dismissed(5)]],
    [
      'later evidence shows that the call was no miss',
      [concluded(5, { status: 'completed', corrects: true, answeredAt: at(0) })],
    ],
  ])('lets the customer go when %s', (_, events) => {
    expect(tabAfter(missed(1))).not.toBeNull();
    expect(tabAfter(missed(1), ...events)).toBeNull();
  });

  test.each<[string, DomainEvent[]]>([
    ['our call back is not picked up', [placed(4), concluded(5, { ...backCall, status: 'unanswered' })]],
    ['the missed call itself is concluded', [concluded(2)]],
    ['it connected before the miss', [answered(0, { callId: 'c0' })]],
  ])('keeps the customer when %s', (_, events) => {
    expect(tabAfter(missed(1), ...events)).toMatchObject({ count: 1, state: 'pending' });
  });

  test('says that a customer is being called', () => {
    expect(tabAfter(missed(1), placed(2))?.state).toBe('being_called');
    const over = concluded(3, { ...backCall, status: 'unanswered' });
    expect(tabAfter(missed(1), placed(2), over)?.state).toBe('pending');
    expect(tabAfter(missed(1), placed(2), concluded(3, { callId: 'c9', status: 'unanswered' }))?.state).toBe(
      'being_called',
    );
  });

  test('knows that a miss told late is settled', () => {
    expect(tabAfter(answered(5, { callId: 'c3' }), missed(1))).toBeNull();
    expect(tabAfter(answered(5, { callId: 'c3' }), missed(6))?.count).toBe(1);
  });

  test('names whoever holds the ticket', () => {
    const toBea = assigned(1, { agentId: 'bea' });
    expect(tabAfter(toBea, missed(2))?.assignee.agentId).toBe('bea');
    expect(tabAfter(missed(1), toBea)?.assignee.agentId).toBe('bea');
    expect(tabAfter(toBea, missed(2, { ticketId: 't2', agentId: null }))?.assignee.agentId).toBeNull();
  });
});
