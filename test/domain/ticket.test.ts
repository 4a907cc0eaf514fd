import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallStatus, MissReason } from '../../domain/call-events.ts';
import { ticket } from '../../domain/ticket.ts';
import { minutes } from '../../domain/time.ts';
import { history, scenario, stepsOf } from '../support/scenario.ts';

type TicketEvent = Parameters<typeof ticket.evolve>[1];
type TicketCommand = Parameters<typeof ticket.decide>[1];

const { given } = scenario(ticket);
const noon = Date.UTC(2026, 0, 5, 12);
const ids = { ticketId: 't1', channelId: '800000000000001', customerId: 'asha' };

const opening = {
  at: noon,
  ...ids,
  channelName: 'Growth India',
  waId: null,
  customerName: null,
  because: 'incoming_call' as const,
  callId: 'c1',
};
const opened: TicketEvent = { type: 'TicketOpened', ...opening };
const open: TicketCommand = { type: 'OpenTicket', ...opening };
const link = (callId: string, direction: 'incoming' | 'outgoing' = 'incoming', agentId: string | null = null) => ({
  type: 'LinkCall' as const,
  at: noon,
  ...ids,
  callId,
  direction,
  agentId,
});
const linked = (callId: string, direction: 'incoming' | 'outgoing' = 'incoming'): TicketEvent => ({
  ...link(callId, direction),
  type: 'CallLinked',
});
const answer = (callId: string, at = noon + minutes(1), agentId = 'ben') => ({
  type: 'RecordCallAnswered' as const,
  at,
  callId,
  agentId,
});
const end = (
  callId: string,
  direction: 'incoming' | 'outgoing',
  status: CallStatus,
  more: { subStatus?: string; missReason?: MissReason; agentId?: string } = {},
) => ({
  type: 'RecordCallEnded' as const,
  at: noon + minutes(2),
  ticketId: 't1',
  callId,
  direction,
  agentId: more.agentId ?? 'ben',
  status,
  subStatus: more.subStatus ?? null,
  missReason: more.missReason ?? null,
});
const route = (callId: string, agentId = 'ben', because: 'routed' | 'placed_call' = 'routed') => ({
  type: 'AssignByCall' as const,
  at: noon,
  callId,
  agentId,
  because,
});
const assign = (agentId: string | null, teamId: string | null = null) => ({
  type: 'AssignTicket' as const,
  at: noon,
  agentId,
  teamId,
});
const assigned = (
  agentId: string | null,
  because: 'routed' | 'placed_call' | 'answered' | 'callback_claimed' | 'by_hand',
  teamId: string | null = null,
): TicketEvent => ({
  type: 'TicketAssigned',
  at: noon,
  ...ids,
  agentId,
  teamId,
  because,
});
const missed = (callId: string) => end(callId, 'incoming', 'missed', { missReason: 'agent_did_not_answer' });

/** First responses that a story leaves behind. */
const firstResponses = (...story: TicketCommand[]) =>
  history(ticket, [open, ...story]).events.flatMap((event) => (event.type === 'FirstResponseMade' ? [event] : []));

