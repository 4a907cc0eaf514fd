import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { permission } from '../../domain/permission.ts';
import { defaultPolicies } from '../../domain/permission-policy.ts';
import type { Permission, PermissionEvent } from '../../domain/permission-state.ts';
import { isGranted, verdictOf } from '../../domain/permission-verdict.ts';
import { days, hours, minutes, seconds } from '../../domain/time.ts';
import { stepsOf } from '../support/scenario.ts';
import { accept, ask, dial, monday, nothingAgainstIt, pair, reject, requested, sent } from './permission-facts.ts';

const seed = 20_260_105;
type Command = Parameters<typeof permission.decide>[1];

const run = (commands: readonly Command[], past: readonly PermissionEvent[] = []) => {
  const steps = stepsOf(permission, commands, past);
  const last = steps.at(-1);
  const events = steps.map(({ event }) => event);
  return { events, state: last ? permission.evolve(last.before, last.event) : permission.initial };
};

describe('what Meta tells, in any order and however often', () => {
  const cards = ['r0', 'r1'] as const;
  const asked = [
    requested(monday - days(3), 'r0'),
    sent(monday - days(3), 'r0'),
    requested(monday - days(1), 'r1'),
    sent(monday - days(1), 'r1'),
  ];

  const word = fc.record({
    isYes: fc.boolean(),
    permanent: fc.boolean(),
    on: fc.constantFrom('r0', 'r1', null),
  });
  const arrival = fc.constantFrom('delivered', 'failed', 'both', 'nothing');

  /** Webhooks of two requests and of what the customer says, one a second. */
  const told = fc
    .record({ words: fc.array(word, { maxLength: 5 }), arrivals: fc.tuple(arrival, arrival) })
    .map(({ words, arrivals }): Command[] => {
      const replies = words.map(({ isYes, permanent, on }, i) => {
        const at = monday + seconds(i + 1);
        const messageId = on && `wamid.${on}`;
        return isYes ? accept(at, { permanent, messageId }) : reject(at, { messageId });
      });
      const statuses = cards.flatMap((requestId, i): Command[] => {
        const fact = { at: monday, ...pair, requestId };
        const isAnswered = words.some(({ on }) => on === requestId);
        const delivery = { type: 'RecordRequestDelivered', ...fact } as const;
        const failure = { type: 'RecordRequestUndelivered', ...fact, metaErrorCode: 131026 } as const;
        if (isAnswered || arrivals[i] === 'delivered') return [delivery];
        if (arrivals[i] === 'both') return [delivery, failure];
        return arrivals[i] === 'failed' ? [failure] : [];
      });
      return [...statuses, ...replies];
    });

  const shuffled = told.chain((inOrder) =>
    fc
      .tuple(fc.constant(inOrder), fc.subarray(inOrder))
      .chain(([all, again]) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length })),
      ),
  );

  /** All that decides what is allowed. */
  const meaning = (s: Permission) => ({
    kind: s.grant.kind,
    until: s.grant.until,
    declinedAt: s.declinedAt,
    counting: s.requests.filter(({ counts }) => counts).map(({ requestId }) => requestId),
    callable: isGranted(s, monday + minutes(1)),
    request: verdictOf(s, nothingAgainstIt, monday + minutes(1), defaultPolicies[0]!).request,
  });

  test('means the same', () => {
    fc.assert(
      fc.property(shuffled, ([inOrder, anyOrder]) => {
        expect(meaning(run(anyOrder, asked).state)).toEqual(meaning(run(inOrder, asked).state));
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

describe('what the customer and Meta say within one second', () => {
  type Said = 'yes' | 'always' | 'no' | 'denied';

  /** Replies carry Meta's whole second, each by an id of its own; a denial is our own, a moment later. */
  const commandOf = (said: Said, n: number): Command => {
    if (said === 'denied')
      return { type: 'RecordMetaRefusal', at: monday + n, ...pair, metaErrorCode: 138006, nextAllowedAt: null };
    const replyId = `reply ${n}`;
    return said === 'no' ? reject(monday, { replyId }) : accept(monday, { replyId, permanent: said === 'always' });
  };
  const kindAfter = { yes: 'temporary', always: 'permanent', no: 'none', denied: 'none' } as const;
  const said = fc.array(fc.constantFrom<Said[]>('yes', 'always', 'no', 'denied'), { minLength: 1, maxLength: 8 });

  test('the last that is heard for the first time holds', () => {
    fc.assert(
      fc.property(said, (all) => {
        expect(run(all.map(commandOf)).state.grant.kind).toBe(kindAfter[all.at(-1)!]);
      }),
      { seed, numRuns: 500 },
    );
  });

  test('and what is told again, however late and often, changes nothing', () => {
    const withRepeats = said.chain((all) => {
      const replies = all.flatMap((one, n) => (one === 'denied' ? [] : [n]));
      const repeat = fc.record({ of: fc.constantFrom(...replies, -1), after: fc.nat({ max: 7 }) });
      return fc.tuple(fc.constant(all), fc.array(repeat, { maxLength: 6 }));
    });
    fc.assert(
      fc.property(withRepeats, ([all, repeats]) => {
        const commands = all.map(commandOf);
        const again = (n: number) => repeats.filter(({ of, after }) => of >= 0 && Math.max(of, after) === n);
        const told = commands.flatMap((command, n) => [command, ...again(n).map(({ of }) => commands[of]!)]);
        expect(run(told).state.grant).toEqual(run(commands).state.grant);
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

describe('calls that nobody picks up', () => {
  type Call = 'unanswered' | 'declined' | 'cancelled' | 'failed' | 'connected' | 'incoming';

  /** Warnings and revocations as anybody would count them, call by call. */
  const counted = (calls: readonly Call[]) => {
    let inARow = 0;
    return calls.flatMap((result, n) => {
      if (result === 'connected' || result === 'incoming') inARow = 0;
      if (result !== 'unanswered' && result !== 'declined') return [];
      inARow++;
      if (inARow === 2) return [`${n} UnansweredWarningRaised`];
      if (inARow < 4) return [];
      inARow = 0; // the customer has to grant anew
      return [`${n} PermissionRevoked`];
    });
  };

  const commandsOf = (calls: readonly Call[]): readonly Command[] =>
    calls.flatMap((result, n): Command[] => {
      const at = monday + days(1) + hours(n);
      const call = { at: at + minutes(1), ...pair, callId: `c${n}` };
      if (result === 'incoming') return [{ type: 'RecordIncomingConnected', ...call }];
      const pickUp: Command[] = result === 'connected' ? [{ type: 'RecordOutgoingConnected', ...call }] : [];
      return [accept(at), dial(at, call.callId), ...pickUp, { type: 'RecordOutgoingEnded', ...call, result }];
    });

  test('cost the permission exactly as the customer’s document says', () => {
    const call = fc.constantFrom<Call>('unanswered', 'unanswered', 'unanswered', 'declined', 'cancelled', 'failed');
    const any = fc.oneof({ weight: 9, arbitrary: call }, fc.constantFrom<Call>('connected', 'incoming'));
    let revoked = 0;
    fc.assert(
      fc.property(fc.array(any, { maxLength: 40, size: 'max' }), (calls) => {
        const { events } = run(commandsOf(calls));
        const happened = events.flatMap((event) => {
          const n = Math.floor((event.at - monday - days(1)) / hours(1));
          return event.type === 'UnansweredWarningRaised' || event.type === 'PermissionRevoked'
            ? [`${n} ${event.type}`]
            : [];
        });
        expect(happened).toEqual(counted(calls));
        revoked += happened.filter((one) => one.endsWith('PermissionRevoked')).length;
      }),
      { seed, numRuns: 300 },
    );
    expect(revoked).toBeGreaterThan(300);
  });
});

describe('clocks that jump', () => {
  test('never let out a second request in 24 hours, nor a third in 7 days', () => {
    const attempt = fc.integer({ min: -hours(30), max: hours(30) });
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 40, size: 'max' }), (jumps) => {
        let at = monday + days(60);
        const commands = jumps.map((jump, n) => {
          at += jump;
          return { ...ask(at), requestId: `r${n}` };
        });
        const sentAt = run(commands)
          .events.map((event) => event.at)
          .toSorted((a, b) => a - b);
        for (const [n, first] of sentAt.entries()) {
          const [next, third] = sentAt.slice(n + 1);
          expect((next ?? Number.POSITIVE_INFINITY) - first).toBeGreaterThanOrEqual(hours(24));
          expect((third ?? Number.POSITIVE_INFINITY) - first).toBeGreaterThanOrEqual(days(7));
        }
      }),
      { seed, numRuns: 500 },
    );
  });
});
