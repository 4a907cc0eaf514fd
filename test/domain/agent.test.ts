import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Agent, agent, liveSocket, socketGrace } from '../../domain/agent.ts';
import { hours, seconds } from '../../domain/time.ts';
import { scenario, stepsOf } from '../support/scenario.ts';
import {
  type AgentEvent,
  activated,
  available,
  noon,
  profile,
  registered,
  reserved,
  socketClosed,
  socketOpened,
} from './agent-facts.ts';

const { given } = scenario(agent);
const ready = [registered, activated, socketOpened('s1')] as const;

describe('an agent', () => {
  const register = { type: 'RegisterAgent' as const, at: noon, agentId: 'ben', ...profile, teams: ['sales'] };
  const setActive = (active: boolean) => ({
    type: 'SetAvailability' as const,
    at: noon,
    agentId: 'ben',
    active,
    reason: null,
  });

  test('is registered once; a changed profile is a fact of its own', () => {
    given().when(register).then(registered);
    given(registered).when(register).thenNothing();
    given(registered)
      .when({ ...register, role: 'admin' })
      .then({ ...register, type: 'AgentProfileChanged' as const, role: 'admin' as const });
  });

  test('becomes active and inactive, each once', () => {
    given(registered).when(setActive(true)).then(activated);
    given(registered, activated).when(setActive(true)).thenNothing();
    given(registered, activated)
      .when(setActive(false))
      .then({ type: 'AgentDeactivated', at: noon, agentId: 'ben', reason: null, spell: 2 });
    given(registered).when(setActive(false)).thenNothing();
    given().when(setActive(true)).thenRefused('agent.unknown');
  });

  test('is inactive for another reason: a spell of its own; for the same, or for none, it is inactive as before', () => {
    const lunch = { type: 'AgentDeactivated' as const, at: noon, agentId: 'ben', reason: 'Lunch', spell: 2 };
    const because = (reason: string | null) => ({ ...setActive(false), reason });
    given(registered, activated).when(because('Lunch')).then(lunch);
    given(registered, activated, lunch).when(because('Lunch')).thenNothing();
    given(registered, activated, lunch).when(because(null)).thenNothing();
    given(registered, activated, lunch)
      .when(because('Training'))
      .then({ ...lunch, reason: 'Training', spell: 3 });
  });
});

describe('a reservation', () => {
  const reserve = (callId: string, fence: number | null = null) => ({
    type: 'ReserveAgent' as const,
    at: noon,
    agentId: 'ben',
    callId,
    direction: 'incoming' as const,
    fence,
  });
  const release = (callId: string) => ({
    type: 'ReleaseAgent' as const,
    at: noon,
    agentId: 'ben',
    callId,
    because: 'ended' as const,
  });

  test('holds an active agent with a live call socket', () => {
    given(...ready)
      .when(reserve('c1'))
      .then(reserved('c1'));
    given(...ready, reserved('c1'))
      .when(reserve('c1'))
      .thenNothing();
  });

  test.each([
    ['unknown', [], null, 'agent.unknown'],
    ['inactive', [registered], null, 'agent.inactive'],
    ['without a call socket', [registered, activated], null, 'agent.no_call_socket'],
    ['with a lost call socket', [...ready, socketClosed('s1', noon - socketGrace)], null, 'agent.no_call_socket'],
    ['on a page whose socket was taken over', [...ready, socketOpened('s2', 2)], 1, 'agent.socket_superseded'],
    ['on a page that stands by, or asked for no call socket', ready, 0, 'agent.socket_superseded'],
    ['on another call', [...ready, reserved('c1')], null, 'agent.on_call'],
  ] as const)('does not hold an agent who is %s', (_, past, fence, code) => {
    given(...past)
      .when(reserve('c2', fence))
      .thenRefused(code);
  });

  test('takes the fence of the live socket', () => {
    given(...ready, socketOpened('s2', 2))
      .when(reserve('c1', 2))
      .then(reserved('c1'));
  });

  test('ends with its own call only', () => {
    const released = { type: 'AgentReleased', at: noon, agentId: 'ben', callId: 'c1', because: 'ended' } as const;
    given(...ready, reserved('c1'))
      .when(release('c2'))
      .thenNothing();
    given(...ready, reserved('c1'))
      .when(release('c1'))
      .then(released);
    given(...ready, reserved('c1'), released)
      .when(release('c1'))
      .thenNothing();
    given(...ready, reserved('c1'), released)
      .when(reserve('c2'))
      .then(reserved('c2'));
  });
});