describe('a ticket', () => {
  test('is opened by a call and joined by the next ones, each once', () => {
    given().when(open).then(opened);
    given(opened).when(open).thenNothing();
    given(opened).when(link('c1')).then(linked('c1'));
    given(opened, linked('c1')).when(link('c1')).thenNothing();
    given(opened, linked('c1')).when(link('c2', 'outgoing')).then(linked('c2', 'outgoing'));
  });

  test('notes the end of a call once, and again only when it counts otherwise', () => {
    const { events } = history(ticket, [
      open,
      link('c1'),
      missed('c1'),
      missed('c1'),
      end('c1', 'incoming', 'completed'),
    ]);
    expect(events.flatMap((event) => (event.type === 'LinkedCallEnded' ? event.status : []))).toEqual([
      'missed',
      'completed',
    ]);
  });

  test('is resolved, reopened and noted upon', () => {
    const resolved: TicketEvent = { type: 'TicketResolved', at: noon, ...ids, agentId: 'ben' };
    const who = { at: noon, agentId: 'ben' };
    given(opened)
      .when({ type: 'ResolveTicket', ...who })
      .then(resolved);
    given(opened, resolved)
      .when({ type: 'ResolveTicket', ...who })
      .thenNothing();
    given(opened, resolved)
      .when({ type: 'ReopenTicket', ...who, resolution: 1 })
      .then({ type: 'TicketReopened', ...who, ...ids });
    given(opened)
      .when({ type: 'ReopenTicket', ...who, resolution: 1 })
      .thenNothing();
    given(opened)
      .when({ type: 'AddNote', ...who, text: 'call back on Friday' })
      .then({ type: 'NoteAdded', ...who, ...ids, text: 'call back on Friday' });
  });

  test('that is resolved takes no call, but for those it has', () => {
    const resolved: TicketEvent = { type: 'TicketResolved', at: noon, ...ids, agentId: 'ben' };
    given(opened, resolved).when(link('c1')).thenRefused('ticket.resolved');
    given(opened, linked('c1'), resolved).when(link('c1')).thenNothing();
  });

  test('stays resolved when an older resolution is undone', () => {
    const [resolved, reopened] = (['TicketResolved', 'TicketReopened'] as const).map(
      (type): TicketEvent => ({ type, at: noon, ...ids, agentId: 'ben' }),
    );
    given(opened, resolved!, reopened!, resolved!)
      .when({ type: 'ReopenTicket', at: noon, agentId: 'ben', resolution: 1 })
      .thenNothing();
  });

  test.each([
    assign('ben'),
    { type: 'ResolveTicket', at: noon, agentId: 'ben' },
    { type: 'ReopenTicket', at: noon, agentId: 'ben', resolution: 1 },
    { type: 'AddNote', at: noon, agentId: 'ben', text: '' },
  ] as TicketCommand[])('that was never opened is not known: $type', (command) => {
    given().when(command).thenRefused('ticket.unknown');
  });
});

describe('an agent picks up a ticket', () => {
  const pickUp = { ...assign('ben'), isPickUp: true };

  test.each<[string, TicketEvent[]]>([
    ['is nobody’s', [opened]],
    ['is a team’s', [opened, assigned(null, 'by_hand', 'sales')]],
    ['a colleague has by a call', [opened, assigned('chi', 'routed')]],
    ['was given back', [opened, assigned('chi', 'by_hand'), assigned(null, 'by_hand')]],
  ])('that %s', (_, past) => {
    given(...past)
      .when(pickUp)
      .then(assigned('ben', 'by_hand'));
  });

  test.each(['by_hand', 'callback_claimed'] as const)('but not from a colleague who has it %s', (because) => {
    given(opened, assigned('chi', because)).when(pickUp).thenRefused('ticket.taken', null);
    given(opened, assigned('chi', because)).when(assign('ben')).then(assigned('ben', 'by_hand'));
    given(opened, assigned('ben', because)).when(pickUp).thenNothing();
  });
});

describe('whoever claims a callback request', () => {
  const claim = { type: 'AssignByClaim', at: noon, agentId: 'ben' } as const;
  const resolved: TicketEvent = { type: 'TicketResolved', at: noon, ...ids, agentId: 'chi' };
  const over: TicketEvent = { ...missed('c1'), type: 'LinkedCallEnded', ...ids };

  test('gets the ticket that nobody holds', () => {
    given(opened, linked('c1'), over).when(claim).then(assigned('ben', 'callback_claimed'));
  });

  test.each<[string, TicketEvent[]]>([
    ['an agent holds', [opened, assigned('chi', 'by_hand')]],
    ['a team holds', [opened, assigned(null, 'by_hand', 'sales')]],
    ['has a live call', [opened, linked('c1')]],
    ['is with whom its live call rings', [opened, linked('c1'), assigned('chi', 'routed')]],
    ['is theirs already', [opened, assigned('ben', 'by_hand')]],
    ['is resolved', [opened, resolved]],
    ['was never opened', []],
  ])('leaves a ticket as it is that %s', (_, past) => {
    given(...past)
      .when(claim)
      .thenNothing();
  });
});

