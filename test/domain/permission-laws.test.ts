import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, isRefusal, refuse } from '../../domain/decider.ts';
import { DayOfWeek, openness } from '../../domain/hours.ts';
import { permission } from '../../domain/permission.ts';
import { unansweredStreak } from '../../domain/permission-counters.ts';
import { OutgoingResult } from '../../domain/permission-events.ts';
import { defaultPolicies } from '../../domain/permission-policy.ts';
import { callRefusal, isGranted, requestRefusal } from '../../domain/permission-verdict.ts';
import { days, hours, within } from '../../domain/time.ts';
import { stepsOf } from '../support/scenario.ts';
import { accept, ask, dial, granted, monday, pair, reject } from './permission-facts.ts';
import { mostWithin, requestStretches, type Step } from './permission-history.ts';

const seed = 20_260_105;
type Command = Parameters<typeof permission.decide>[1];

/** What anybody might do next, to the `nth` call or request. */
const doings = (at: number, nth: number): readonly Command[] => {
  const request = { at, ...pair, requestId: `r${nth}` };
  const call = { at, ...pair, callId: `c${nth}` };
  const incoming = { at, ...pair, callId: `in${nth}` };
  return [
    { ...ask(at), requestId: `r${nth}` },
    ...Array<Command>(8).fill(dial(at, `c${nth}`)),
    ...Array<Command>(4).fill(accept(at)),
    accept(at, { permanent: nth % 2 === 0, messageId: `m${nth - 1}` }),
    reject(at, { messageId: `m${nth}` }),
    reject(at, { automatic: true }),
    { type: 'RecordRequestSent', ...request, messageId: `m${nth}` },
    { type: 'RecordRequestRefused', ...request, metaErrorCode: null },
    { type: 'RecordRequestDelivered', ...request },
    { type: 'RecordRequestUndelivered', ...request, metaErrorCode: null },
    { type: 'ExpireRequest', ...request },
    { type: 'GrantByCallback', ...incoming },
    { type: 'ExpirePermission', at, ...pair },
    { type: 'RecordOutgoingConnected', ...call },
    ...OutgoingResult.options.map((result) => ({ type: 'RecordOutgoingEnded' as const, ...call, result })),
    { type: 'RecordIncomingBegan', ...incoming },
    { type: 'RecordIncomingConnected', ...incoming },
    { type: 'RecordIncomingEnded', ...incoming },
    { type: 'RecordMetaRefusal', at, ...pair, metaErrorCode: 138006 + (nth % 12), nextAllowedAt: null },
  ];
};

const doing = fc.record({
  gap: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: hours(2) }) },
    { weight: 1, arbitrary: fc.integer({ min: hours(2), max: hours(60) }) },
  ),
  back: fc.nat(2),
  which: fc.nat(doings(0, 1).length - 1),
});

const commandsOf = (row: readonly { gap: number; back: number; which: number }[]): readonly Command[] => {
  let at = monday;
  return row.map(({ gap, back, which }, i) => {
    at += gap;
    const nth = Math.max(0, Math.floor(i / 4) - back); // neighbours speak of the same call, some of an older one
    return doings(at, nth)[which]!;
  });
};

const always = (law: (steps: readonly Step[]) => void) =>
  fc.assert(
    fc.property(fc.array(doing, { maxLength: 100, size: 'max' }), (row) => law(stepsOf(permission, commandsOf(row)))),
    { seed, numRuns: 200 },
  );

describe('whatever happens, in whatever order', () => {
  test.each([
    { span: days(7), most: 2, name: 'seven days hold more than two' },
    { span: hours(24), most: 1, name: '24 hours hold more than one' },
  ])('no $name counting requests without a conversation between them', ({ span, most }) => {
    always((steps) => {
      for (const sent of requestStretches(steps)) expect(mostWithin(span, sent)).toBeLessThanOrEqual(most);
    });
  });

  test('no call is authorised without a permission that holds, beside a live one, or after four unanswered ones', () => {
    let authorised = 0;
    always((steps) => {
      for (const { before, event } of steps.filter(({ event }) => event.type === 'OutgoingCallAuthorised')) {
        authorised++;
        expect(isGranted(before, event.at)).toBe(true);
        expect(before.liveCalls).toEqual([]);
        expect(unansweredStreak(before).length).toBeLessThan(4);
      }
    });
    expect(authorised).toBeGreaterThan(100);
  });

  test('a refusal that names a time is over then, and not before', () => {
    const hoursOfDay = DayOfWeek.options.map((day) => ({ day, open: '09:00', close: '17:00' }));
    const channelAt = (at: number) => {
      const { open, opensAt } = openness({ timezone: 'Asia/Kolkata', weekly: hoursOfDay }, [], at);
      return open ? null : refuse('channel.outside_hours', { retryAt: opensAt ?? at });
    };
    const policy = defaultPolicies[0]!;
    const kinds = new Set<string>();
    always((steps) => {
      const last = steps.at(-1);
      if (!last) return;
      const state = { ...permission.evolve(last.before, last.event), liveCalls: [] };
      const mayCall = (at: number) =>
        callRefusal(state, { channel: channelAt(at), agent: null, channelAt }, at, policy);
      const mayAsk = (at: number) => requestRefusal(state, at, policy);
      for (const may of [mayCall, mayAsk]) {
        const refusal = may(last.event.at);
        if (refusal?.retryAt === undefined) continue;
        kinds.add(refusal.refused);
        expect(may(refusal.retryAt)).toBeNull();
        expect(may(refusal.retryAt - 1)).not.toBeNull();
      }
    });
    expect(kinds.size).toBeGreaterThan(3);
  });

  test('the events alone tell the state, and reading them never fails', () => {
    always((steps) => {
      const events = steps.map(({ event }) => event);
      const state = fold(permission, permission.initial, events);
      const last = steps.at(-1);
      expect(state).toEqual(last ? permission.evolve(last.before, last.event) : permission.initial);
    });
  });
});

test('no 24 hours hold more than ten connected outgoing calls, however many agents dial', () => {
  const attempt = fc.record({
    gap: fc.integer({ min: 1, max: hours(2) }),
    rings: fc.integer({ min: 1, max: 60_000 }),
    talks: fc.integer({ min: 0, max: hours(0.5) }),
    answered: fc.boolean(),
    rivals: fc.nat(2),
  });
  let fullest = 0;
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 60, size: 'max' }), (attempts) => {
      let at = monday;
      let state = fold(permission, permission.initial, [granted(at, { permanent: true })]);
      const connectedAt: number[] = [];
      const run = (command: Command) => {
        const decision = permission.decide(state, command);
        if (isRefusal(decision)) return [];
        state = fold(permission, state, decision);
        return decision;
      };
      for (const [i, { gap, rings, talks, answered, rivals }] of attempts.entries()) {
        at += gap;
        const agents = Array.from({ length: rivals + 1 }, (_, rival) => `c${i}.${rival}`);
        const [callId, ...others] = agents.filter((agent) => run(dial(at, agent)).length > 0);
        expect(others).toEqual([]);
        if (!callId) continue;
        at += rings;
        if (answered) connectedAt.push(at);
        if (answered) run({ type: 'RecordOutgoingConnected', at, ...pair, callId });
        at += talks;
        run({ type: 'RecordOutgoingEnded', at, ...pair, callId, result: answered ? 'connected' : 'cancelled' });
        fullest = Math.max(fullest, connectedAt.filter(within(hours(24), at)).length);
      }
    }),
    { seed, numRuns: 200 },
  );
  expect(fullest).toBe(10);
});
