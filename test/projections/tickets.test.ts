import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { tickets } from '../../projections/tickets.ts';
import { at, happened, shownAfter } from './events.ts';

const { offered, missed, placed } = happened;
const { opened, linked, linkAnswered, linkEnded, assigned, responded, resolved, reopened, noted, dismissed } = happened;
const ticketAfter = (...events: DomainEvent[]) => shownAfter(tickets, 't1', [opened(0), linked(0), ...events]);

const backCall = { callId: 'c2', direction: 'outgoing' } as const;

describe('a ticket', () => {
  test('is open from the first call, which it lists', () => {
    expect(ticketAfter()).toMatchObject({
      ticketId: 't1',
      status: 'open',
      openedAt: at(0),
      resolvedAt: null,
      customer: { customerId: 'cus_mia', waId: '4915112345', name: 'Mia' },
      calls: [{ callId: 'c1', direction: 'incoming', status: 'ongoing', startedAt: at(0), endedAt: null }],
      callTypes: ['incoming.ongoing'],
      callChannels: ['ch1'],
      firstResponse: null,
    });
  });

  test('has no call channel before any call', () => {
    expect(shownAfter(tickets, 't1', [opened(0)])).toMatchObject({ callChannels: [], callTypes: [], calls: [] });
  });

  test('is found by every kind of call it has had', () => {
    const doc = ticketAfter(linkEnded(1), linked(2, backCall), linkEnded(3, { ...backCall, status: 'unanswered' }));
    expect(doc?.callTypes).toEqual(['incoming.missed', 'outgoing.unanswered']);
  });

  test.each<[string, DomainEvent[], string[]]>([
    ['nothing while the call only rings', [], []],
    ['In Call once both sides are on the line', [linkAnswered(1)], ['in_call']],
    ['nothing after a completed call', [linkAnswered(1), linkEnded(2, { status: 'completed' })], []],
    ['Missed Call after a miss', [linkEnded(1)], ['missed_call']],
    ['Missed Call still while our call back rings', [linkEnded(1), linked(2, backCall)], ['missed_call']],
    [
      'In Call alone once the call back connects',
      [linkEnded(1), linked(2, backCall), linkAnswered(3, backCall)],
      ['in_call'],
    ],
    [
      'Missed Call still after an unanswered call back',
      [linkEnded(1), linked(2, backCall), linkEnded(3, { ...backCall, status: 'unanswered' })],
      ['missed_call'],
    ],
    ['nothing once dismissed', [linkEnded(1), dismissed(2)], []],
    ['nothing once resolved', [linkEnded(1), resolved(2)], []],
    ['nothing when the miss turns out to be none', [linkEnded(1), linkEnded(2, { status: 'completed' })], []],
  ])('is marked with %s', (_, events, markers) => {
    expect(ticketAfter(...events)?.markers).toEqual(markers);
  });

  test('has an assignee, then a team, then nobody', () => {
    expect(ticketAfter(assigned(1))?.assignee).toEqual({ agentId: 'asha', teamId: null });
    const toTeam = assigned(2, { agentId: null, teamId: 'voice', because: 'by_hand' });
    expect(ticketAfter(assigned(1), toTeam)?.assignee).toEqual({ agentId: null, teamId: 'voice' });
  });

  const unnamed = { agentId: null, agentName: null, team: null };
  test.each<[string, DomainEvent[], object]>([
    ['nobody’s yet', [], unnamed],
    ['the agent’s at whom it rings', [offered(1)], { agentId: 'asha', agentName: 'Asha', team: 'voice' }],
    ['nobody’s, missed', [missed(1, unnamed), linkEnded(1, unnamed)], unnamed],
    ['the absent agent’s whose turn it was', [missed(1), linkEnded(1)], { agentName: 'Asha', team: 'voice' }],
    ['the next agent’s', [offered(1), offered(2, { agentId: 'bea', agentName: 'Bea' })], { agentName: 'Bea' }],
  ])('names whose each call is: %s', (_, events, whose) => {
    expect(ticketAfter(...events)?.calls).toMatchObject([whose]);
  });

  test('names who calls the customer back', () => {
    const calling = [linked(2, { ...backCall, agentId: 'asha' }), placed(2)];
    expect(ticketAfter(...calling)?.calls.at(-1)).toMatchObject({ agentId: 'asha', agentName: 'Asha', team: 'voice' });
  });

  test('records its first response', () => {
    expect(ticketAfter(responded(1))?.firstResponse).toEqual({
      at: at(1),
      agentId: 'asha',
      callId: 'c1',
      because: 'answered',
      secondsAfterOpening: 60,
    });
  });

  test('is resolved and reopened', () => {
    expect(ticketAfter(resolved(3))).toMatchObject({ status: 'resolved', resolvedAt: at(3) });
    expect(ticketAfter(resolved(3), reopened(4))).toMatchObject({ status: 'open', resolvedAt: null });
  });

  test('moves up with every activity, and never back', () => {
    expect(ticketAfter(noted(7))?.lastActivityAt).toBe(at(7));
    expect(ticketAfter(noted(7), linkEnded(3))?.lastActivityAt).toBe(at(7));
  });

  test('ignores what concerns no ticket that is there', () => {
    expect(shownAfter(tickets, 't1', [noted(1)])).toBeNull();
  });
});
