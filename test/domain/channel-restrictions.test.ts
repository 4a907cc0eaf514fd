import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askingRefusal, callInRefusal, channel, incomingMissReason, outgoingRefusal } from '../../domain/channel.ts';
import type { ToldRestriction } from '../../domain/channel-restrictions.ts';
import { fold } from '../../domain/decider.ts';
import { days, hours } from '../../domain/time.ts';
import { history, scenario } from '../support/scenario.ts';

const { given } = scenario(channel);
type ChannelEvent = Parameters<typeof channel.evolve>[1];
const monday = Date.UTC(2026, 0, 5, 12);
const channelId = '800000000000001';
const week = monday + days(7);

const connected: ChannelEvent = {
  ...{ type: 'ChannelConnected', at: monday, channelId, store: 'demo' },
  ...{ name: 'Growth', displayPhoneNumber: '910000000001', wabaId: '900' },
};
const calling = {
  ...{ enabled: true, userInitiatedEnabled: true, workingHours: null, holidays: [] },
  callbackRequestsEnabled: true,
};
const configured: ChannelEvent = { type: 'CallingConfigured', at: monday, channelId, ...calling };
const accepted: ChannelEvent = { type: 'CallingSettingsAccepted', at: monday, channelId, configuration: 1 };
const set = [connected, configured, accepted];

const stop = (
  restriction: ToldRestriction['restriction'],
  until: number | null,
  metaType = restriction,
): ToldRestriction => ({
  restriction,
  until,
  metaType,
});
const record = (told: ToldRestriction, at = monday) => ({ type: 'RecordRestriction' as const, at, channelId, ...told });
const restricted = (told: ToldRestriction, at = monday): ChannelEvent => ({
  type: 'ChannelRestricted',
  at,
  channelId,
  ...told,
});
const endedBy = (because: 'time' | 'lifted', told: ToldRestriction, at: number): ChannelEvent => ({
  type: 'ChannelRestrictionEnded',
  at,
  channelId,
  ...told,
  because,
});
const refusedBy = ({ restriction, metaType, until }: ToldRestriction) => ({
  refused: 'channel.calling_disabled',
  ...(until !== null && { retryAt: until }),
  facts: { restriction, metaType, until, because: [{ type: 'ChannelRestricted', at: monday }] },
});
const passes = (at: number) => ({ type: 'LetTimePass' as const, at, channelId });
const lists = (at: number, ...list: ToldRestriction[]) => ({
  type: 'RecordRestrictionList' as const,
  at,
  channelId,
  list,
});
const warned = (at: number, metaType = 'LOW_CALLING_QUALITY'): ChannelEvent => ({
  type: 'ChannelViolationReported',
  at,
  channelId,
  metaType,
});
const numberWith = (...events: ChannelEvent[]) => fold(channel, channel.initial, [...set, ...events]);

describe('a restriction of Meta', () => {
  const out = stop('outgoing', week);

  test('is recorded once, with its end', () => {
    given(...set)
      .when(record(out))
      .then(restricted(out));
    given(...set, restricted(out))
      .when(record(out, monday + 1))
      .thenNothing();
  });

  test('ends by an event of its own, at its time and not before', () => {
    given(...set, restricted(out))
      .when(passes(week - 1))
      .thenNothing();
    given(...set, restricted(out))
      .when(passes(week))
      .then(endedBy('time', out, week));
    given(...set, restricted(out), endedBy('time', out, week))
      .when(passes(week))
      .thenNothing();
  });

  test('is over at its time, whether the event has come or not', () => {
    for (const events of [[restricted(out)], [restricted(out), endedBy('time', out, week)]]) {
      expect(outgoingRefusal(numberWith(...events), week)).toBeNull();
      expect(askingRefusal(numberWith(...events), week)).toBeNull();
    }
  });

  test('without an end never ends by time', () => {
    given(...set, restricted(stop('outgoing', null)))
      .when(passes(monday + days(4_000)))
      .thenNothing();
    const endless = stop('outgoing', null);
    expect(outgoingRefusal(numberWith(restricted(endless)), monday + days(4_000))).toEqual(refusedBy(endless));
  });
});