describe('the one call socket of an agent', () => {
  const open = (
    sessionId: string,
    more: { tab?: string; takeOver?: boolean; holderIsGone?: boolean; at?: number } = {},
  ) => ({
    type: 'OpenCallSocket' as const,
    at: noon,
    agentId: 'ben',
    sessionId,
    tab: sessionId,
    gateway: 'g1',
    takeOver: false,
    holderIsGone: false,
    ...more,
  });

  test('is the first that opens', () => {
    given(registered).when(open('s1')).then(socketOpened('s1'));
    given().when(open('s1')).thenRefused('agent.unknown');
  });

  test('stays where it is: later ones stand by, and the same one changes nothing', () => {
    given(...ready)
      .when(open('s2'))
      .thenNothing();
    given(...ready)
      .when(open('s1'))
      .thenNothing();
  });

  test('moves to the page that claims it, with the next fence', () => {
    given(...ready)
      .when(open('s2', { takeOver: true }))
      .then(socketOpened('s2', 2, { takenFrom: 's1' }));
  });

  test('does not move during a live call', () => {
    given(...ready, reserved('c1'))
      .when(open('s2', { takeOver: true }))
      .thenRefused('agent.call_in_progress');
  });

  test.each([
    { after: seconds(5) - 1, fence: 1 },
    { after: seconds(5), fence: 2 },
  ])('returns to a page that reloads $after ms after it was lost with fence $fence', ({ after, fence }) => {
    const at = noon + after;
    given(...ready, socketClosed('s1'))
      .when(open('s1b', { tab: 's1', at }))
      .then({ ...socketOpened('s1b', fence, { tab: 's1' }), at });
  });

  test.each([
    { after: seconds(5) - 1, records: [] },
    { after: seconds(5), records: [{ ...socketOpened('s2', 2), at: noon + seconds(5) }] },
  ])('is kept $after ms for the page that lost it', ({ after, records }) => {
    given(...ready, socketClosed('s1'))
      .when(open('s2', { at: noon + after }))
      .then(...records);
  });

  test('returns to a reloading page even during its call', () => {
    given(...ready, reserved('c1'), socketClosed('s1'))
      .when(open('s1b', { tab: 's1' }))
      .then(socketOpened('s1b', 1, { tab: 's1' }));
  });

  test('is free at once when the process that held it is dead', () => {
    given(...ready, reserved('c1'))
      .when(open('s2', { holderIsGone: true }))
      .then(socketOpened('s2', 2));
  });

  test('is closed by its own session only, once', () => {
    const close = (sessionId: string) => ({ type: 'CloseCallSocket' as const, at: noon, agentId: 'ben', sessionId });
    given(...ready)
      .when(close('s2'))
      .thenNothing();
    given(...ready)
      .when(close('s1'))
      .then(socketClosed('s1'));
    given(...ready, socketClosed('s1'))
      .when(close('s1'))
      .thenNothing();
    given(...ready, socketOpened('s2', 2))
      .when(close('s1'))
      .thenNothing();
  });

  test.each([
    { after: seconds(5) - 1, live: true },
    { after: seconds(5), live: false },
  ])('counts as live $after ms after it was lost: $live', ({ after, live }) => {
    const state = { ...available, socket: { sessionId: 's1', tab: 't1', gateway: 'g1', closedAt: noon } };
    expect(liveSocket(state, noon + after) !== null).toBe(live);
  });
});

