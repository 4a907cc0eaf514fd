import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conversation } from '../../domain/conversation.ts';
import { fold } from '../../domain/decider.ts';
import { windowIsOpen } from '../../domain/service-window.ts';
import { hours } from '../../domain/time.ts';
import { scenario, stepsOf } from '../support/scenario.ts';

const { given } = scenario(conversation);
const noon = Date.UTC(2026, 0, 5, 12);
const pair = { channelId: '800000000000001', customerId: 'asha' };
const opened = (at: number) => ({
  type: 'ServiceWindowOpened' as const,
  at,
  ...pair,
  until: at + hours(24),
  by: 'message' as const,
});
const message = (at: number) => ({ type: 'OpenServiceWindow' as const, at, ...pair, by: 'message' as const });
type Reopening = { agentId: string; resolution: number };
const ticketOpened = (ticketId: string, reopening: Reopening | null = null) => ({
  type: 'ConversationTicketOpened' as const,
  at: noon,
  ...pair,
  ticketId,
  reopening,
});
const ticketClosed = (ticketId: string) => ({ type: 'ConversationTicketClosed' as const, at: noon, ...pair, ticketId });

describe('the customer service window', () => {
  test.each(['message', 'incoming_call', 'outgoing_call_answered'] as const)('a customer’s %s opens it', (by) => {
    given()
      .when({ ...message(noon), by })
      .then({ ...opened(noon), by });
  });

  test.each([
    { after: 0, open: true },
    { after: hours(24) - 1, open: true },
    { after: hours(24), open: false },
  ])('$after ms later it is open: $open', ({ after, open }) => {
    expect(windowIsOpen(fold(conversation, conversation.initial, [opened(noon)]), noon + after)).toBe(open);
  });

  test('is closed before the customer ever wrote', () => {
    expect(windowIsOpen(conversation.initial, noon)).toBe(false);
  });

  test('is renewed by a newer message only', () => {
    given(opened(noon))
      .when(message(noon + 1))
      .then(opened(noon + 1));
    given(opened(noon)).when(message(noon)).thenNothing();
    given(opened(noon))
      .when(message(noon - 1))
      .thenNothing();
  });
});

describe('the one open ticket', () => {
  const open = (ticketId: string, resolved: { ticketId: string; resolution: number } | null = null) => ({
    type: 'OpenTicketIfNone' as const,
    at: noon,
    ...pair,
    ticketId,
    resolved,
  });
  const close = (ticketId: string, resolution = 1) => ({
    type: 'CloseTicket' as const,
    at: noon,
    ...pair,
    ticketId,
    resolution,
  });
  const byBen = (resolution: number) => ({ agentId: 'ben', resolution });
  const reopen = (ticketId: string, resolution = 1) => ({
    type: 'ReopenTicket' as const,
    at: noon,
    ...pair,
    ticketId,
    ...byBen(resolution),
  });

  test('is opened when there is none, and joined when there is one', () => {
    given().when(open('t1')).then(ticketOpened('t1'));
    given(ticketOpened('t1')).when(open('t2')).thenNothing();
  });

  test('makes room when it is closed', () => {
    given(ticketOpened('t1')).when(close('t1')).then(ticketClosed('t1'));
    given(ticketOpened('t1')).when(close('t2')).thenNothing();
    given(ticketOpened('t1'), ticketClosed('t1')).when(open('t2')).then(ticketOpened('t2'));
  });

  test('makes room when it is resolved, although it is not closed yet', () => {
    const resolved = { ticketId: 't1', resolution: 1 };
    given(ticketOpened('t1')).when(open('t2', resolved)).then(ticketClosed('t1'), ticketOpened('t2'));
    given(ticketOpened('t3')).when(open('t2', resolved)).thenNothing();
    given(ticketOpened('t1'), ticketClosed('t1'), ticketOpened('t2')).when(close('t1')).thenNothing();
  });

  test('is not joined by a reopened one', () => {
    given(ticketOpened('t1'), ticketClosed('t1'))
      .when(reopen('t1'))
      .then(ticketOpened('t1', byBen(1)));
    given(ticketOpened('t2')).when(reopen('t1')).thenRefused('ticket.another_open');
  });

  test('that is reopened before it is closed stays open, until it is resolved again', () => {
    const reopened = [ticketOpened('t1'), ticketOpened('t1', byBen(1))] as const;
    given(ticketOpened('t1'))
      .when(reopen('t1'))
      .then(ticketOpened('t1', byBen(1)));
    given(...reopened)
      .when(reopen('t1'))
      .thenNothing();
    given(...reopened)
      .when(close('t1'))
      .thenNothing();
    given(...reopened)
      .when(open('t2', { ticketId: 't1', resolution: 1 }))
      .thenNothing();
    given(...reopened)
      .when(close('t1', 2))
      .then(ticketClosed('t1'));
  });

  test('is never two, whatever is opened, closed and reopened', () => {
    const instead = (ticketId: string) => open(ticketId, { ticketId: 't1', resolution: 1 });
    const doing = fc.tuple(fc.constantFrom(open, instead, close, reopen), fc.constantFrom('t1', 't2', 't3'));
    fc.assert(
      fc.property(fc.array(doing, { maxLength: 40 }), (doings) => {
        const openTickets = new Set<string>();
        for (const { event } of stepsOf(
          conversation,
          doings.map(([command, ticketId]) => command(ticketId)),
        )) {
          if (event.type === 'ConversationTicketOpened') openTickets.add(event.ticketId);
          if (event.type === 'ConversationTicketClosed') openTickets.delete(event.ticketId);
          expect(openTickets.size).toBeLessThanOrEqual(1);
        }
      }),
      { seed: 7 },
    );
  });
});

test('an agent dismisses missed calls with a reason, and the ticket is told with it', () => {
  const words = { at: noon, ...pair, agentId: 'ben', reason: 'called from another phone' };
  given(ticketOpened('t1'))
    .when({ type: 'DismissMissedCalls', ...words })
    .then({ type: 'MissedCallsDismissed', ...words, ticketId: 't1' });
  given()
    .when({ type: 'DismissMissedCalls', ...words })
    .then({ type: 'MissedCallsDismissed', ...words, ticketId: null });
});
