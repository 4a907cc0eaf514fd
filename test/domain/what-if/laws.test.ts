import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RoutingMode } from '../../../domain/routing.ts';
import { learn } from '../../../domain/what-if/behaviour.ts';
import type { Course } from '../../../domain/what-if/course.ts';
import type { Figures } from '../../../domain/what-if/figures.ts';
import { type Replay, replay } from '../../../domain/what-if/replay.ts';
import { whatIf } from '../../../domain/what-if/what-if.ts';
import { activated, at, called, configured, deactivated, dialled, historyOf, onDuty, type Story } from './facts.ts';

const staff = ['ana', 'ben', 'chi'];
const by = fc.constantFrom(...staff);
const seconds = (max: number) => fc.integer({ min: 1, max });
const fate = fc.oneof(
  fc.record({ by, after: seconds(25), talked: seconds(400) }),
  fc.record({ hungUpAfter: seconds(70) }),
  fc.record({ by, declinedAfter: seconds(20) }),
  fc.record({ by, rangFor: fc.constant(30) }),
  fc.record({ missed: fc.constantFrom('unassigned_mode' as const, 'no_agent_available' as const) }),
);
const callThen = fc.record({ gap: fc.nat(120), fate, ticket: fc.nat(12) });
const absence = fc.record({ by, from: fc.nat(1_500), length: fc.integer({ min: 1, max: 600 }), dials: fc.boolean() });

/** A past in which everything may have happened, also what no rules would have led to. */
const past = fc.record({ calls: fc.array(callThen, { minLength: 1, maxLength: 25 }), absences: fc.array(absence) });
type Past = typeof past extends fc.Arbitrary<infer T> ? T : never;

const storyOf = ({ calls, absences }: Past): Story => {
  let second = 0;
  return [
    configured({}),
    staff.map((agentId) => onDuty(agentId)),
    absences.map(({ by, from, length, dials }) =>
      dials ? dialled(by, from, from + length) : [deactivated(by, at(from)), activated(by, at(from + length))],
    ),
    calls.map(({ gap, fate, ticket }, i) => {
      second += gap;
      return called(`call-${i}`, second, { ...fate, ticketId: `ticket-${ticket}` });
    }),
  ];
};

const rules = fc.record({
  mode: fc.constantFrom(...RoutingMode.options),
  onlyIfAvailable: fc.boolean(),
  ringSeconds: seconds(60),
  queueSeconds: seconds(120),
  capacity: fc.record({ global: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }), teams: fc.constant({}) }),
});

const sum = (counts: Figures['missReasons']) => Object.values(counts).reduce((a, b) => a + b, 0);

/** When each agent was held, in order: from the offer until they were free again. */
const holdsOf = ({ courses }: Replay, agentId: string) =>
  [...courses.values()]
    .flatMap(({ legs, answeredBy, releasedAt }: Course) =>
      legs
        .filter((leg) => leg.agentId === agentId)
        .map(({ offeredAt, after, what }) => ({
          from: offeredAt,
          until: what === 'answered' && answeredBy === agentId ? releasedAt! : offeredAt + after,
        })),
    )
    .toSorted((a, b) => a.from - b.from || a.until - b.until);

const replayed = (story: Story, rulesFor: Parameters<typeof replay>[2]) => {
  const history = historyOf(story);
  return replay(history, learn([...history.courses.values()]), rulesFor);
};

describe('whatever happened and whatever is asked', () => {
  test('every call is answered or missed, and every miss has one reason', () => {
    fc.assert(
      fc.property(past, rules, (then, asked) => {
        const { happened, rulesOfThen, rulesAsked } = whatIf(historyOf(storyOf(then)), asked);
        for (const figures of [happened, rulesOfThen, rulesAsked]) {
          expect(figures.calls).toBe(then.calls.length);
          expect(figures.answered + figures.missed).toBe(figures.calls);
          expect(sum(figures.missReasons)).toBe(figures.missed);
          expect(figures.agents.reduce((all, { answered }) => all + answered, 0)).toBe(figures.answered);
        }
      }),
      { seed: 41, numRuns: 150 },
    );
  });

  test('nobody is on two calls at once', () => {
    fc.assert(
      fc.property(past, rules, (then, asked) => {
        const result = replayed(storyOf(then), () => asked);
        for (const agentId of staff) {
          const holds = holdsOf(result, agentId);
          for (const [i, { from }] of holds.entries()) expect(from).toBeGreaterThanOrEqual(holds[i - 1]?.until ?? 0);
        }
      }),
      { seed: 42, numRuns: 150 },
    );
  });

  test('where load is balanced nobody holds more than they may', () => {
    fc.assert(
      fc.property(past, rules, fc.integer({ min: 1, max: 4 }), (then, asked, global) => {
        const limited = { ...asked, mode: 'load_balancer' as const, capacity: { global, teams: {} } };
        const { figures } = replayed(storyOf(then), () => limited);
        for (const { mostTickets } of figures.agents) expect(mostTickets).toBeLessThanOrEqual(global);
      }),
      { seed: 43, numRuns: 150 },
    );
  });

  test('the same question has the same answer', () => {
    fc.assert(
      fc.property(past, rules, (then, asked) => {
        const story = storyOf(then);
        expect(whatIf(historyOf(story), asked)).toEqual(whatIf(historyOf(story), asked));
      }),
      { seed: 44, numRuns: 50 },
    );
  });

  test('no rules that were in force already change anything', () => {
    fc.assert(
      fc.property(past, (then) => {
        const history = historyOf(storyOf(then));
        const { rulesOfThen, rulesAsked } = whatIf(history, history.routing.rules);
        expect(rulesAsked).toEqual(rulesOfThen);
      }),
      { seed: 45, numRuns: 50 },
    );
  });

  test('round robin offers evenly to those who are always there and free', () => {
    fc.assert(
      fc.property(fc.array(fate, { minLength: 1, maxLength: 20 }), (fates) => {
        const calls = fates.map((one, i) => called(`call-${i}`, i * 1_000, one));
        const story = [configured({}), staff.map((agentId) => onDuty(agentId)), calls];
        const { courses } = replayed(story, (now) => ({ ...now, mode: 'round_robin' }));
        const first = [...courses.values()].flatMap(({ legs }) => legs.slice(0, 1));
        const counts = staff.map((one) => first.filter(({ agentId }) => agentId === one).length);
        expect(first).toHaveLength(fates.length);
        const declines = [...courses.values()].filter(({ legs }) => legs.length > 1).length;
        if (declines === 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
      { seed: 46, numRuns: 150 },
    );
  });
});
