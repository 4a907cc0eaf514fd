import { channel, settingsToSend } from '../../domain/channel.ts';
import type { Recorded } from '../../store/event-log.ts';
import { callingSettings } from '../whatsapp/calling-settings.ts';
import { maySoonPass } from '../whatsapp/meta-errors.ts';
import type { WriteSide } from '../write-side.ts';
import { causedBy, type Reaction } from './reaction.ts';

/**
 * Tells Meta the settings of a channel that are in force, whichever event it is about: one that is met again after a crash
 * finds newer settings, or nothing to tell. All of a channel's sending happens here, one after the other.
 */
export const pushSettings = (w: WriteSide): Reaction => {
  const push = async ({ channelId }: { channelId: string }, cause: Recorded) => {
    const newest = settingsToSend(await w.stateOf(channel, channelId));
    if (newest === null) return;
    const { calling, configuration } = newest;
    const answer = await w.graph.configureCalling({ channelId, calling: callingSettings(calling, w.now()) });
    const about = { at: w.now(), channelId, configuration };
    const heard = answer.ok
      ? ({ type: 'RecordSettingsAccepted', ...about } as const)
      : ({
          type: 'RecordSettingsRefused',
          ...about,
          metaErrorCode: answer.metaErrorCode,
          mayPass: maySoonPass(answer),
        } as const);
    await w.transact(channel, channelId, heard, causedBy(cause, 'settings'));
  };
  return { name: 'push-settings', handlers: { CallingConfigured: push, CallingSettingsRetried: push } };
};