describe('of two restrictions of one kind', () => {
  const [short, long] = [stop('outgoing', monday + days(2)), stop('outgoing', week)];

  test.each<[string, ToldRestriction, ToldRestriction, number, boolean]>([
    ['the newer holds: it is longer', short, long, monday + 1, true],
    ['the newer holds: it is shorter', long, short, monday + 1, true],
    ['the newer holds: it has no end', long, stop('outgoing', null), monday + 1, true],
    ['the newer holds: it has an end', stop('outgoing', null), short, monday + 1, true],
    ['the older told later is nothing new', short, long, monday - 1, false],
    ['told at once the longer holds', short, long, monday, true],
    ['told at once the shorter is nothing new', long, short, monday, false],
    ['told at once the one without end holds', long, stop('outgoing', null), monday, true],
    ['told at once the one with an end is nothing new', stop('outgoing', null), long, monday, false],
    ['the same is nothing new', long, long, monday + 1, false],
  ])('%s', (_, first, second, at, isNews) => {
    const outcome = given(...set, restricted(first)).when(record(second, at));
    if (isNews) outcome.then(restricted(second, at));
    else outcome.thenNothing();
    const state = numberWith(restricted(first), ...(isNews ? [restricted(second, at)] : []));
    expect(state.restrictions).toHaveLength(1);
    expect(state.restrictions[0]?.until).toBe((isNews ? second : first).until);
  });

  test('the end of the one that was replaced ends nothing', () => {
    given(...set, restricted(short), restricted(long, monday + 1))
      .when(passes(monday + days(2)))
      .thenNothing();
  });
});

describe('two restrictions of different kinds that stop the same', () => {
  const [short, long] = [stop('outgoing', monday + days(2)), stop('both', week)];

  test.each([
    ['the shorter first', [restricted(short), restricted(long)]],
    ['the longer first', [restricted(long), restricted(short)]],
  ])('last until the later end: %s', (_, events) => {
    expect(outgoingRefusal(numberWith(...events), monday)).toEqual(refusedBy(long));
    expect(outgoingRefusal(numberWith(...events), monday + days(2))).toEqual(refusedBy(long));
    expect(outgoingRefusal(numberWith(...events), week)).toBeNull();
  });

  test('end one after the other', () => {
    given(...set, restricted(short), restricted(long))
      .when(passes(monday + days(2)))
      .then(endedBy('time', short, monday + days(2)));
    given(...set, restricted(short), restricted(long))
      .when(passes(week))
      .then(endedBy('time', short, monday + days(2)), endedBy('time', long, week));
  });

  test('of which one has no end last until Meta says so', () => {
    const endless = stop('both', null);
    expect(outgoingRefusal(numberWith(restricted(short), restricted(endless)), monday)).toEqual(refusedBy(endless));
  });
});

