import { describe, expect, test } from 'vitest';
import { channel, grantsByCallback, settingsToSend } from '../../domain/channel.ts';
import { fold } from '../../domain/decider.ts';
import { hours, minutes, seconds } from '../../domain/time.ts';
import { scenario } from '../support/scenario.ts';

const { given } = scenario(channel);
const noon = Date.UTC(2026, 0, 5, 12);
const channelId = '800000000000001';
const calling = {
  enabled: true,
  userInitiatedEnabled: true,
  workingHours: null,
  holidays: [],
  callbackRequestsEnabled: true,
};
const about = (at: number, configuration = 1) => ({ at, channelId, configuration });
const connected = {
  type: 'ChannelConnected' as const,
  at: noon,
  channelId,
  store: 'demo',
  name: 'Growth',
  displayPhoneNumber: '910000000001',
  wabaId: '9',
};
const configured = { type: 'CallingConfigured' as const, at: noon, channelId, ...calling };
const set = [connected, configured];
const accepted = (at = noon + 10, configuration = 1) => ({
  type: 'CallingSettingsAccepted' as const,
  ...about(at, configuration),
});
const refused = (at: number, retryAt: number | null, metaErrorCode: number | null = null) => ({
  type: 'CallingSettingsRefused' as const,
  ...about(at),
  metaErrorCode,
  retryAt,
});
const retried = (at: number) => ({ type: 'CallingSettingsRetried' as const, ...about(at) });
const diverged = (at: number) => ({
  type: 'CallingSettingsDiverged' as const,
  ...about(at),
  differs: ['callbackRequests' as const],
});
const configure = { type: 'ConfigureCalling' as const, at: noon + 50, channelId, store: 'demo', ...calling };
const configuredAgain = { ...configured, at: noon + 50 };
const accept = { type: 'RecordSettingsAccepted' as const, ...about(noon + 10) };
const refuse = (at: number, mayPass: boolean, metaErrorCode: number | null = null) => ({
  type: 'RecordSettingsRefused' as const,
  ...about(at),
  metaErrorCode,
  mayPass,
});
const report = (at: number, differs: 'callbackRequests'[] = [], configuration = 1) => ({
  type: 'RecordSettingsReport' as const,
  ...about(at, configuration),
  differs,
});
const stateAfter = (...events: Parameters<typeof channel.evolve>[1][]) => fold(channel, channel.initial, events);

describe('Meta’s answer to settings', () => {
  test('is recorded once', () => {
    given(...set)
      .when(accept)
      .then(accepted());
    given(...set, accepted())
      .when(accept)
      .thenNothing();
  });

  test('counts only for the newest', () => {
    const newer = { ...configured, at: noon + 5, enabled: false };
    given(...set, newer)
      .when(accept)
      .thenNothing();
    given(...set, newer)
      .when(refuse(noon + 10, false, 138_015))
      .thenNothing();
    given(...set, newer)
      .when({ ...accept, configuration: 2 })
      .then(accepted(noon + 10, 2));
  });

  test('a refusal is final, unless it may pass', () => {
    given(...set)
      .when(refuse(noon, false, 138_015))
      .then(refused(noon, null, 138_015));
    given(...set)
      .when(refuse(noon, true, 131_016))
      .then(refused(noon, noon + seconds(10), 131_016));
  });

  test.each([
    [0, seconds(10)],
    [1, minutes(1)],
    [2, minutes(10)],
    [3, hours(1)],
    [4, hours(6)],
    [5, null],
  ])('after %i failures the next try is %s ms away', (failures, wait) => {
    const past = Array.from({ length: failures }, () => [refused(noon, noon + 1), retried(noon + 1)]).flat();
    given(...set, ...past)
      .when(refuse(noon + 2, true))
      .then(refused(noon + 2, wait === null ? null : noon + 2 + wait));
  });

  test.each([
    { at: noon + seconds(10) - 1, isTime: false },
    { at: noon + seconds(10), isTime: true },
  ])('is tried again when it is time: $isTime', ({ at, isTime }) => {
    const outcome = given(...set, refused(noon, noon + seconds(10))).when({ type: 'RetrySettings', at, channelId });
    if (isTime) outcome.then(retried(at));
    else outcome.thenNothing();
  });

  test.each([
    ['accepted', [accepted()]],
    ['refused for good', [refused(noon, null)]],
    ['replaced', [refused(noon, noon + 1), { ...configured, enabled: false }]],
    ['sent again already', [refused(noon, noon + 1), retried(noon + 1)]],
  ])('settings %s meanwhile are not tried again', (_, past) => {
    given(...set, ...past)
      .when({ type: 'RetrySettings', at: noon + hours(9), channelId })
      .thenNothing();
  });
});

