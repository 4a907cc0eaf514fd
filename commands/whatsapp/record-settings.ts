import { channel } from '../../domain/channel.ts';
import type { Instant } from '../../domain/time.ts';
import type { WriteSide } from '../write-side.ts';
import { callingSettings, differences } from './calling-settings.ts';
import type { SettingsPiece } from './pieces.ts';
import type { SetAsideReason } from './set-aside.ts';
import { webhookContext } from './webhook-context.ts';

/** Compares the calling settings that Meta reports with ours: our own change is announced to us as well as another's. */
export const recordSettings =
  (w: WriteSide) =>
  async ({ channelId, reported, toldAt, raw }: SettingsPiece, receivedAt: Instant): Promise<SetAsideReason | null> => {
    const { store, calling, configuration } = await w.stateOf(channel, channelId);
    if (store === null) return 'unknown_channel';
    if (reported === null) return null;
    const at = toldAt ?? receivedAt;
    const differs = differences(callingSettings(calling, at), reported);
    const report = { type: 'RecordSettingsReport', at, channelId, configuration, differs } as const;
    // the same words told at another time are another report
    const context = webhookContext(store, { type: 'meta', id: channelId }, channelId, { raw, at });
    await w.transact(channel, channelId, report, context);
    return null;
  };
