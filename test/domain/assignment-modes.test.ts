import { describe, expect, test } from 'vitest';
import { call } from '../../domain/call.ts';
import { hasQueue, type Route, routeCall } from '../../domain/route-call.ts';
import { RoutingMode, routing } from '../../domain/routing.ts';
import { ticket } from '../../domain/ticket.ts';
import { history, stepsOf } from '../support/scenario.ts';
import { available, noon, profile } from './agent-facts.ts';
import { at, type CallCommand, incoming } from './call-facts.ts';
import { question, who } from './route-facts.ts';

const absent = { active: false, socket: null };
const busy = { call: { callId: 'other', direction: 'incoming' as const } };
const holding = (...tickets: string[]) => ({ tickets });
const able = (capacity: number | null, ...tickets: string[]) => ({
  ...holding(...tickets),
  profile: { ...profile, teams: ['sales'], capacity },
});

/** The router's decision, told to a call that has just come in. */
const routed = ({ candidates, chosen, journeyId, waits, noAgent }: Route): CallCommand => ({
  ...(incoming.routed(1) as Extract<CallCommand, { type: 'RouteCall' }>),
  candidates,
  chosen,
  journeyId,
  noAgent,
  queued: waits && { because: waits, until: at(61) },
});
const callAfter = (route: Route, ...later: CallCommand[]) =>
  history(call, [incoming.received(), routed(route), ...later]).state;
const missReasonAfter = (route: Route, ...later: CallCommand[]) => callAfter(route, ...later).conclusion?.missReason;
const timeOutQueue = incoming.queueEnded;

const ids = { ticketId: 't1', channelId: '800000000000001', customerId: 'asha' };
const ticketOfCall = [
  {
    type: 'OpenTicket',
    at: noon,
    ...ids,
    channelName: '',
    waId: null,
    customerName: null,
    because: 'incoming_call',
    callId: 'call-1',
  },
  { type: 'LinkCall', at: noon, ...ids, callId: 'call-1', direction: 'incoming', agentId: null },
] as const;
const assignedTo = (agentId: string) =>
  ({ type: 'AssignByCall', at: noon, callId: 'call-1', agentId, because: 'routed' }) as const;
const missedTicket = {
  type: 'RecordCallEnded',
  at: noon,
  ticketId: 't1',
  callId: 'call-1',
  direction: 'incoming',
  agentId: null,
  status: 'missed',
  subStatus: null,
  missReason: 'queue_timeout',
} as const;

describe('1. Unassigned Mode', () => {
  const route = routeCall(question([who('ben')], {}, { mode: 'unassigned' }));

  test('Call tickets are not assigned to any agent automatically', () => {
    expect(route.chosen).toBeNull();
    expect(history(ticket, [...ticketOfCall, missedTicket]).state.assignee.agentId).toBeNull();
  });

  test('Incoming calls are terminated immediately', () => {
    const [, , miss] = stepsOf(call, [incoming.received(), routed(route)]);
    expect(miss?.event).toMatchObject({ type: 'CallMissed', hangUp: true });
  });

  test('Calls are marked as "missed" and sent to the unassigned queue', () => {
    expect(callAfter(route)).toMatchObject({
      agentId: null,
      conclusion: { status: 'missed', missReason: 'unassigned_mode' },
    });
  });

  test('Agents can manually pick up these tickets from the queue', () => {
    const pickUp = { type: 'AssignTicket', at: noon, agentId: 'ben', teamId: null } as const;
    expect(history(ticket, [...ticketOfCall, missedTicket, pickUp]).state.assignee.agentId).toBe('ben');
  });
});

describe('2. Round Robin', () => {
  const route = (more: Parameters<typeof question>[0]) => routeCall(question(more, {}, { mode: 'round_robin' }));

  test('Call tickets are distributed evenly among all available agents', () => {
    const staff = [
      who('ben', { turn: { at: 2, nth: 1 } }),
      who('chi', { turn: { at: 1, nth: 1 } }),
      who('dee', absent),
    ];
    expect(route(staff).chosen).toBe('chi');
    expect(route([who('ben', absent), who('chi', busy)])).toMatchObject({
      chosen: null,
      waits: null,
      noAgent: 'no_agent_available',
    });
  });

  test('If the assigned agent doesn\'t pick up the call, it\'s marked as "missed"', () => {
    const rang = [incoming.offered(1), incoming.timedOut(31), incoming.missed(31, 'agent_did_not_answer')];
    expect(callAfter(route([who('ben')]), ...rang)).toMatchObject({
      agentId: 'ben',
      conclusion: { status: 'missed', missReason: 'agent_did_not_answer' },
    });
  });

  test('The ticket remains assigned to that agent for follow-up', () => {
    expect(history(ticket, [...ticketOfCall, assignedTo('ben'), missedTicket]).state.assignee.agentId).toBe('ben');
  });
});