describe('the same settings again', () => {
  test.each([
    ['are on their way', [], false],
    ['are accepted', [accepted()], false],
    ['wait for the next try', [refused(noon, noon + seconds(10))], true],
    ['were refused', [refused(noon, null)], true],
    ['were changed at Meta', [accepted(), diverged(noon + 20)], true],
  ])('are sent once more unless they %s: %j', (_, past, isNew) => {
    const outcome = given(...set, ...past).when(configure);
    if (isNew) outcome.then(configuredAgain);
    else outcome.thenNothing();
  });
});

describe('what Meta reports', () => {
  const inSync = [...set, accepted()];

  test.each([
    ['as we have it', inSync, report(noon + 20)],
    ['of the moment of its answer', inSync, report(noon + 10, ['callbackRequests'])],
    ['while its answer is awaited', set, report(noon + 20, ['callbackRequests'])],
    ['of other settings than those in force', inSync, report(noon + 20, ['callbackRequests'], 0)],
    ['of a channel never set up', [connected], report(noon + 20, ['callbackRequests'], 0)],
    ['of settings it refused', [...set, refused(noon, null)], report(noon + 20, ['callbackRequests'])],
    ['that we know', [...inSync, diverged(noon + 20)], report(noon + 30, ['callbackRequests'])],
  ])('is nothing new: %s', (_, past, reported) => {
    given(...past)
      .when(reported)
      .thenNothing();
  });

  test('a change by somebody else is recorded, and so is its end', () => {
    given(...inSync)
      .when(report(noon + 11, ['callbackRequests']))
      .then(diverged(noon + 11));
    given(...inSync, diverged(noon + 20))
      .when(report(noon + 21))
      .then(accepted(noon + 21));
    given(...set, refused(noon, null))
      .when(report(noon + 21))
      .then(accepted(noon + 21));
  });
});

describe('how a channel stands at Meta', () => {
  test.each([
    ['never set up', [connected], null, false],
    ['set up', set, { state: 'pending', at: noon }, true],
    ['accepted', [...set, accepted()], { state: 'in_sync', at: noon + 10 }, false],
    [
      'to be tried again',
      [...set, refused(noon + 1, noon + 2, 4)],
      { state: 'pending', retryAt: noon + 2, metaErrorCode: 4 },
      false,
    ],
    ['tried again', [...set, refused(noon + 1, noon + 2, 4), retried(noon + 2)], { state: 'pending' }, true],
    [
      'refused',
      [...set, refused(noon + 1, null, 138_015)],
      { state: 'refused', metaErrorCode: 138_015, retryAt: null },
      false,
    ],
    [
      'changed there',
      [...set, accepted(), diverged(noon + 20)],
      { state: 'differ', differs: ['callbackRequests'] },
      false,
    ],
    ['set up anew', [...set, refused(noon + 1, null, 138_015), configured], { state: 'pending', failures: 0 }, true],
  ])('%s', (_, events, standing, isToBeTold) => {
    const state = stateAfter(...events);
    if (standing === null) expect(state.atMeta).toBeNull();
    else expect(state.atMeta).toMatchObject(standing);
    expect(settingsToSend(state) !== null).toBe(isToBeTold);
  });

  test.each([
    ['accepted', [...set, accepted()], true],
    ['not told yet', set, false],
    ['refused', [...set, refused(noon, null)], false],
    ['changed there', [...set, accepted(), diverged(noon + 20)], false],
    ['accepted without callbacks', [connected, { ...configured, callbackRequestsEnabled: false }, accepted()], false],
  ])('calls grant permissions where Meta grants them: settings %s', (_, events, grants) => {
    expect(grantsByCallback(stateAfter(...events))).toBe(grants);
  });

  test('accepted settings show a hidden call button again, where customers may call', () => {
    const hidden = {
      type: 'ChannelRestricted' as const,
      at: noon,
      channelId,
      restriction: 'icon' as const,
      until: null,
      metaType: 'HIDDEN',
    };
    const lasting = { ...hidden, restriction: 'outgoing' as const };
    const shown = stateAfter(...set, hidden, lasting, accepted());
    expect(shown.restrictions).toMatchObject([{ restriction: 'outgoing', until: null }]);
    const kept = stateAfter(connected, { ...configured, userInitiatedEnabled: false }, hidden, accepted());
    expect(kept.restrictions).toMatchObject([{ restriction: 'icon', until: null }]);
  });
});