describe('what is stopped', () => {
  test.each<[ToldRestriction['restriction'], boolean, string | null]>([
    ['outgoing', true, null],
    ['incoming', false, 'incoming_disabled'],
    ['both', true, 'incoming_disabled'],
    ['icon', false, null],
  ])('%s', (restriction, stopsOutgoing, incoming) => {
    const told = stop(restriction, week);
    const state = numberWith(restricted(told));
    const outgoing = stopsOutgoing ? refusedBy(told) : null;
    expect(outgoingRefusal(state, week - 1)).toEqual(outgoing);
    expect(askingRefusal(state, week - 1)).toEqual(outgoing);
    expect(incomingMissReason(state, week - 1)).toBe(incoming);
    expect([outgoingRefusal(state, week), askingRefusal(state, week), incomingMissReason(state, week)]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe('Meta’s list of what is in force', () => {
  const out = stop('outgoing', week);
  const asked = monday + hours(1);

  test.each<[string, ChannelEvent[], ToldRestriction[], ChannelEvent[]]>([
    ['says the same', [restricted(out)], [out], []],
    ['is empty where nothing is', [], [], []],
    ['lacks one that Meta has lifted early', [restricted(out)], [], [endedBy('lifted', out, asked)]],
    ['has one that we never heard of', [], [out], [restricted(out, asked)]],
    [
      'has another end',
      [restricted(out)],
      [stop('outgoing', week + 1)],
      [restricted(stop('outgoing', week + 1), asked)],
    ],
    ['has one of a kind twice', [], [stop('outgoing', week - 1), out], [restricted(out, asked)]],
    ['lacks one that was told since Meta was asked', [restricted(out, asked)], [], []],
    ['lacks one whose time is up', [restricted(stop('outgoing', asked))], [], []],
    ['has one whose time is up', [], [stop('outgoing', asked)], []],
    [
      'lacks one of two',
      [restricted(out), restricted(stop('icon', null))],
      [out],
      [endedBy('lifted', stop('icon', null), asked)],
    ],
  ])('%s', (_, past, list, events) => {
    given(...set, ...past)
      .when(lists(asked, ...list))
      .then(...events);
  });
});

describe('a warning of Meta', () => {
  test('is recorded every time; the latest of its type is shown', () => {
    given(...set, warned(monday))
      .when({ type: 'RecordViolation', at: monday + 1, channelId, metaType: 'LOW_CALLING_QUALITY' })
      .then(warned(monday + 1));
    const state = numberWith(warned(monday), warned(monday + 5), warned(monday + 2), warned(monday, 'OTHER'));
    expect(state.violations).toEqual([
      { metaType: 'LOW_CALLING_QUALITY', at: monday + 5 },
      { metaType: 'OTHER', at: monday },
    ]);
  });

  test('matters for 30 days', () => {
    const old = monday + days(30);
    given(...set, warned(monday))
      .when(passes(old - 1))
      .thenNothing();
    given(...set, warned(monday), warned(monday + 1, 'OTHER'))
      .when(passes(old))
      .then({ type: 'ChannelViolationLapsed', at: old, channelId, metaType: 'LOW_CALLING_QUALITY' });
    const lapsed: ChannelEvent = {
      type: 'ChannelViolationLapsed',
      at: old,
      channelId,
      metaType: 'LOW_CALLING_QUALITY',
    };
    expect(numberWith(warned(monday), lapsed).violations).toEqual([]);
  });
});

describe('a call button that Meta has hidden', () => {
  const hidden = restricted(stop('icon', null));
  const configure = { type: 'ConfigureCalling' as const, at: monday + 9, channelId, store: 'demo', ...calling };

  test('is shown again when the same settings are told to Meta once more', () => {
    given(...set)
      .when(configure)
      .thenNothing();
    given(...set, hidden)
      .when(configure)
      .then({ ...configured, at: monday + 9 });
    given(...set, hidden, { ...configured, at: monday + 9 })
      .when({ ...configure, at: monday + 10 })
      .thenNothing();
    const closed = { ...calling, userInitiatedEnabled: false };
    given(connected, { ...configured, ...closed }, accepted, hidden)
      .when({ ...configure, ...closed })
      .thenNothing();
    const state = numberWith(hidden, { ...configured, at: monday + 9 }, { ...accepted, configuration: 2 });
    expect(state.restrictions).toEqual([]);
  });
});

test('restrictions hold in whatever order they are told', () => {
  const one = fc.record({
    restriction: fc.constantFrom<ToldRestriction['restriction'][]>('outgoing', 'incoming', 'both', 'icon'),
    until: fc.option(
      fc.integer({ min: 1, max: 10 }).map((n) => monday + days(n)),
      { nil: null },
    ),
    toldAt: fc.integer({ min: 0, max: 5 }).map((n) => monday + n),
  });
  const orders = fc
    .uniqueArray(one, { maxLength: 6, comparator: (a, b) => a.until === b.until })
    .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })));
  fc.assert(
    fc.property(orders, fc.integer({ min: 0, max: 11 }), ([inOrder, shuffled], day) => {
      const at = monday + days(day);
      const meaning = (all: typeof inOrder) => {
        const told = all.map(({ toldAt, restriction, until }) => record(stop(restriction, until), toldAt));
        const { state } = history(channel, told);
        return [askingRefusal(state, at), callInRefusal({ ...state, calling }, at)];
      };
      expect(meaning(shuffled)).toEqual(meaning(inOrder.toSorted((a, b) => a.toldAt - b.toldAt)));
    }),
    { seed: 31, numRuns: 500 },
  );
});