describe('3. Assign Only If Staff Are Available', () => {
  describe('Enabled', () => {
    const rules = { mode: 'only_if_available', onlyIfAvailable: true } as const;
    const route = (...staff: Parameters<typeof question>[0]) => routeCall(question(staff, {}, rules));

    test('Calls are assigned only when staff are online and available', () => {
      const chi = who('chi', { turn: { at: 9, nth: 1 } });
      for (const other of [absent, busy, { socket: null }]) expect(route(who('ben', other), chi).chosen).toBe('chi');
      expect(route(who('ben'), chi).chosen).toBe('ben');
    });

    test('If no agents are available, the call is queued/unassigned and marked as missed', () => {
      for (const staff of [[], [who('ben', absent)], [who('ben', busy)]]) {
        const queued = route(...staff);
        expect(queued).toMatchObject({ chosen: null, noAgent: null, waits: 'no_agent_available' });
        expect(callAfter(queued)).toMatchObject({ agentId: null, conclusion: null });
        expect(callAfter(queued, timeOutQueue(61)).conclusion?.status).toBe('missed');
      }
    });

    test('If the call times out while in queue, it’s marked as missed', () => {
      const queued = route(who('ben', absent));
      expect(callAfter(queued, timeOutQueue(60)).conclusion).toBeNull();
      expect(callAfter(queued, timeOutQueue(61)).conclusion).toMatchObject({
        status: 'missed',
        missReason: 'queue_timeout',
      });
    });

    test('an agent who becomes free is offered the call that waits', () => {
      const offered = callAfter(route(who('ben', busy)), routed(route(who('ben'))), incoming.offered(20));
      expect(offered).toMatchObject({ agentId: 'ben', queue: null, conclusion: null });
      expect(call.decide(offered, timeOutQueue(61))).toEqual([]);
    });

    test('a caller who hangs up leaves the queue', () => {
      const hungUp = callAfter(route(who('ben', busy)), incoming.terminated({ after: 20 }));
      expect(hungUp.conclusion).toMatchObject({ status: 'missed', missReason: 'caller_hung_up' });
      expect(call.decide(hungUp, timeOutQueue(61))).toEqual([]);
    });

    test.each([
      [60, 'caller_hung_up'],
      [61, 'queue_timeout'],
    ])('a caller who hangs up after %i s of a wait that ends at 61 s: %s', (after, reason) => {
      const end = incoming.terminated({ after });
      expect(missReasonAfter(route(who('ben', busy)), end, timeOutQueue(61))).toBe(reason);
    });

    test.each([
      ['waits for a colleague on a call', busy, 'no_agent_available', null],
      ['does not wait for a colleague off duty', absent, null, 'no_agent_available'],
    ])('a call that was declined %s', (_, colleague, waits, noAgent) => {
      const staff = [who('ben'), who('chi', colleague)];
      expect(routeCall(question(staff, { tried: ['ben'] }, rules))).toMatchObject({ chosen: null, waits, noAgent });
    });
  });

  describe('Disabled', () => {
    const rules = { mode: 'only_if_available', onlyIfAvailable: false } as const;
    const route = (...staff: Parameters<typeof question>[0]) => routeCall(question(staff, {}, rules));

    test('Calls are assigned regardless of whether agents are online', () => {
      const staff = [who('ben', { turn: { at: 1, nth: 1 } }), who('chi', { ...absent, turn: { at: 0, nth: 1 } })];
      expect(route(...staff)).toMatchObject({ chosen: 'chi', noAgent: 'agent_did_not_answer', waits: null });
      expect(route(who('ben'), who('chi', { ...absent, turn: { at: 1, nth: 1 } }))).toMatchObject({
        chosen: 'ben',
        noAgent: null,
      });
    });

    test('whoever is on a call has their turn when nobody else is left', () => {
      const onCall = who('ben', busy);
      expect(route(onCall, who('chi', { turn: { at: 5, nth: 1 } }))).toMatchObject({ chosen: 'chi', noAgent: null });
      expect(route(onCall)).toMatchObject({ chosen: 'ben', noAgent: 'agent_did_not_answer' });
      expect(route(who('ben', { profile: null }))).toMatchObject({ chosen: null, noAgent: 'no_agent_available' });
    });

    test('If the agent is inactive or doesn\'t answer, the call is marked as "missed"', () => {
      for (const why of [absent, { socket: null }])
        expect(callAfter(route(who('ben', why)))).toMatchObject({
          agentId: 'ben',
          conclusion: { status: 'missed', missReason: 'agent_did_not_answer' },
        });
      const rang = [incoming.offered(1), incoming.timedOut(31), incoming.missed(31, 'agent_did_not_answer')];
      expect(missReasonAfter(route(who('ben')), ...rang)).toBe('agent_did_not_answer');
    });

    test.each([
      ['before the caller hangs up', []],
      ['after it', [incoming.terminated({ after: 0 })]],
    ])('the missed call is that agent’s, by name and team, when it is routed %s', (_, earlier) => {
      const staff = { agentName: 'Ben', team: 'sales' };
      const route_ = { ...routed(route(who('ben', absent))), staff } as CallCommand;
      const { state } = history(call, [incoming.received(), ...earlier, route_]);
      expect(state).toMatchObject({ agentId: 'ben', staff, conclusion: { status: 'missed' } });
    });

    test('and so it is when the turn comes to them after another declined', () => {
      const staff = { agentName: 'Chi', team: 'night' };
      const declined = [incoming.received(), incoming.routed(), incoming.offered(1), incoming.declined(2)];
      const theirs = { ...incoming.missed(3, 'agent_did_not_answer'), agentId: 'chi', staff } as CallCommand;
      expect(history(call, [...declined, theirs]).state).toMatchObject({ agentId: 'chi', staff });
    });

    test('The ticket is assigned to that agent for later follow-up', () => {
      expect(history(ticket, [...ticketOfCall, assignedTo('ben'), missedTicket]).state.assignee.agentId).toBe('ben');
    });

    test('a turn that was missed is over: the next call is the next agent’s', () => {
      const { turn } = available;
      expect(
        route(who('ben', { ...absent, turn: { at: noon, nth: 1 } }), who('chi', { ...absent, turn })),
      ).toMatchObject({ chosen: 'chi' });
    });
  });
});

