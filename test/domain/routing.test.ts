import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Agent } from '../../domain/agent.ts';
import { agent, socketGrace } from '../../domain/agent.ts';
import type { Candidate, MissReason } from '../../domain/call-events.ts';
import { fold } from '../../domain/decider.ts';
import { routeCall } from '../../domain/route-call.ts';
import { RoutingMode, routing } from '../../domain/routing.ts';
import { scenario } from '../support/scenario.ts';
import { available, noon, profile } from './agent-facts.ts';
import { question, who } from './route-facts.ts';

const { given } = scenario(routing);

describe('the routing rules of a store', () => {
  const rules = { ...routing.initial.rules, mode: 'unassigned' as const };
  const configure = { type: 'ConfigureRouting' as const, at: noon, ...rules };
  const configured = { type: 'RoutingConfigured' as const, at: noon, ruleVersion: 1, ...rules };

  test('start as round robin', () => {
    expect(routing.initial.rules.mode).toBe('round_robin');
  });

  test('get a new version with every change', () => {
    given().when(configure).then(configured);
    given(configured).when(configure).thenNothing();
    const asAtTheStart = { at: noon, ...routing.initial.rules };
    given()
      .when({ type: 'ConfigureRouting', ...asAtTheStart })
      .then({ type: 'RoutingConfigured', ruleVersion: 1, ...asAtTheStart });
    given(configured)
      .when({ ...configure, ringSeconds: 20 })
      .then({ ...configured, ruleVersion: 2, ringSeconds: 20 });
  });

  test.each(RoutingMode.options)('take every mode: %s', (mode) => {
    given()
      .when({ ...configure, mode, ringSeconds: 20 })
      .then({ ...configured, mode, ringSeconds: 20 });
  });

  test('keep the roster in the order in which agents joined', () => {
    const enlist = (agentId: string, teams: string[]) => ({ at: noon, agentId, teams });
    const enlisted = (agentId: string, teams: string[]) => ({
      type: 'AgentEnlisted' as const,
      ...enlist(agentId, teams),
    });
    given(enlisted('ben', []))
      .when({ type: 'EnlistAgent', ...enlist('ben', []) })
      .thenNothing();
    given(enlisted('ben', []))
      .when({ type: 'EnlistAgent', ...enlist('ben', ['a']) })
      .then(enlisted('ben', ['a']));
    const { roster } = fold(routing, routing.initial, [
      enlisted('ben', []),
      enlisted('chi', []),
      enlisted('ben', ['a']),
    ]);
    expect(roster.map(({ agentId }) => agentId)).toEqual(['ben', 'chi']);
  });
});

const nobody = (noAgent: MissReason, candidates: Candidate[] = []) => ({
  candidates,
  chosen: null,
  journeyId: null,
  waits: null,
  noAgent,
});
const lostAt = (closedAt: number) => ({ socket: { sessionId: 's', tab: 't', gateway: 'g', closedAt } });

