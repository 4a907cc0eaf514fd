import { describe, expect, test } from 'vitest';
import type { MissReason } from '../../../domain/call-events.ts';
import type { Figures } from '../../../domain/what-if/figures.ts';
import type { Asked } from '../../../domain/what-if/what-if.ts';
import {
  activated,
  asked,
  at,
  called,
  channelSet,
  configured,
  deactivated,
  dialled,
  enlisted,
  held,
  journeyTo,
  onDuty,
  pickedUp,
  reopened,
  resolved,
  socketClosed,
  socketOpened,
} from './facts.ts';

const of = (figures: Figures, agentId: string) => figures.agents.find((agent) => agent.agentId === agentId);
const spoke = (by: string, after = 5, talked = 60) => ({ by, after, talked });
const unassigned = { missed: 'unassigned_mode' } as const;
const outcome = ({ answered, missReasons }: Figures) => ({ answered, ...missReasons });

/** Three calls, a minute apart, that nobody could have had; ana is there, ben is not. */
const threeMissed = [
  configured({ mode: 'unassigned' }),
  onDuty('ana'),
  enlisted('ben'),
  called('c1', 0, unassigned),
  called('c2', 300, unassigned),
  called('c3', 600, unassigned),
];

describe('the same calls under', () => {
  test.each<[Asked, object]>([
    [{ mode: 'unassigned' }, { answered: 0, unassigned_mode: 3 }],
    [{ mode: 'round_robin' }, { answered: 3 }],
    [{ mode: 'only_if_available', onlyIfAvailable: true }, { answered: 3 }],
    [
      { mode: 'only_if_available', onlyIfAvailable: false },
      { answered: 2, agent_did_not_answer: 1 },
    ],
    [{ mode: 'load_balancer' }, { answered: 3 }],
    [
      { mode: 'load_balancer', capacity: { global: 2 } },
      { answered: 2, capacity_full: 1 },
    ],
  ])('%j', (rules, expected) => {
    const { happened, rulesOfThen, rulesAsked } = asked(rules, ...threeMissed);
    expect(outcome(happened)).toEqual({ answered: 0, unassigned_mode: 3 });
    expect(outcome(rulesOfThen)).toEqual(outcome(happened));
    expect(outcome(rulesAsked)).toEqual(expected);
  });

  test('rules that changed meanwhile, where only what is asked differs', () => {
    const history = [
      configured({ mode: 'round_robin', ringSeconds: 10 }),
      onDuty('ana'),
      called('c1', 0, { by: 'ana', rangFor: 10 }),
      configured({ mode: 'unassigned', ringSeconds: 20 }, at(100), 2),
      called('c2', 200, unassigned),
    ];
    const { rulesOfThen, rulesAsked } = asked({ mode: 'round_robin' }, ...history);
    expect(outcome(rulesOfThen)).toEqual({ answered: 0, agent_did_not_answer: 1, unassigned_mode: 1 });
    expect(rulesOfThen.waitSeconds.missed?.longest).toBe(10);
    expect(rulesAsked.missReasons).toEqual({ agent_did_not_answer: 2 });
    expect(rulesAsked.waitSeconds.missed?.longest).toBe(20);
  });
});

