import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askingRefusal, callInRefusal, channel, incomingMissReason, outgoingRefusal } from '../../domain/channel.ts';
import { fold } from '../../domain/decider.ts';
import { days, hours } from '../../domain/time.ts';
import { history, scenario } from '../support/scenario.ts';

const { given } = scenario(channel);
const monday = Date.UTC(2026, 0, 5, 12);
const channelId = '800000000000001';
const details = { name: 'Growth India', displayPhoneNumber: '910000000001', wabaId: '900000000000001' };
const weekdays = { timezone: 'UTC', weekly: [{ day: 'MONDAY' as const, open: '10:00', close: '19:00' }] };
const calling = {
  enabled: true,
  userInitiatedEnabled: true,
  workingHours: weekdays,
  holidays: [],
  callbackRequestsEnabled: true,
};
const connect = { type: 'ConnectChannel' as const, at: monday, channelId, store: 'demo', ...details };
const connected = { type: 'ChannelConnected' as const, at: monday, channelId, store: 'demo', ...details };
const configure = { type: 'ConfigureCalling' as const, at: monday, channelId, store: 'demo', ...calling };
const configured = { type: 'CallingConfigured' as const, at: monday, channelId, ...calling };
const restricted = (restriction: 'outgoing' | 'incoming' | 'both' | 'icon', until: number | null) => ({
  type: 'ChannelRestricted' as const,
  at: monday,
  channelId,
  restriction,
  until,
  metaType: 'RESTRICTED',
});

const stoppedBy = (
  restriction: 'outgoing' | 'incoming' | 'both',
  until: number | null,
  retryAt: number | null = until,
) => ({
  refused: 'channel.calling_disabled',
  ...(retryAt !== null && { retryAt }),
  facts: { restriction, metaType: 'RESTRICTED', until, because: [{ type: 'ChannelRestricted', at: monday }] },
});

/** What the store itself has set up against a call. */
const ours = (refused: string, retryAt?: number) => ({
  refused,
  ...(retryAt !== undefined && { retryAt }),
  facts: { because: [{ type: 'CallingConfigured', at: monday }] },
});
const neverSetUp = { refused: 'channel.calling_disabled', facts: { because: [] } };

describe('a number', () => {
  test('belongs to the store that connects it first', () => {
    given().when(connect).then(connected);
    given(connected)
      .when({ ...connect, store: 'other' })
      .thenRefused('channel.owned_by_another_store');
  });

  test('is connected once; new details are a fact of their own', () => {
    given(connected).when(connect).thenNothing();
    given(connected)
      .when({ ...connect, name: 'Support' })
      .then({ type: 'ChannelDetailsChanged', at: monday, channelId, ...details, name: 'Support' });
  });

  test('is set up only by the store that owns it', () => {
    given(connected).when(configure).then(configured);
    given(connected)
      .when({ ...configure, store: 'other' })
      .thenRefused('channel.not_connected');
    given().when(configure).thenRefused('channel.not_connected');
  });

  test('is set up once, in whatever order the fields come', () => {
    const { enabled, ...rest } = configure;
    given(connected, configured)
      .when({ ...rest, enabled })
      .thenNothing();
  });

  test('keeps Meta’s restrictions, each once, and every warning', () => {
    const { type: _, ...word } = restricted('both', monday + days(7));
    const warning = { at: monday, channelId, metaType: 'USER_INITIATED_CALLS_LOW_PICKUP_RATE' };
    given(connected)
      .when({ type: 'RecordRestriction', ...word })
      .then(restricted('both', monday + days(7)));
    given(connected, restricted('both', monday + days(7)))
      .when({ type: 'RecordRestriction', ...word })
      .thenNothing();
    given(connected)
      .when({ type: 'RecordViolation', ...warning })
      .then({ type: 'ChannelViolationReported', ...warning });
  });
});

const numberWith = (...events: Parameters<typeof channel.evolve>[1][]) =>
  fold(channel, channel.initial, [connected, ...events]);
const night = monday + hours(8);
const nextMonday = monday + days(7) - hours(2);