describe('whatever happens to an agent', () => {
  type Command = Parameters<typeof agent.decide>[1];
  const doings = (at: number, name: string, state: Agent): Record<string, Command> => {
    const who = { at, agentId: 'ben' };
    const socket = { ...who, sessionId: `${name}${at}`, tab: name, gateway: 'g', takeOver: false, holderIsGone: false };
    return {
      reserve: { type: 'ReserveAgent', ...who, callId: name, direction: 'incoming', fence: null },
      release: { type: 'ReleaseAgent', ...who, callId: name, because: 'ended' },
      open: { type: 'OpenCallSocket', ...socket },
      claim: { type: 'OpenCallSocket', ...socket, takeOver: true },
      afterCrash: { type: 'OpenCallSocket', ...socket, holderIsGone: true },
      close: { type: 'CloseCallSocket', ...who, sessionId: state.socket?.sessionId ?? '' },
      activate: { type: 'SetAvailability', ...who, active: true, reason: null },
      deactivate: { type: 'SetAvailability', ...who, active: false, reason: null },
    };
  };
  const doing = fc.record({
    which: fc.constantFrom(...Object.keys(doings(0, '', agent.initial))),
    name: fc.constantFrom('a', 'b', 'c'),
    gap: fc.oneof(fc.integer({ min: 0, max: 8_000 }), fc.integer({ min: 0, max: hours(1) })),
  });

  /** Everything that gets through, each with the state it met. */
  const always = (law: (steps: readonly { before: Agent; event: AgentEvent }[]) => void) =>
    fc.assert(
      fc.property(fc.array(doing, { maxLength: 80, size: 'max' }), (row) => {
        let at = noon;
        const commands = row.map(({ which, name, gap }) => {
          at += gap;
          const now = at;
          return (state: Agent) => doings(now, name, state)[which]!;
        });
        law(stepsOf(agent, commands, ready));
      }),
      { seed: 11, numRuns: 150 },
    );

  test('they never hold two calls, and only while they are active with a live socket', () => {
    let reservations = 0;
    always((steps) => {
      const held = new Set<string>();
      for (const { before, event } of steps) {
        if (event.type === 'AgentReleased') held.delete(event.callId);
        if (event.type !== 'AgentReserved') continue;
        reservations++;
        held.add(event.callId);
        expect(held.size).toBe(1);
        expect(before).toMatchObject({ active: true, call: null });
        expect(liveSocket(before, event.at)).not.toBeNull();
      }
    });
    expect(reservations).toBeGreaterThan(150);
  });

  test('one fence never belongs to two pages, and none comes back', () => {
    always((steps) => {
      const pageOf = new Map<number, string>();
      for (const { before, event } of steps) {
        if (event.type !== 'CallSocketOpened') continue;
        expect(event.fence).toBeGreaterThanOrEqual(before.fence);
        expect(pageOf.get(event.fence) ?? event.tab).toBe(event.tab);
        pageOf.set(event.fence, event.tab);
      }
    });
  });

  test('a socket is never taken from a page that is on a call, unless its server is dead', () => {
    always((steps) => {
      for (const { before, event } of steps)
        if (event.type === 'CallSocketOpened' && before.call) expect(event.takenFrom).toBeNull();
    });
  });
});

describe('the tickets an agent holds', () => {
  const ofTicket = { at: noon, agentId: 'ben', ticketId: 't1' };
  const entrusted = { type: 'TicketEntrusted', ...ofTicket } as const;
  const released = { type: 'TicketReleased', ...ofTicket } as const;

  test('are counted once each, until they are theirs no more', () => {
    given()
      .when({ type: 'EntrustTicket', ...ofTicket })
      .then(entrusted);
    given(entrusted)
      .when({ type: 'EntrustTicket', ...ofTicket })
      .thenNothing();
    given(entrusted)
      .when({ type: 'ReleaseTicket', ...ofTicket })
      .then(released);
    given(entrusted, released)
      .when({ type: 'ReleaseTicket', ...ofTicket })
      .thenNothing();
  });

  test.each([
    { held: 't1', capacity: 1, ticketId: 't2', taken: false },
    { held: 't1', capacity: 2, ticketId: 't2', taken: true },
    { held: 't1', capacity: 1, ticketId: 't1', taken: true },
    { held: 't1', capacity: null, ticketId: 't2', taken: true },
  ])(
    'with $held in hand and room for $capacity, a call of $ticketId holds them: $taken',
    ({ capacity, ticketId, taken }) => {
      const reserve = { type: 'ReserveAgent', at: noon, agentId: 'ben', callId: 'c1', direction: 'incoming' } as const;
      const when = given(...ready, entrusted).when({ ...reserve, fence: null, capacity, ticketId });
      if (taken) when.then(reserved('c1'));
      else when.thenRefused('agent.at_capacity');
    },
  );

  test('a turn they missed counts as a call of theirs', () => {
    const missed = { type: 'TurnMissed', at: noon + 5, agentId: 'ben', callId: 'c1' } as const;
    given(registered)
      .when({ ...missed, type: 'MissTurn' })
      .then(missed);
    expect(agent.evolve(available, missed).turn).toEqual({ at: noon + 5, nth: 1 });
  });
});