describe('4. Load Balancer', () => {
  const rules = { mode: 'load_balancer', capacity: { global: 2, teams: {} } } as const;
  const route = (staff: Parameters<typeof question>[0], more: Parameters<typeof question>[2] = {}) =>
    routeCall(question(staff, {}, { ...rules, ...more }));

  test.each([
    ['their own', able(3, 'a', 'b'), { global: 1, teams: { sales: 1 } }, true],
    ['their own, however low', able(1, 'a'), { global: 9, teams: { sales: 9 } }, false],
    ['their team’s before the store’s', able(null, 'a'), { global: 1, teams: { sales: 2 } }, true],
    ['the store’s', able(null, 'a'), { global: 1, teams: { others: 9 } }, false],
    ['nobody’s', able(null, 'a', 'b', 'c'), { global: null, teams: {} }, true],
  ])('Assignment respects your existing load balancer rules: capacity is %s', (_, state, capacity, isChosen) => {
    expect(route([who('ben', state)], { capacity }).chosen === 'ben').toBe(isChosen);
  });

  test('Assignment respects your existing load balancer rules: in two teams the higher applies', () => {
    const both = { ...holding('a', 'b'), profile: { ...profile, teams: ['sales', 'care'] } };
    expect(route([who('ben', both)], { capacity: { global: null, teams: { sales: 1, care: 3 } } }).chosen).toBe('ben');
    expect(route([who('ben', both)], { capacity: { global: null, teams: { sales: 1, care: 2 } } }).chosen).toBeNull();
  });

  test('Calls are distributed based on current agent load and availability', () => {
    const staff = [
      who('ben', { ...able(9, 'a'), turn: { at: 0, nth: 1 } }),
      who('chi', { ...able(9), turn: { at: 8, nth: 1 } }),
    ];
    expect(route(staff)).toMatchObject({
      chosen: 'chi',
      candidates: [
        { agentId: 'ben', passedOver: 'not_their_turn', load: 1 },
        { agentId: 'chi', passedOver: null, load: 0 },
      ],
    });
    expect(route([who('ben', { turn: { at: 7, nth: 1 } }), who('chi', { turn: { at: 6, nth: 1 } })]).chosen).toBe(
      'chi',
    );
    expect(route([who('ben', { ...able(9, 'a') }), who('chi', { ...able(9), ...absent })]).chosen).toBe('ben');
  });

  test('If agent capacity is full, ticket is pushed to Queue and call is marked as missed call', () => {
    const full = route([who('ben', able(1, 'a')), who('chi', absent)]);
    expect(full).toMatchObject({ chosen: null, noAgent: null, waits: 'capacity_full' });
    expect(full.candidates).toContainEqual({ agentId: 'ben', passedOver: 'at_capacity', load: 1 });
    expect(missReasonAfter(full, timeOutQueue(61))).toBe('capacity_full');
    expect(callAfter(full, timeOutQueue(61)).agentId).toBeNull();
  });

  test('with nobody there it is not the capacity that the call waits for', () => {
    expect(missReasonAfter(route([who('ben', absent)]), timeOutQueue(61))).toBe('queue_timeout');
  });

  test('what a call waits for may change, how long it may wait does not', () => {
    const [absentee, full] = [route([who('ben', absent)]), route([who('ben', able(1, 'a'))])];
    expect(missReasonAfter(absentee, routed(full), routed(full), timeOutQueue(61))).toBe('capacity_full');
  });

  test('a customer whose ticket an agent holds already weighs nothing more', () => {
    expect(route([who('ben', able(1, 't1'))]).chosen).toBe('ben');
  });
});

test.each(RoutingMode.options)('calls wait only where the mode has a queue: %s', (mode) => {
  const rules = { ...routing.initial.rules, mode };
  expect(hasQueue(rules)).toBe(mode === 'only_if_available' || mode === 'load_balancer');
  expect(hasQueue({ ...rules, onlyIfAvailable: false })).toBe(mode === 'load_balancer');
  const { waits } = routeCall(question([who('ben', absent)], {}, rules));
  expect(waits !== null).toBe(hasQueue(rules));
});