describe('a call that was', () => {
  const ana = [configured({}), onDuty('ana')];

  test('answered is answered by the same agent after the same time, and lasts as long', () => {
    const { rulesAsked } = asked({ mode: 'load_balancer' }, ...ana, called('c1', 0, spoke('ana', 7, 93)));
    expect(rulesAsked).toMatchObject({ answered: 1, waitSeconds: { answered: { median: 7 } } });
    expect(of(rulesAsked, 'ana')).toMatchObject({ offered: 1, answered: 1, talkSeconds: 93 });
  });

  test.each([
    [8, { answered: 1 }],
    [7, { answered: 0, agent_did_not_answer: 1 }],
  ])('answered after 7 s, under a ring time of %i s', (ringSeconds, expected) => {
    const { rulesAsked } = asked({ ringSeconds }, ...ana, called('c1', 0, spoke('ana', 7)));
    expect(outcome(rulesAsked)).toEqual(expected);
  });

  test('declined is declined again by the same agent, and goes to the next', () => {
    const declined = { by: 'ana', declinedAfter: 4, next: spoke('ben', 9) };
    const { rulesAsked } = asked({ mode: 'load_balancer' }, ...ana, onDuty('ben'), called('c1', 0, declined));
    expect(rulesAsked).toMatchObject({ answered: 1, waitSeconds: { answered: { longest: 9 } } });
    expect(rulesAsked.agents).toMatchObject([
      { agentId: 'ana', offered: 1, answered: 0 },
      { agentId: 'ben', offered: 1, answered: 1 },
    ]);
  });

  test('declined leaves the agent free for the next at once', () => {
    const declined = { by: 'ana', declinedAfter: 4, next: spoke('ben', 9) };
    const calls = [called('c1', 0, declined), called('c2', 5, spoke('ana', 3))];
    const { rulesAsked, replayedAlike } = asked({ mode: 'load_balancer' }, ...ana, onDuty('ben'), calls);
    expect(replayedAlike).toBe(2);
    expect(rulesAsked.answered).toBe(2);
  });

  test.each([
    [20, 40],
    [0, 40],
  ])('the first to begin of two that wait is served first, though it was heard of %i s late', (late, wait) => {
    const calls = [called('c1', 10, { ...unassigned, late }), called('c2', 20, unassigned)];
    const history = [configured({}), enlisted('ana'), socketOpened('ana'), activated('ana', at(40)), calls];
    const { rulesAsked } = asked({ mode: 'only_if_available', queueSeconds: 35 }, ...history);
    expect(rulesAsked).toMatchObject({ answered: 1, queued: 2, waitSeconds: { answered: { longest: wait } } });
  });

  test.each([
    [59, { answered: 0, caller_hung_up: 1 }],
    [60, { answered: 0, queue_timeout: 1 }],
    [61, { answered: 0, queue_timeout: 1 }],
  ])('given up after %i s, with a queue of 60 s', (hungUpAfter, expected) => {
    const history = [configured({}), enlisted('ana'), called('c1', 0, { hungUpAfter })];
    const { rulesAsked } = asked({ mode: 'only_if_available', queueSeconds: 60 }, ...history);
    expect(outcome(rulesAsked)).toEqual(expected);
    expect(rulesAsked.queued).toBe(1);
  });

  test.each([
    [10, { answered: 1 }],
    [16, { answered: 0, caller_hung_up: 1 }],
  ])('given up after 25 s, when an agent who takes 10 s comes after %i s', (second, expected) => {
    const history = [
      configured({}),
      enlisted('ana'),
      socketOpened('ana'),
      activated('ana', at(second)),
      called('c1', 0, { hungUpAfter: 25 }),
    ];
    const { rulesAsked } = asked({ mode: 'only_if_available', queueSeconds: 60 }, ...history);
    expect(outcome(rulesAsked)).toEqual(expected);
  });

  test.each(['outside_hours', 'incoming_disabled'] as const)(
    'missed because of the channel, %s, still is',
    (missed) => {
      const history = [...ana, channelSet(false), called('c1', 0, { missed })];
      expect(outcome(asked({ mode: 'load_balancer' }, ...history).rulesAsked)).toEqual({
        answered: 0,
        incoming_disabled: 1,
      });
    },
  );

  test.each([
    ['that Meta did not let us answer', { by: 'ana', metaRefusedAfter: 6 }, 'provider_failure'],
    ['that failed while it waited', { failedAfter: 5 }, 'provider_failure'],
    ['whose end was heard of before its start', { overtakenAfter: 3 }, 'caller_hung_up'],
    ['that was heard of 61 s late', { missed: 'caller_hung_up', late: 61 }, 'caller_hung_up'],
  ] as const)('one %s, is missed for the same reason whatever the rules', (_, past, reason) => {
    for (const mode of ['round_robin', 'load_balancer'] as const) {
      const { happened, rulesAsked, replayedAlike } = asked({ mode }, ...ana, called('c1', 10, past));
      expect(outcome(happened)).toEqual({ answered: 0, [reason]: 1 });
      expect(outcome(rulesAsked)).toEqual(outcome(happened));
      expect(replayedAlike).toBe(1);
    }
  });

  test('not over yet is counted nowhere, and holds its agent', () => {
    const [received, linked, routed, offered, answering, answered] = called('c1', 0, spoke('ana'));
    const begun = [received!, linked!, routed!, offered!, answering!, answered!];
    const history = [...ana, begun, called('c2', 10, { missed: 'no_agent_available' })];
    const { ongoing, rulesOfThen, rulesAsked } = asked({ mode: 'load_balancer', queueSeconds: 20 }, ...history);
    expect(ongoing).toBe(1);
    expect(outcome(rulesOfThen)).toEqual({ answered: 0, no_agent_available: 1 });
    expect(outcome(rulesAsked)).toEqual({ answered: 0, queue_timeout: 1 });
  });
});

