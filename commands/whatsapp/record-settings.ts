import { channel } from '../../domain/channel.ts';
import { stoppedBy } from '../../domain/channel-restrictions.ts';
import type { Instant } from '../../domain/time.ts';
import type { Context } from '../../store/event-log.ts';
import { stepOf, type WriteSide } from '../write-side.ts';
import { callingSettings, differences } from './calling-settings.ts';
import type { SettingsReport } from './delivery.ts';
import type { SettingsPiece } from './pieces.ts';
import { inOurWords } from './record-account.ts';
import type { SetAsideReason } from './set-aside.ts';
import { webhookContext } from './webhook-context.ts';

/** Compares the calling settings that Meta reports with ours: our own change is announced to us as well as another's. */
export const recordSettings =
  (w: WriteSide) =>
  async ({ channelId, reported, toldAt, raw }: SettingsPiece, receivedAt: Instant): Promise<SetAsideReason | null> => {
    const { store } = await w.stateOf(channel, channelId);
    if (store === null) return 'unknown_channel';
    if (reported === null) return null;
    const at = toldAt ?? receivedAt;
    // the same words told at another time are another report
    const context = webhookContext(store, { type: 'meta', id: channelId }, channelId, { raw, at });
    await recordSettingsReport(w, { channelId, reported, at }, context);
    return null;
  };

type Report = { readonly channelId: string; readonly reported: SettingsReport; readonly at: Instant };

/**
 * What Meta holds of a channel at a moment: which restrictions are in force, and whether the settings are what we set. Where
 * Meta has stopped incoming calls it hides the call button, which is then no change of the settings.
 */
export const recordSettingsReport = async (w: WriteSide, { channelId, reported, at }: Report, context: Context) => {
  if (reported.restrictions !== null) {
    const list = reported.restrictions.restrictions_list.flatMap((one) => inOurWords(one.type, one.expiration));
    const restrictions = { type: 'RecordRestrictionList', at, channelId, list } as const;
    await w.transact(channel, channelId, restrictions, stepOf(context, 'restrictions'));
  }
  const state = await w.stateOf(channel, channelId);
  const { configuration } = state;
  const isStopped = stoppedBy(state, 'incoming', at) !== undefined;
  const all = differences(callingSettings(state.calling, at), reported);
  const differs = all.filter((setting) => !(isStopped && setting === 'callButton'));
  const report = { type: 'RecordSettingsReport', at, channelId, configuration, differs } as const;
  return w.transact(channel, channelId, report, context);
};
