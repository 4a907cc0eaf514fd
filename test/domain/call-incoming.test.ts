import { describe, expect, test } from 'vitest';
import { call } from '../../domain/call.ts';
import { MissReason } from '../../domain/call-events.ts';
import { progressOf } from '../../domain/call-outcome.ts';
import { history } from '../support/scenario.ts';
import { at, type CallCommand, givenUp, hungUp, incoming, start } from './call-facts.ts';

const { received, routed, offered, acknowledged, declined, timedOut, unacknowledged } = incoming;
const { answered, confirmed, answerFailed, missed, terminated } = incoming;

const told = (...commands: CallCommand[]) => history(call, commands);
const typesOf = (...commands: CallCommand[]) => told(...commands).events.map(({ type }) => type);
const conclusionOf = (...commands: CallCommand[]) => told(...commands).state.conclusion;
const answer = (command: CallCommand, ...past: CallCommand[]) => call.decide(told(...past).state, command);
const inCall = [received(), routed(), offered(), answered(5), confirmed(6)] as const;

describe('an incoming call goes its way', () => {
  test('from its first sign to its end', () => {
    expect(typesOf(...inCall, terminated({ after: 66, talked: 60 }))).toEqual([
      'CallReceived',
      'CallRouted',
      'CallOffered',
      'CallAnswering',
      'CallAnswered',
      'CallEnded',
      'CallConcluded',
    ]);
  });

  test.each([
    ['queued', [received(), routed()]],
    ['ringing', [received(), routed(), offered()]],
    ['queued', [received(), routed(), offered(), declined(3)]],
    ['in_call', inCall],
  ] as const)('and shows meanwhile that it is %s', (progress, commands) => {
    expect(progressOf(told(...commands).state)).toBe(progress);
    expect(conclusionOf(...commands)).toBeNull();
  });

  test('and every step is taken once', () => {
    const twice = inCall.flatMap((command) => [command, command]);
    expect(typesOf(...twice)).toEqual(typesOf(...inCall));
  });
});

describe('an incoming call counts', () => {
  test.each([
    [
      'completed, ended by the customer',
      [...inCall, terminated({ after: 66, talked: 60 })],
      { status: 'completed', endedBy: 'customer', ringSeconds: 6, talkSeconds: 60 },
    ],
    [
      'completed, ended by the agent',
      [...inCall, hungUp(60), terminated({ after: 66, talked: 60 })],
      { status: 'completed', endedBy: 'agent' },
    ],
    [
      'completed on Meta’s word alone',
      [received(), routed(), offered(), terminated({ after: 66, talked: 60 })],
      { status: 'completed', answeredAt: at(6) },
    ],
    [
      'disconnected by an error after the answer',
      [...inCall, terminated({ after: 9, failed: true, metaErrorCode: 138021 })],
      { status: 'disconnected', subStatus: 'dropped', endedBy: 'network' },
    ],
    [
      'disconnected by an error in the conversation',
      [...inCall, terminated({ after: 66, talked: 60, metaErrorCode: 138022 })],
      { status: 'disconnected', talkSeconds: 60 },
    ],
    [
      'disconnected when it dropped without timing',
      [...inCall, terminated({ after: 9 })],
      { status: 'disconnected', subStatus: 'dropped', talkSeconds: 0 },
    ],
    ['disconnected when nothing is heard of it any more', [...inCall, givenUp(9_000)], { status: 'disconnected' }],
  ] as [string, CallCommand[], object][])('as %s', (_, commands, expected) => {
    expect(conclusionOf(...commands)).toMatchObject({ missReason: null, ...expected });
  });
});

