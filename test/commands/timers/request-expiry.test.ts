import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Timer, timersOf } from '../../../commands/timers/timers-of.ts';
import { fold, isRefusal } from '../../../domain/decider.ts';
import { permission } from '../../../domain/permission.ts';
import type { Permission, PermissionEvent } from '../../../domain/permission-state.ts';
import { days, hours, minutes } from '../../../domain/time.ts';
import { accept, monday, pair, reject, requested, sent } from '../../domain/permission-facts.ts';

type Command = Parameters<typeof permission.decide>[1];

/** Runs commands as they come, and in the end the timers that their events start. */
const withTimers = (commands: readonly Command[]) => {
  const timers: Timer[] = [];
  const events: PermissionEvent[] = [];
  let state: Permission = permission.initial;
  const take = (happened: readonly PermissionEvent[]) => {
    state = fold(permission, state, happened);
    events.push(...happened);
    for (const event of happened) {
      const timersFor = timersOf[event.type] as ((event: PermissionEvent) => readonly Timer[]) | undefined;
      timers.push(...(timersFor?.(event) ?? []));
    }
  };
  const run = (command: Command) => {
    const decision = permission.decide(state, command);
    if (!isRefusal(decision)) take(decision);
  };
  take([requested(monday, 'r1'), sent(monday, 'r1')]);
  for (const command of commands) run(command);
  for (const { kind, dueAt, subject } of timers.toSorted((a, b) => a.dueAt - b.dueAt))
    if (kind === 'request_expires')
      run({ type: 'ExpireRequest', at: dueAt, ...pair, requestId: subject.requestId ?? '' });
  return events.flatMap((event) => (event.type === 'PermissionRequestExpired' ? [event] : []));
};

describe('a request that has arrived', () => {
  const delivery = { type: 'RecordRequestDelivered', at: monday + minutes(1), ...pair, requestId: 'r1' } as const;
  const yes = accept(monday + hours(30), { messageId: 'wamid.r1' });
  const no = reject(monday + hours(20), { messageId: 'wamid.r1' });

  test.each<[string, readonly Command[], number, string]>([
    ['delivered', [delivery], delivery.at, 'no_answer'],
    ['answered', [yes], yes.at, 'answered_long_ago'],
    ['delivered and answered', [delivery, yes], yes.at, 'answered_long_ago'],
    ['answered, and delivered as we hear later', [yes, delivery], yes.at, 'answered_long_ago'],
    ['declined, then accepted', [delivery, no, yes], yes.at, 'answered_long_ago'],
    ['accepted, having been declined as we hear later', [delivery, yes, no], yes.at, 'answered_long_ago'],
  ])('expires seven days later: %s', (_, commands, from, because) => {
    expect(withTimers(commands)).toMatchObject([{ at: from + days(7), because }]);
  });

  test('expires once, whatever is told in whatever order', () => {
    const words = [delivery, yes, no, { ...yes, at: monday + days(3) }, { ...no, at: monday + days(4) }];
    fc.assert(
      fc.property(fc.shuffledSubarray([...words, ...words], { minLength: 1 }), (commands) => {
        expect(withTimers(commands)).toHaveLength(1);
      }),
      { seed: 31, numRuns: 300 },
    );
  });
});
