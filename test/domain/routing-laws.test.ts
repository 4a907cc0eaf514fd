import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Agent, agent } from '../../domain/agent.ts';
import { capacityOf } from '../../domain/capacity.ts';
import { isRefusal } from '../../domain/decider.ts';
import { routeCall } from '../../domain/route-call.ts';
import { RoutingMode } from '../../domain/routing.ts';
import { available, noon, profile } from './agent-facts.ts';
import { question, who } from './route-facts.ts';

const limit = fc.option(fc.integer({ min: 1, max: 4 }), { nil: null });
const capacity = fc.record({
  global: limit,
  teams: fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 4 })),
});
const member = fc.record({
  active: fc.boolean(),
  isOnCall: fc.boolean(),
  tickets: fc.integer({ min: 0, max: 5 }),
  own: limit,
  teams: fc.subarray(['a', 'b']),
});
const roster = fc.array(member, { maxLength: 8 }).map((all) =>
  all.map(({ active, isOnCall, tickets, own, teams }, i) =>
    who(`agent-${i}`, {
      active,
      call: isOnCall ? { callId: 'other', direction: 'incoming' } : null,
      tickets: Array.from({ length: tickets }, (_, n) => `ticket-${i}-${n}`),
      profile: { ...profile, capacity: own, teams },
    }),
  ),
);
const rules = fc.record({ mode: fc.constantFrom(...RoutingMode.options), onlyIfAvailable: fc.boolean(), capacity });

type Command = Parameters<typeof agent.decide>[1];
const after = (state: Agent, command: Command): Agent => {
  const decision = agent.decide(state, command);
  return isRefusal(decision) ? state : decision.reduce(agent.evolve, state);
};

const common = { at: noon, agentId: 'ben' };
/** A call that is taken, if it may be, leaves its ticket with the agent. */
const oneMoreCall = (capacity: number, i: number) => (state: Agent) => {
  const [callId, ticketId] = [`c${i}`, `t${i}`];
  const reserve = { ...common, callId, direction: 'incoming', fence: null, capacity, ticketId } as const;
  const reserved = after(state, { type: 'ReserveAgent', ...reserve });
  if (reserved.call === null) return reserved;
  const entrusted = after(reserved, { type: 'EntrustTicket', ...common, ticketId });
  return after(entrusted, { type: 'ReleaseAgent', ...common, callId, because: 'ended' });
};
const oneTicketLess = (state: Agent) =>
  after(state, { type: 'ReleaseTicket', ...common, ticketId: state.tickets[0] ?? '' });

describe('whoever is there and whatever the rules', () => {
  test('nobody is given more than their capacity', () => {
    let given = 0;
    fc.assert(
      fc.property(roster, capacity, (staff, limits) => {
        const { chosen } = routeCall(question(staff, {}, { mode: 'load_balancer', capacity: limits }));
        const winner = staff.find(({ agentId }) => agentId === chosen);
        if (!winner?.state.profile) return;
        given++;
        const most = capacityOf(winner.state.profile, limits) ?? Number.POSITIVE_INFINITY;
        expect(winner.state.tickets.length + 1).toBeLessThanOrEqual(most);
      }),
      { seed: 11, numRuns: 400 },
    );
    expect(given).toBeGreaterThan(100);
  });

  test('the agent’s own stream lets nobody over capacity either, in whatever order calls come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.boolean(), { maxLength: 30 }), (capacity, comings) => {
        const days = comings.map((comes, i) => (comes ? oneMoreCall(capacity, i) : oneTicketLess));
        let state = available;
        for (const day of days) {
          state = day(state);
          expect(state.tickets.length).toBeLessThanOrEqual(capacity);
        }
      }),
      { seed: 12, numRuns: 200 },
    );
  });

  test('a call goes to an agent, waits, or is missed for one reason: never two of them, never none', () => {
    fc.assert(
      fc.property(roster, rules, (staff, ofStore) => {
        const { chosen, waits, noAgent, candidates } = routeCall(question(staff, {}, ofStore));
        const isTheirsUnanswered = chosen !== null && noAgent === 'agent_did_not_answer';
        const outcomes = [chosen, waits, noAgent].filter((outcome) => outcome !== null);
        expect(outcomes.length).toBe(isTheirsUnanswered ? 2 : 1);
        expect(candidates.filter(({ passedOver }) => passedOver === null).map(({ agentId }) => agentId)).toEqual(
          chosen === null ? [] : [chosen],
        );
      }),
      { seed: 13, numRuns: 400 },
    );
  });

  test('nobody waits while somebody is free', () => {
    fc.assert(
      fc.property(roster, rules, (staff, ofStore) => {
        const { waits, candidates } = routeCall(question(staff, {}, ofStore));
        if (waits !== null) expect(candidates.every(({ passedOver }) => passedOver !== 'not_their_turn')).toBe(true);
      }),
      { seed: 14, numRuns: 400 },
    );
  });
});