describe('an agent', () => {
  test.each([
    ['on an outgoing call', dialled('ana', 0, 100), { answered: 0, no_agent_available: 1 }],
    ['whose outgoing call is over', dialled('ana', 0, 49), { answered: 1 }],
    ['off duty', [deactivated('ana', at(49))], { answered: 0, no_agent_available: 1 }],
    [
      'whose page was closed 4 s ago',
      [socketClosed('ana', at(46)), socketOpened('ana', at(50), 's2')],
      { answered: 1 },
    ],
    ['whose page was closed 5 s ago', [socketClosed('ana', at(45))], { answered: 0, no_agent_available: 1 }],
  ])('%s', (_, events, expected) => {
    const history = [configured({ mode: 'unassigned' }), onDuty('ana'), events, called('c1', 50, unassigned)];
    expect(outcome(asked({ mode: 'round_robin' }, ...history).rulesAsked)).toEqual(expected);
  });

  test('whose page goes away loses the call that rings there', () => {
    const history = [
      configured({ mode: 'unassigned' }),
      onDuty('ana'),
      called('c1', 50, unassigned),
      socketClosed('ana', at(52)),
    ];
    expect(outcome(asked({ mode: 'round_robin' }, ...history).rulesAsked)).toEqual({
      answered: 0,
      agent_socket_lost: 1,
    });
  });

  test('who is on a call here places no outgoing call, and is free when their call here ends', () => {
    const history = [
      configured({ mode: 'unassigned' }),
      onDuty('ana'),
      called('c1', 0, unassigned),
      dialled('ana', 20, 2_000),
      called('c2', 1_000, unassigned),
    ];
    const { rulesAsked } = asked({ mode: 'round_robin' }, ...history);
    expect(of(rulesAsked, 'ana')).toMatchObject({ offered: 2, answered: 2 });
  });

  test('of whom much is known responds as they themselves do, others as all do', () => {
    const calls = Array.from({ length: 40 }, (_, i) =>
      called(`c${i}`, i * 300, i % 2 === 0 ? spoke('ana', 3) : { by: 'ben', rangFor: 30 }),
    );
    const history = [configured({}), onDuty('ana'), onDuty('ben'), calls, onDuty('chi')];
    const none = [deactivated('ben', at(12_100)), deactivated('chi', at(12_100))];
    const { rulesOfThen, basis } = asked(
      {},
      ...history,
      none,
      called('last', 13_000, { missed: 'no_agent_available' }),
    );
    expect(basis).toMatchObject({ offers: 40, answers: 20, agents: ['ana', 'ben'] });
    const [ana, ben] = [of(rulesOfThen, 'ana')!, of(rulesOfThen, 'ben')!];
    expect(ana.answered).toBe(ana.offered);
    expect(ben.answered).toBe(0);
    expect(of(rulesOfThen, 'chi')!.offered).toBeGreaterThan(5);
  });
});