describe('while a call is live the ticket', () => {
  const live = [opened, linked('c1')] as const;
  const over: TicketEvent = { ...missed('c1'), type: 'LinkedCallEnded', ...ids };

  test.each([
    ['another agent', assign('chi')],
    ['a team', assign(null, 'sales')],
    ['the unassigned queue', assign(null)],
  ])('cannot be reassigned to %s', (_, command) => {
    given(...live, assigned('ben', 'routed'))
      .when(command)
      .thenRefused('ticket.call_live', null);
  });

  test.each([
    ['another agent', assign('chi')],
    ['a team', assign(null, 'sales')],
    ['the unassigned queue', assign(null)],
  ])('but after it, to %s', (_, { agentId, teamId, ...command }) => {
    given(...live, assigned('ben', 'routed'), over)
      .when({ ...command, agentId, teamId })
      .then(assigned(agentId, 'by_hand', teamId));
  });

  test('cannot be resolved', () => {
    given(...live)
      .when({ type: 'ResolveTicket', at: noon, agentId: 'ben' })
      .thenRefused('ticket.call_live');
  });

  test('is free once nobody is on the line, although nobody knows yet how the call counts', () => {
    const hungUp: TicketEvent = { type: 'LinkedCallHungUp', at: noon, ...ids, callId: 'c1' };
    const told = { type: 'RecordCallHungUp', at: noon, callId: 'c1' } as const;
    given(...live)
      .when(told)
      .then(hungUp);
    given(...live, hungUp)
      .when(told)
      .thenNothing();
    given(...live, hungUp)
      .when(assign('chi'))
      .then(assigned('chi', 'by_hand'));
    given(...live, hungUp, linked('c2'))
      .when(assign('chi'))
      .thenRefused('ticket.call_live');
  });

  test('stays with whoever has it', () => {
    given(...live, assigned('ben', 'routed'))
      .when(assign('ben'))
      .thenNothing();
  });
});

describe('a call gives the ticket to', () => {
  test('the agent it is offered to, if nobody has it', () => {
    given(opened, linked('c1')).when(route('c1')).then(assigned('ben', 'routed'));
    given(opened, linked('c1'))
      .when(route('c1', 'ben', 'placed_call'))
      .then(assigned('ben', 'placed_call'));
    given(opened, linked('c1'), assigned('ben', 'routed')).when(route('c1')).thenNothing();
  });

  test('the next agent, when the same call moves on', () => {
    given(opened, linked('c1'), assigned('ben', 'routed')).when(route('c1', 'chi')).then(assigned('chi', 'routed'));
  });

  test('nobody else, when it was somebody’s already', () => {
    const history_ = [
      opened,
      linked('c1'),
      assigned('ben', 'routed'),
      { ...missed('c1'), type: 'LinkedCallEnded' as const, ...ids },
    ];
    given(...history_, linked('c2'))
      .when(route('c2', 'chi'))
      .thenNothing();
    given(opened, assigned(null, 'by_hand', 'sales'), linked('c2'))
      .when(route('c2', 'chi'))
      .thenNothing();
  });

  test('the agent who did not pick up keeps it for follow-up', () => {
    const { state } = history(ticket, [open, link('c1'), route('c1'), missed('c1')]);
    expect(state.assignee).toEqual({ agentId: 'ben', teamId: null });
  });

  test('the agent who answers it, if it was only offered to another', () => {
    const { state } = history(ticket, [open, link('c1'), route('c1', 'ben'), answer('c1', noon + 1, 'chi')]);
    expect(state.assignee.agentId).toBe('chi');
    const kept = history(ticket, [open, assign('ben'), link('c1'), answer('c1', noon + 1, 'chi')]);
    expect(kept.state.assignee.agentId).toBe('ben');
  });

  test('nobody while another call is live or after it was resolved', () => {
    given(opened, linked('c1'), linked('c2')).when(route('c2')).thenNothing();
    given(opened, { type: 'TicketResolved', at: noon, ...ids, agentId: 'ben' })
      .when(route('c2'))
      .thenNothing();
  });
});