describe('calls and requests from a number', () => {
  test.each([
    ['never set up', numberWith(), monday, neverSetUp],
    ['calling off', numberWith({ ...configured, enabled: false }), monday, ours('channel.calling_disabled')],
    ['in its hours', numberWith(configured), monday, null],
    ['outside its hours', numberWith(configured), night, ours('channel.outside_hours', nextMonday)],
    [
      'on a holiday',
      numberWith({ ...configured, holidays: [{ date: '2026-01-05' }] }),
      monday,
      ours('channel.outside_hours', nextMonday),
    ],
    [
      'calling off outside its hours',
      numberWith({ ...configured, enabled: false }),
      night,
      ours('channel.calling_disabled'),
    ],
    ['without hours', numberWith({ ...configured, workingHours: null }), night, null],
    ['restricted for good', numberWith(configured, restricted('outgoing', null)), monday, stoppedBy('outgoing', null)],
    [
      'restricted for an hour',
      numberWith(configured, restricted('both', monday + hours(1))),
      monday,
      stoppedBy('both', monday + hours(1)),
    ],
    [
      'restricted until the night',
      numberWith(configured, restricted('outgoing', night)),
      monday,
      stoppedBy('outgoing', night, nextMonday),
    ],
    [
      'restricted for one more ms',
      numberWith(configured, restricted('outgoing', monday + 1)),
      monday,
      stoppedBy('outgoing', monday + 1),
    ],
    [
      'restricted for an hour, that never opens',
      numberWith(
        { ...configured, workingHours: { timezone: 'UTC', weekly: [] } },
        restricted('both', monday + hours(1)),
      ),
      monday,
      stoppedBy('both', monday + hours(1), null),
    ],
    ['no longer restricted', numberWith(configured, restricted('outgoing', monday)), monday, null],
    ['restricted for incoming calls only', numberWith(configured, restricted('incoming', null)), monday, null],
    ['its call button hidden', numberWith(configured, restricted('icon', null)), monday, null],
  ])('a call from a number %s', (_, state, at, refusal) => {
    expect(outgoingRefusal(state, at)).toEqual(refusal);
  });

  test.each([
    ['outside its hours', numberWith(configured), night, null],
    ['restricted for good', numberWith(configured, restricted('both', null)), night, stoppedBy('both', null)],
    ['restricted', numberWith(configured, restricted('outgoing', night)), monday, stoppedBy('outgoing', night)],
    [
      'restricted for one more ms',
      numberWith(configured, restricted('outgoing', night)),
      night - 1,
      stoppedBy('outgoing', night),
    ],
    ['restricted no longer', numberWith(configured, restricted('outgoing', night)), night, null],
  ])('asking for permission knows no hours, but Meta’s restrictions: %s', (_, state, at, refusal) => {
    expect(askingRefusal(state, at)).toEqual(refusal);
  });
});

test('a refusal of a call that names a time is over then, and not before', () => {
  const end = fc.option(
    fc.integer({ min: 0, max: 400 }).map((n) => monday + hours(n)),
    { nil: null },
  );
  const stop = fc.tuple(fc.constantFrom('outgoing' as const, 'both' as const, 'incoming' as const), end);
  const week = fc.subarray(['MONDAY', 'THURSDAY', 'SUNDAY'] as const);
  const holiday = fc.integer({ min: 0, max: 20 }).map((n) => ({ date: `2026-01-${String(n + 5).padStart(2, '0')}` }));
  fc.assert(
    fc.property(fc.array(stop), week, fc.array(holiday), fc.nat(300), (stops, days, holidays, later) => {
      const weekly = days.map((day) => ({ day, open: '10:00', close: '19:00' }));
      const settings = { ...configured, workingHours: { timezone: 'Asia/Kolkata', weekly }, holidays };
      const number = numberWith(settings, ...stops.map(([kind, until]) => restricted(kind, until)));
      const refusal = outgoingRefusal(number, monday + hours(later));
      if (refusal?.retryAt === undefined) return;
      expect(outgoingRefusal(number, refusal.retryAt)).toBeNull();
      expect(outgoingRefusal(number, refusal.retryAt - 1)).not.toBeNull();
    }),
    { seed: 6, numRuns: 500 },
  );
});

describe('inviting customers to call knows no hours', () => {
  const disabled = ours('channel.calling_disabled');
  test.each([
    ['never set up', numberWith(), neverSetUp],
    ['calling off', numberWith({ ...configured, enabled: false }), disabled],
    ['incoming calls off', numberWith({ ...configured, userInitiatedEnabled: false }), disabled],
    ['incoming calls restricted', numberWith(configured, restricted('incoming', null)), stoppedBy('incoming', null)],
    ['all restricted', numberWith(configured, restricted('both', night + 1)), stoppedBy('both', night + 1)],
    ['restricted no longer', numberWith(configured, restricted('incoming', night)), null],
    ['only outgoing calls restricted', numberWith(configured, restricted('outgoing', null)), null],
    ['only its icon hidden', numberWith(configured, restricted('icon', null)), null],
    ['outside its hours', numberWith(configured), null],
  ])('but whether anybody could call: %s', (_, state, refusal) => {
    expect(callInRefusal(state, night)).toEqual(refusal);
  });
});

describe('an incoming call is missed at once', () => {
  test.each([
    ['never set up', numberWith(), monday, 'incoming_disabled'],
    ['calling off', numberWith({ ...configured, enabled: false }), monday, 'incoming_disabled'],
    ['incoming calls off', numberWith({ ...configured, userInitiatedEnabled: false }), monday, 'incoming_disabled'],
    [
      'incoming calls off, at night',
      numberWith({ ...configured, userInitiatedEnabled: false }),
      night,
      'incoming_disabled',
    ],
    ['restricted', numberWith(configured, restricted('incoming', monday + 1)), monday, 'incoming_disabled'],
    ['restricted no longer', numberWith(configured, restricted('incoming', monday)), monday, null],
    ['only outgoing calls restricted', numberWith(configured, restricted('outgoing', null)), monday, null],
    ['outside its hours', numberWith(configured), night, 'outside_hours'],
    ['in its hours', numberWith(configured), monday, null],
  ])('on a number %s', (_, state, at, reason) => {
    expect(incomingMissReason(state, at)).toBe(reason);
  });
});

test('a restriction replaces the one of its kind', () => {
  const { type: _, ...first } = restricted('outgoing', monday + 1);
  const { state } = history(channel, [
    connect,
    configure,
    { type: 'RecordRestriction', ...first },
    { type: 'RecordRestriction', ...first, until: null },
  ]);
  expect(state.restrictions).toMatchObject([{ restriction: 'outgoing', until: null }]);
});
