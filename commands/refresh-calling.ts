import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Context } from '../store/event-log.ts';
import { ownChannel } from './belongings.ts';
import { metaRefusal } from './whatsapp/meta-errors.ts';
import { recordSettingsReport } from './whatsapp/record-settings.ts';
import { saidByMeta, type WriteSide } from './write-side.ts';

/** Asks Meta what it holds of a channel, whoever wants to know it. */
export const refreshCalling =
  (w: WriteSide) =>
  async ({ channelId }: { channelId: string }, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownChannel(w, context.store, channelId);
    return isRefusal(owned) ? owned : readSettings(w, channelId, context);
  };

/** Meta's settings and restrictions of a channel, recorded; Meta does not tell by itself when it lifts a restriction early. */
export const readSettings = async (w: WriteSide, channelId: string, context: Context) => {
  const at = w.now();
  const heard = await w.graph.callingSettings({ channelId });
  if (!heard.ok) return metaRefusal(heard);
  return recordSettingsReport(w, { channelId, reported: heard.reported, at }, saidByMeta(context, channelId));
};
