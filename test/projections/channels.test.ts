import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { channels } from '../../projections/index.ts';
import { at, noon, shownAfter } from './events.ts';

const connected: DomainEvent = {
  type: 'ChannelConnected',
  at: noon,
  channelId: 'ch1',
  store: 'demo',
  name: 'Support',
  displayPhoneNumber: '+1 555',
  wabaId: 'w1',
};
const configured: DomainEvent = {
  type: 'CallingConfigured',
  at: at(1),
  channelId: 'ch1',
  enabled: true,
  userInitiatedEnabled: true,
  workingHours: null,
  holidays: [],
  callbackRequestsEnabled: true,
};

describe('a channel', () => {
  test.each<[string, DomainEvent[], object | null]>([
    ['unknown before they are set', [], null],
    ['not told yet', [configured], { state: 'pending', at: at(1), metaErrorCode: null, retryAt: null, differs: [] }],
    [
      'accepted',
      [{ type: 'CallingSettingsAccepted', at: at(2), channelId: 'ch1', configuration: 1 }],
      { state: 'in_sync', at: at(2), metaErrorCode: null, retryAt: null, differs: [] },
    ],
    [
      'refused, and why',
      [
        {
          type: 'CallingSettingsRefused',
          at: at(2),
          channelId: 'ch1',
          configuration: 1,
          metaErrorCode: 138015,
          retryAt: null,
        },
      ],
      { state: 'refused', at: at(2), metaErrorCode: 138015, retryAt: null, differs: [] },
    ],
    [
      'changed, and which',
      [{ type: 'CallingSettingsDiverged', at: at(2), channelId: 'ch1', configuration: 1, differs: ['hours'] }],
      { state: 'differ', at: at(2), metaErrorCode: null, retryAt: null, differs: ['hours'] },
    ],
  ])('shows how its settings stand at Meta: %s', (_, events, metaSettings) => {
    expect(shownAfter(channels, 'ch1', [connected, ...events])?.metaSettings).toEqual(metaSettings);
  });
});
