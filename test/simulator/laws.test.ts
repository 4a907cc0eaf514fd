import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freeAgainAt, Limits, requestLimits as requestLimitsOf, usage } from '../../simulator/limits.ts';
import { webhookBody } from '../../simulator/post-webhook.ts';
import { timersOn } from '../../simulator/timers.ts';
import { hours, stoppedClock } from './running.ts';

const requestLimits = requestLimitsOf(Limits.parse({}));
const law = { seed: 42, numRuns: 300 };
const instants = fc
  .array(fc.integer({ min: 0, max: hours(200) }), { maxLength: 8 })
  .map((all) => all.sort((a, b) => a - b));

test('says of a limit the first moment it is free: not a millisecond sooner, not later', () => {
  const mayRequest = (at: number, past: number[]) =>
    requestLimits.every((limit) => usage(limit, past, at).used < limit.allowed);

  fc.assert(
    fc.property(instants, fc.nat(hours(10)), (past, later) => {
      const now = (past.at(-1) ?? 0) + later;
      const freeAt = freeAgainAt(requestLimits, past, now);

      expect(freeAt === undefined).toBe(mayRequest(now, past));
      if (freeAt === undefined) return;
      expect(mayRequest(freeAt, past)).toBe(true);
      expect(mayRequest(freeAt - 1, past)).toBe(false);
    }),
    law,
  );
});

test('never lets more through a limit than it allows, whenever it is asked', () => {
  fc.assert(
    fc.property(instants, (asked) => {
      const sent: number[] = [];
      for (const at of asked) if (freeAgainAt(requestLimits, sent, at) === undefined) sent.push(at);

      for (const { span, allowed } of requestLimits) {
        for (const end of sent)
          expect(sent.filter((at) => at > end - span && at <= end).length).toBeLessThanOrEqual(allowed);
      }
    }),
    law,
  );
});

test('sends webhooks that are ASCII only and mean what was said', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const body = webhookBody(value);

      expect(body.every((byte) => byte < 0x80)).toBe(true);
      expect(JSON.parse(body.toString('ascii'))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    law,
  );
});

test('fires timers in the order they are due, and equal ones in the order they were set', () => {
  const delays = fc.array(fc.record({ ms: fc.nat(20), cancelled: fc.boolean() }), { maxLength: 20 });

  fc.assert(
    fc.property(delays, (wanted) => {
      const clock = stoppedClock();
      const timers = timersOn(clock);
      const fired: number[] = [];
      const cancels = wanted.map(({ ms }, index) => timers.after(ms, () => fired.push(index)));
      for (const [index, { cancelled }] of wanted.entries()) if (cancelled) cancels[index]!();

      void clock.advance(20);
      timers.fireDue();
      timers.stop();

      const due = wanted.map(({ ms, cancelled }, index) => ({ ms, cancelled, index }));
      const expected = due.filter(({ cancelled }) => !cancelled).sort((a, b) => a.ms - b.ms || a.index - b.index);
      expect(fired).toEqual(expected.map(({ index }) => index));
    }),
    law,
  );
});