describe('first response', () => {
  const callback = (callId = 'c2') => link(callId, 'outgoing', 'ben');

  test.each([
    [
      'the assigned agent answers the call that opened the ticket',
      [link('c1'), route('c1'), answer('c1')],
      'answered',
      60,
    ],
    [
      'accepted by both sides, then dropped',
      [link('c1'), route('c1'), answer('c1'), end('c1', 'incoming', 'disconnected', { subStatus: 'dropped' })],
      'answered',
      60,
    ],
    [
      'missed, then the agent calls back and it connects',
      [link('c1'), missed('c1'), callback(), answer('c2', noon + minutes(9))],
      'called_back',
      540,
    ],
    [
      'missed, called back in vain, called back again',
      [
        link('c1'),
        missed('c1'),
        callback(),
        end('c2', 'outgoing', 'unanswered'),
        callback('c3'),
        answer('c3', noon + minutes(9)),
      ],
      'called_back',
      540,
    ],
    [
      'missed, then the customer calls again and is answered',
      [link('c1'), missed('c1'), link('c2'), answer('c2')],
      'answered',
      60,
    ],
    ['answered, though we only learn it at the end', [link('c1'), end('c1', 'incoming', 'completed')], 'answered', 120],
    [
      'called back, though we only learn it at the end',
      [link('c1'), missed('c1'), callback(), end('c2', 'outgoing', 'completed')],
      'called_back',
      120,
    ],
    [
      'missed, as it seemed, and corrected',
      [link('c1'), missed('c1'), end('c1', 'incoming', 'completed')],
      'answered',
      120,
    ],
  ] as [string, TicketCommand[], string, number][])('yes: %s', (_, story, because, secondsAfterOpening) => {
    expect(firstResponses(...story)).toEqual([
      expect.objectContaining({ because, secondsAfterOpening, agentId: 'ben' }),
    ]);
  });

  test.each([
    ['missed and nothing more', [link('c1'), missed('c1')]],
    [
      'missed, the callback unanswered',
      [link('c1'), missed('c1'), callback(), end('c2', 'outgoing', 'unanswered', { subStatus: 'no_answer' })],
    ],
    [
      'missed, the callback failed',
      [link('c1'), missed('c1'), callback(), end('c2', 'outgoing', 'disconnected', { subStatus: 'failed' })],
    ],
    [
      'missed, another agent merely writes a note',
      [link('c1'), missed('c1'), { type: 'AddNote', at: noon, agentId: 'chi', text: 'seen' }],
    ],
    ['a call of our own, with nothing missed', [callback(), answer('c2')]],
    [
      'missed, resolved, reopened, then a call of our own',
      [
        link('c1'),
        missed('c1'),
        { type: 'ResolveTicket', at: noon, agentId: 'ben' },
        { type: 'ReopenTicket', at: noon, agentId: 'ben', resolution: 1 },
        callback(),
        answer('c2'),
      ],
    ],
    ['an answer to a call of another ticket', [answer('c9')]],
  ] as [string, TicketCommand[]][])('no: %s', (_, story) => {
    expect(firstResponses(...story)).toEqual([]);
  });

  test('is told with the call that decided it, at the moment of the answer', () => {
    expect(firstResponses(link('c1'), answer('c1'))).toEqual([
      {
        type: 'FirstResponseMade',
        at: noon + minutes(1),
        ...ids,
        agentId: 'ben',
        callId: 'c1',
        because: 'answered',
        secondsAfterOpening: 60,
      },
    ]);
  });
});

describe('whatever happens on a ticket', () => {
  const callIds = ['c1', 'c2', 'c3'];
  const directionOf = (callId: string) => (callId === 'c2' ? 'outgoing' : 'incoming');
  const statuses: CallStatus[] = ['completed', 'missed', 'disconnected', 'unanswered'];
  const doing: fc.Arbitrary<TicketCommand> = fc.oneof(
    fc.constantFrom(...callIds).map((id) => link(id, directionOf(id))),
    fc.constantFrom(...callIds).map((id) => answer(id)),
    fc.constantFrom(...callIds).map((id) => route(id, 'chi')),
    fc
      .tuple(fc.constantFrom(...callIds), fc.constantFrom(...statuses))
      .map(([id, status]) => end(id, directionOf(id), status)),
    fc.constantFrom(assign('ben'), assign('chi'), assign(null), assign(null, 'sales')),
    fc.constantFrom<TicketCommand>(
      { type: 'ResolveTicket', at: noon, agentId: 'ben' },
      { type: 'ReopenTicket', at: noon, agentId: 'ben', resolution: 1 },
    ),
  );
  const always = (law: (steps: readonly { before: typeof ticket.initial; event: TicketEvent }[]) => void) =>
    fc.assert(
      fc.property(fc.array(doing, { maxLength: 40, size: 'max' }), (doings) => law(stepsOf(ticket, [open, ...doings]))),
      { seed: 17, numRuns: 200 },
    );

  test('the first response is recorded at most once', () => {
    let responses = 0;
    always((steps) => {
      const made = steps.filter(({ event }) => event.type === 'FirstResponseMade').length;
      responses += made;
      expect(made).toBeLessThanOrEqual(1);
    });
    expect(responses).toBeGreaterThan(50);
  });

  test('nobody assigns or resolves it by hand while a call is live', () => {
    always((steps) => {
      for (const { before, event } of steps) {
        const byHand =
          event.type === 'TicketResolved' || (event.type === 'TicketAssigned' && event.because === 'by_hand');
        if (byHand) expect([...before.calls.values()].map(({ status }) => status)).not.toContain('ongoing');
      }
    });
  });
});