describe('an incoming call that no agent answered is missed for one reason', () => {
  test.each([
    ['outside_hours', [received(), routed(1, 'outside_hours')], 'system'],
    ['incoming_disabled', [received(), routed(1, 'incoming_disabled')], 'system'],
    ['unassigned_mode', [received(), routed(1, 'unassigned_mode')], 'system'],
    ['no_agent_available', [received(), routed(1, 'no_agent_available')], 'system'],
    [
      'agent_did_not_answer',
      [received(), routed(), offered(), timedOut(30), missed(30, 'agent_did_not_answer')],
      'system',
    ],
    ['all_declined', [received(), routed(), offered(), declined(3), missed(3, 'all_declined')], 'system'],
    [
      'agent_socket_lost',
      [received(), routed(), offered(), unacknowledged(2), missed(2, 'agent_socket_lost')],
      'system',
    ],
    ['caller_hung_up', [received(), routed(), offered(), terminated({ after: 9 })], 'customer'],
    [
      'caller_hung_up',
      [received(), routed(), offered(), answered(8), terminated({ after: 9 }), answerFailed(10)],
      'customer',
    ],
    ['provider_failure', [received(), routed(), offered(), terminated({ after: 9, failed: true })], 'network'],
    ['provider_failure', [received(), routed(), offered(), answered(8), answerFailed(9)], 'system'],
    ['provider_failure', [received(), routed(), offered(), givenUp(9_000)], 'network'],
  ] as [MissReason, CallCommand[], string][])('for the reason %s', (missReason, commands, endedBy) => {
    expect(conclusionOf(...commands)).toMatchObject({
      status: 'missed',
      missReason,
      endedBy,
      answeredAt: null,
      talkSeconds: 0,
    });
    expect(typesOf(...commands).filter((type) => type === 'CallMissed')).toHaveLength(1);
  });

  test('and the caller who still rings is hung up on, one who is gone is not', () => {
    const hangsUp = (...commands: CallCommand[]) =>
      told(...commands).events.flatMap((event) => (event.type === 'CallMissed' ? event.hangUp : []));
    expect(hangsUp(received(), routed(1, 'unassigned_mode'))).toEqual([true]);
    expect(hangsUp(received(), terminated({ after: 9 }), routed(10))).toEqual([false]);
    expect(hangsUp(received(60), routed(61, 'unassigned_mode'))).toEqual([true]);
    expect(hangsUp(received(60.001), routed(61, 'unassigned_mode'))).toEqual([false]);
    expect(hangsUp(received(60.001), routed(61))).toEqual([false]);
  });

  test.each([
    { late: 60, lay: 0, missed: false },
    { late: 60.001, lay: 0, missed: true },
    { late: 10, lay: 60, missed: false },
    { late: 10, lay: 60.001, missed: true },
  ])('a connect that reaches us $late s late and lies $lay s rings nobody: $missed', ({ late, lay, missed }) => {
    const { state } = told(received(late), routed(late + lay));
    expect(state.conclusion?.status ?? 'ongoing').toBe(missed ? 'missed' : 'ongoing');
    expect(answer(offered(late + lay), received(late), routed(late + lay))).toEqual(
      missed ? { refused: 'call.not_offerable' } : [expect.objectContaining({ type: 'CallOffered' })],
    );
  });

  test('but not one in which Meta says that they spoke', () => {
    expect(typesOf(received(), routed(), offered(), terminated({ after: 66, talked: 60 }))).not.toContain('CallMissed');
  });

  test('every reason is one the product knows', () => {
    expect(MissReason.options).toHaveLength(11);
  });
});

describe('each agent’s leg is told apart', () => {
  test('one agent’s decline does not end the call for the next', () => {
    const commands = [received(), routed(), offered(0, 'ben'), declined(3, 'ben'), offered(3, 'chi')];
    expect(
      conclusionOf(...commands, answered(9, 'chi'), confirmed(9, 'chi'), terminated({ after: 19, talked: 10 })),
    ).toMatchObject({ status: 'completed' });
    expect(told(...commands).state.offers.map(({ agentId, state }) => [agentId, state])).toEqual([
      ['ben', 'declined'],
      ['chi', 'ringing'],
    ]);
  });

  test.each([
    ['OfferDeclined', declined(3)],
    ['OfferTimedOut', timedOut(30)],
    ['OfferNotAcknowledged', unacknowledged(2)],
    ['OfferAcknowledged', acknowledged(1)],
    ['CallAnswering', answered(5)],
  ] as const)('%s names the agent and the offer', (type, command) => {
    expect(answer(command, received(), routed(), offered())).toEqual([
      expect.objectContaining({ type, agentId: 'ben', offerId: 'to-ben', ticketId: 't1' }),
    ]);
  });

  test('an acknowledged offer is not given up for silence', () => {
    expect(answer(unacknowledged(2), received(), routed(), offered(), acknowledged(1))).toEqual([]);
  });

  test.each([
    ['timing out', timedOut(30)],
    ['declining', declined(30)],
    ['acknowledging', acknowledged(30)],
    ['falling silent', unacknowledged(30)],
  ])('after the caller has hung up nobody is blamed for %s', (_, command) => {
    expect(answer(command, received(), routed(), offered(), terminated({ after: 9 }))).toEqual([]);
  });
});

