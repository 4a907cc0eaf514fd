import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { permission } from '../../domain/permission.ts';
import { defaultPolicies } from '../../domain/permission-policy.ts';
import type { Permission } from '../../domain/permission-state.ts';
import { isGranted, verdictOf } from '../../domain/permission-verdict.ts';
import { days, hours, minutes, seconds } from '../../domain/time.ts';
import { history } from '../support/scenario.ts';
import { lives, metaAtFirst, reportOf, usageAt, usual } from './permission-at-meta.ts';
import { accept, ask, dial, monday, nothingAgainstIt, pair } from './permission-facts.ts';

const seed = 20_260_105;
const verdict = (s: Permission, at: number) => verdictOf(s, nothingAgainstIt, at, defaultPolicies[0]!);

type Life = typeof lives extends fc.Arbitrary<infer T> ? T : never;
const always = (law: (life: Life) => void) => fc.assert(fc.property(lives, law), { seed, numRuns: 400 });

describe('whatever we missed, after Meta’s word', () => {
  test('we believe what Meta says', () => {
    always(({ meta, ours, at }) => {
      const { limits, status, until } = reportOf(meta, at);
      const { kind, until: ends } = ours.grant;
      expect(isGranted(ours, at) ? [kind, ends] : ['none', null]).toEqual([status, until]);
      for (const { freeAt: _, ...limit } of limits)
        expect(verdict(ours, at).limits).toContainEqual(expect.objectContaining(limit));
    });
  });

  test('the same word again changes nothing, now or later', () => {
    always(({ ours, at, isClear, hears }) => {
      expect(hears(at)).toBe(false);
      if (!isClear || ours.grant.until !== null) return;
      for (const later of [minutes(2), hours(7), days(1), days(4), days(8)]) expect(hears(at + later)).toBe(false);
    });
  });

  /** When there is room again for a request and for a call, by Meta's count and by ours, as seen some time after the report. */
  const roomAfter = ({ meta, ours, at }: Life) =>
    [0, minutes(30), hours(9), days(1), days(3), days(6), days(8)].flatMap((after) =>
      (['request', 'call'] as const).map((action) => {
        const now = at + after;
        const roomAt = (limits: readonly { action: string; freeAt: number | null }[]) =>
          Math.max(now, ...limits.map((limit) => (limit.action === action ? (limit.freeAt ?? now) : now)));
        return { now, theirs: roomAt(usageAt(meta, now)), mine: roomAt(verdict(ours, now).limits) };
      }),
    );

  test('we let out only what Meta takes', () => {
    let full = 0;
    always((life) => {
      for (const { now, theirs, mine } of roomAfter(life)) {
        if (theirs > now) full++;
        expect(mine).toBeGreaterThan(theirs - minutes(1));
      }
    });
    expect(full).toBeGreaterThan(500);
  });

  test('we hold back nothing that we can know is free', () => {
    let free = 0;
    always((life) => {
      if (!life.isClear) return;
      for (const { now, theirs, mine } of roomAfter(life)) {
        if (theirs === now) free++;
        expect(mine).toBeLessThan(theirs + minutes(1));
      }
    });
    expect(free).toBeGreaterThan(500);
  });
});

test('a call that is picked up while Meta is asked counts once, in whatever order we hear', () => {
  fc.assert(
    fc.property(fc.integer({ min: -9_000, max: 9_000 }), fc.nat(9), fc.boolean(), (offset, before, isReportFirst) => {
      const asked = monday + hours(1) + 300;
      const pickedUpAt = asked + offset;
      const earlier = Array.from({ length: before }, (_, i) => monday + seconds(i));
      const grant = { status: 'permanent', until: null } as const;
      const connectedAt = pickedUpAt <= asked ? [...earlier, pickedUpAt] : earlier;
      const report = reportOf({ ...metaAtFirst(usual), grant, connectedAt }, asked);
      const toldAt = Math.floor(pickedUpAt / 1_000) * 1_000; // as Meta tells it
      const pickUp = { type: 'RecordOutgoingConnected' as const, at: toldAt, ...pair, callId: 'live' };
      const { state } = history(permission, [
        ...earlier.map((at, i) => ({ ...pickUp, at, callId: `c${i}` })),
        accept(monday, { permanent: true }),
        dial(asked - minutes(2), 'live'),
        ...(isReportFirst ? [report, pickUp] : [pickUp, report]),
      ]);
      expect(verdict(state, asked + minutes(2)).counters.connected24h).toBe(before + 1);
    }),
    { seed, numRuns: 300 },
  );
});

test.each([
  { name: 'before the answer', order: ['ask', 'report', 'sent'] },
  { name: 'after the answer', order: ['ask', 'sent', 'report'] },
] as const)('a request that is being sent while Meta is asked counts, when we hear of it $name', ({ order }) => {
  const asked = monday + hours(1);
  const commands = {
    ask: { ...ask(asked - 1), requestId: 'r1' },
    sent: { type: 'RecordRequestSent' as const, at: asked + 1, ...pair, requestId: 'r1', messageId: 'wamid.r1' },
    report: reportOf(metaAtFirst(usual), asked),
  };
  const { state } = history(
    permission,
    order.map((step) => commands[step]),
  );
  expect(permission.decide(state, ask(asked + minutes(5)))).toMatchObject({ refused: 'permission.request_limit_24h' });
});