describe('tickets', () => {
  test.each([
    ['held', [], { answered: 1, capacity_full: 1 }],
    ['resolved in time', [resolved('t-c1', 320)], { answered: 2 }],
    ['resolved too late', [resolved('t-c1', 361)], { answered: 1, capacity_full: 1 }],
  ])('one that is %s weighs on the load', (_, events, expected) => {
    const calls = [called('c1', 0, spoke('ana')), called('c2', 300, { missed: 'no_agent_available' })];
    const history = [configured({}), onDuty('ana'), calls, events];
    const { rulesAsked } = asked({ mode: 'load_balancer', capacity: { global: 1 } }, ...history);
    expect(outcome(rulesAsked)).toEqual(expected);
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
  ])('with room for %i of three, %i are answered', (global, answered) => {
    const { rulesAsked } = asked({ mode: 'load_balancer', capacity: { global } }, ...threeMissed);
    expect(rulesAsked.answered).toBe(answered);
    expect(of(rulesAsked, 'ana')).toMatchObject({ ticketsGiven: answered, mostTickets: answered });
  });

  test('an agent’s own capacity and their team’s come before the one asked for', () => {
    const history = [configured({ mode: 'unassigned', capacity: { global: null, teams: { care: 2 } } })];
    const staff = [onDuty('ana', 1), onDuty('ben', null, ['care'])];
    const calls = [0, 1, 2, 3].map((n) => called(`c${n}`, n * 600, unassigned));
    const { rulesAsked } = asked({ mode: 'load_balancer', capacity: { global: 9 } }, ...history, ...staff, ...calls);
    expect(rulesAsked.agents.map(({ mostTickets }) => mostTickets)).toEqual([1, 2]);
  });

  test('the customer’s open ticket weighs nothing more when they call again', () => {
    const again = { ...unassigned, ticketId: 't-c1' };
    const history = [
      configured({ mode: 'unassigned' }),
      onDuty('ana'),
      called('c1', 0, unassigned),
      called('c2', 600, again),
    ];
    const { rulesAsked } = asked({ mode: 'load_balancer', capacity: { global: 1 } }, ...history);
    expect(rulesAsked.answered).toBe(2);
  });

  test.each(['by_hand', 'callback_claimed'] as const)(
    'one that was picked up (%s) because nobody had it stays with whoever has it here',
    (because) => {
      const history = [configured({ mode: 'unassigned' }), onDuty('ana'), onDuty('ben')];
      const calls = [called('c1', 0, unassigned), pickedUp('t-c1', 'ben', 1_000, because)];
      const { happened, rulesOfThen, rulesAsked } = asked({ mode: 'round_robin' }, ...history, ...calls);
      expect(of(rulesOfThen, 'ben')).toMatchObject({ mostTickets: 1, ticketsGiven: 0 });
      expect(of(rulesAsked, 'ben')).toMatchObject({ mostTickets: 0 });
      expect(of(rulesAsked, 'ana')).toMatchObject({ mostTickets: 1, ticketsGiven: 1 });
      expect(happened.calls).toBe(1);
    },
  );

  test.each([
    ['another', 't-other', { answered: 0, capacity_full: 1 }],
    ['the customer’s own', 't-c1', { answered: 1 }],
  ])('one held since before the span, %s, weighs as it does live', (_, ticketId, expected) => {
    const history = [configured({}), onDuty('ana'), held(ticketId, 'ana'), called('c1', 0, unassigned)];
    const { rulesAsked } = asked({ mode: 'load_balancer', capacity: { global: 1 } }, ...history);
    expect(outcome(rulesAsked)).toEqual(expected);
    expect(of(rulesAsked, 'ana')).toMatchObject({ mostTickets: 1, ticketsGiven: 0 });
  });

  test('one that was resolved and reopened while its call goes on here is open in the end', () => {
    const deeds = [resolved('t-c1', 20), reopened('t-c1', 30)];
    const calls = [called('c1', 0, unassigned), deeds, called('c2', 1_000, unassigned)];
    const { rulesAsked } = asked({ mode: 'load_balancer', capacity: { global: 1 } }, ...threeMissed.slice(0, 2), calls);
    expect(outcome(rulesAsked)).toEqual({ answered: 1, capacity_full: 1 });
  });

  test('one that was resolved while its call goes on here is resolved when that is over', () => {
    const history = [
      configured({ mode: 'unassigned' }),
      onDuty('ana'),
      called('c1', 0, unassigned),
      resolved('t-c1', 20),
      called('c2', 1_000, unassigned),
    ];
    const { rulesAsked } = asked({ mode: 'load_balancer', capacity: { global: 1 } }, ...history);
    expect(rulesAsked.answered).toBe(2);
    expect(of(rulesAsked, 'ana')).toMatchObject({ mostTickets: 1, ticketsGiven: 2 });
  });
});

describe('journeys', () => {
  test('lead to their agent, and fall through when that one is not free', () => {
    const history = [
      configured({ mode: 'unassigned' }),
      journeyTo({ agent: 'ben' }, ['vip']),
      onDuty('ana'),
      onDuty('ben'),
      called('c1', 0, { ...unassigned, tag: 'vip' }),
      called('c2', 1, { ...unassigned, tag: 'vip' }),
      called('c3', 600, unassigned),
    ];
    const { rulesOfThen, rulesAsked } = asked({ mode: 'round_robin' }, ...history);
    expect(of(rulesOfThen, 'ben')).toMatchObject({ offered: 1 });
    expect(outcome(rulesOfThen)).toEqual({ answered: 1, unassigned_mode: 2 });
    expect(rulesAsked.agents.map(({ offered }) => offered)).toEqual([1, 2]);
  });
});

describe('the figures', () => {
  test('tell waits, queues and idle times', () => {
    const calls = [
      called('c1', 100, spoke('ana', 4, 60)),
      called('c2', 1_000, spoke('ana', 8, 60)),
      called('c3', 1_010, { hungUpAfter: 30 }),
    ];
    const { rulesAsked } = asked({ mode: 'only_if_available' }, configured({}), onDuty('ana'), calls);
    expect(rulesAsked).toMatchObject({
      calls: 3,
      missedRate: 1 / 3,
      queued: 1,
      waitSeconds: { answered: { median: 4, p90: 8, longest: 8 }, missed: { median: 30, p90: 30, longest: 30 } },
    });
    expect(of(rulesAsked, 'ana')?.longestIdleSeconds).toBe(100_000 - 1_068);
  });

  test('name each miss with its one reason', () => {
    const reasons: MissReason[] = ['unassigned_mode', 'no_agent_available', 'queue_timeout'];
    const calls = reasons.map((missed, i) => called(`c${i}`, i * 100, { missed }));
    const { happened } = asked({}, configured({}), calls);
    expect(happened.missReasons).toEqual({ unassigned_mode: 1, no_agent_available: 1, queue_timeout: 1 });
  });
});