describe('an answer belongs to the agent the call rings at', () => {
  test.each([
    ['call.not_offered', answered(5, 'chi'), [received(), routed(), offered()]],
    ['call.not_offered', answered(31), [received(), routed(), offered(), timedOut(30)]],
    ['call.not_offered', answered(5, 'chi'), inCall],
    ['call.not_offered', declined(5, 'chi'), [received(), routed(), offered()]],
    ['call.not_offered', declined(7), inCall],
    ['call.being_answered', answered(5), [received(), routed(), offered(), answered(5)]],
    ['call.ended', answered(10), [received(), routed(), offered(), terminated({ after: 9 })]],
    ['call.unknown', answered(5), []],
    ['call.unknown', declined(5), []],
    ['call.unknown', hungUp(5), []],
    ['call.not_yours', hungUp(7, 'chi'), inCall],
    ['call.not_yours', hungUp(3), [received(), routed(), offered()]],
    ['call.ended', hungUp(70), [...inCall, terminated({ after: 66, talked: 60 })]],
    ['call.not_offerable', offered(1, 'chi'), [received(), routed(), offered()]],
    ['call.not_offerable', offered(1), [received()]],
    ['call.not_offerable', offered(7, 'chi'), inCall],
  ] as [string, CallCommand, CallCommand[]][])('else: %s', (refused, command, past) => {
    expect(answer(command, ...past)).toEqual({ refused });
  });

  test('and is not needed twice', () => {
    expect(answer(answered(8), ...inCall)).toEqual([]);
    expect(answer(hungUp(61), ...inCall, hungUp(60))).toEqual([]);
    expect(answer(hungUp(70), ...inCall, hungUp(60), terminated({ after: 66, talked: 60 }))).toEqual([]);
  });

  test('is confirmed only for the agent who gave it', () => {
    expect(answer(confirmed(6), received(), routed(), offered())).toEqual([]);
    expect(answer(confirmed(6, 'chi'), received(), routed(), offered(), answered(5))).toEqual([]);
    expect(answer(answerFailed(6, 'chi'), received(), routed(), offered(), answered(5))).toEqual([]);
    expect(answer(answerFailed(7), ...inCall)).toEqual([]);
  });

  test('in time is not undone by a reason to miss the call', () => {
    expect(answer(missed(9, 'agent_did_not_answer'), ...inCall)).toEqual([]);
    expect(answer(missed(9, 'agent_did_not_answer'), received(), routed(), offered(), answered(5))).toEqual([]);
  });
});

describe('Meta’s word may come in any order', () => {
  test('the end before the beginning is a call all the same', () => {
    const early = told(terminated({ after: 9 }), routed(10), received(11));
    expect(early.events.map(({ type }) => type)).toEqual([
      'CallReceived',
      'CallEnded',
      'CallRouted',
      'CallMissed',
      'CallConcluded',
      'LateConnectReceived',
      'CallConcluded',
    ]);
    expect(early.state.conclusion).toEqual(conclusionOf(received(), routed(), terminated({ after: 9 })));
    expect(early.state.conclusion).toMatchObject({ startedAt: start, ringSeconds: 9, missReason: 'caller_hung_up' });
  });

  test('a second end with duration 0 does not undo the conversation', () => {
    const ended = terminated({ after: 66, talked: 60 });
    expect(answer(terminated({ after: 66, talked: 0 }), ...inCall, ended)).toEqual([]);
    expect(conclusionOf(...inCall, terminated({ after: 66, talked: 0 }), ended)).toEqual(
      conclusionOf(...inCall, ended),
    );
  });

  test('an end that overtakes the confirmation of our answer waits for it', () => {
    const overtaken = [received(), routed(), offered(), answered(5), terminated({ after: 9 })];
    expect(conclusionOf(...overtaken)).toBeNull();
    expect(conclusionOf(...overtaken, confirmed(10))).toMatchObject({ status: 'disconnected' });
    expect(conclusionOf(...overtaken, answerFailed(10))).toMatchObject({ status: 'missed' });
    expect(conclusionOf(...overtaken, givenUp(9_000))).toMatchObject({
      status: 'missed',
      missReason: 'caller_hung_up',
    });
  });

  test('Meta’s own end replaces our guess that the call is over', () => {
    expect(conclusionOf(...inCall, givenUp(9_000), terminated({ after: 66, talked: 60 }))).toMatchObject({
      status: 'completed',
      talkSeconds: 60,
    });
    expect(answer(givenUp(9_000), ...inCall, terminated({ after: 66, talked: 60 }))).toEqual([]);
  });

  test('a correction says that it is one', () => {
    const { events } = told(...inCall, givenUp(9_000), terminated({ after: 66, talked: 60 }));
    expect(events.flatMap((event) => (event.type === 'CallConcluded' ? event.corrects : []))).toEqual([false, true]);
  });
});