describe('an incoming call', () => {
  test.each(['outside_hours', 'incoming_disabled'] as const)(
    'is missed at once when the channel says %s, whatever the mode',
    (channelMiss) => {
      for (const mode of RoutingMode.options)
        expect(routeCall(question([who('ben')], { channelMiss }, { mode }))).toEqual(nobody(channelMiss));
    },
  );

  test('is missed at once in the unassigned mode', () => {
    const route = routeCall(question([who('ben')], {}, { mode: 'unassigned' }));
    expect(route).toEqual(nobody('unassigned_mode'));
  });

  test('goes to whoever had a call longest ago', () => {
    const roster = [
      who('ben', { turn: { at: 3, nth: 1 } }),
      who('chi', { turn: { at: 1, nth: 1 } }),
      who('dee', { turn: { at: 2, nth: 1 } }),
    ];
    expect(routeCall(question(roster))).toMatchObject({
      candidates: [
        { agentId: 'ben', passedOver: 'not_their_turn' },
        { agentId: 'chi', passedOver: null },
        { agentId: 'dee', passedOver: 'not_their_turn' },
      ],
      chosen: 'chi',
      noAgent: null,
    });
  });

  test('goes to the first of the roster when nobody has had one', () => {
    expect(routeCall(question([who('ben'), who('chi')])).chosen).toBe('ben');
  });

  test.each([
    ['auditor', { profile: { ...profile, teams: [], role: 'auditor' as const } }, 'role'],
    ['analyst', { profile: { ...profile, teams: [], role: 'analyst' as const } }, 'role'],
    ['never registered', { profile: null }, 'role'],
    ['inactive', { active: false }, 'inactive'],
    ['without a socket', { socket: null }, 'no_call_socket'],
    ['whose socket is lost', lostAt(noon - socketGrace), 'no_call_socket'],
    ['on a call', { call: { callId: 'c', direction: 'outgoing' as const } }, 'on_call'],
  ])('passes over an agent %s', (_, state, reason) => {
    expect(routeCall(question([who('ben', state), who('chi', { turn: { at: 9, nth: 1 } })]))).toMatchObject({
      candidates: [
        { agentId: 'ben', passedOver: reason },
        { agentId: 'chi', passedOver: null },
      ],
      chosen: 'chi',
    });
    expect(routeCall(question([who('ben', state)]))).toEqual(
      nobody('no_agent_available', [{ agentId: 'ben', passedOver: reason }]),
    );
  });

  test.each(['agent', 'team_manager', 'admin'] as const)('may go to the role %s', (role) => {
    expect(routeCall(question([who('ben', { profile: { ...profile, teams: [], role } })])).chosen).toBe('ben');
  });

  test('may go to an agent whose page is just being reloaded', () => {
    expect(routeCall(question([who('ben', lostAt(noon - socketGrace + 1))])).chosen).toBe('ben');
  });

  test('does not go to the same agent twice', () => {
    const route = routeCall(question([who('ben'), who('chi')], { tried: ['ben'] }));
    expect(route).toMatchObject({ candidates: [{ passedOver: 'already_tried' }, { passedOver: null }], chosen: 'chi' });
    expect(routeCall(question([who('ben')], { tried: ['ben'] })).noAgent).toBe('no_agent_available');
  });

  test('finds nobody in a store without agents', () => {
    expect(routeCall(question([]))).toEqual(nobody('no_agent_available'));
  });
});

describe('round robin is fair', () => {
  type Direction = 'incoming' | 'outgoing';
  const reserved = (state: Agent, at: number, direction: Direction) =>
    agent.evolve(state, { type: 'AgentReserved', at, agentId: '', callId: 'c', direction });
  const released = (state: Agent, at: number) =>
    state.call ? agent.evolve(state, { type: 'AgentReleased', at, agentId: '', callId: 'c', because: 'ended' }) : state;

  /** Some calls come at one moment; they are over before the next do, and agents call customers in between. */
  const wave = fc.record({ gap: fc.nat(9), calls: fc.integer({ min: 1, max: 12 }), callers: fc.array(fc.nat(11)) });
  type Crew = { states: Agent[]; counts: number[] };

  const callComes = ({ states, counts }: Crew, at: number) => {
    const staff = states.map((state, i) => who(String(i), state));
    const chosen = Number(routeCall(question(staff, { at })).chosen);
    states[chosen] = reserved(states[chosen]!, at, 'incoming');
    counts[chosen]!++;
  };

  test('among equally available agents the counts differ by at most one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(wave), (agents, waves) => {
        const crew: Crew = { states: Array(agents).fill(available), counts: Array(agents).fill(0) };
        let at = noon;
        for (const { gap, calls, callers } of waves) {
          at += gap;
          for (let call = 0; call < Math.min(calls, agents); call++) callComes(crew, at);
          expect(Math.max(...crew.counts) - Math.min(...crew.counts)).toBeLessThanOrEqual(1);
          crew.states = crew.states
            .map((state) => released(state, at))
            .map((state, i) => (callers.includes(i) ? released(reserved(state, at + 1, 'outgoing'), at + 1) : state));
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
