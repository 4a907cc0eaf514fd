import { channel } from '../domain/channel.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Holiday, WorkingHours } from '../domain/hours.ts';
import type { Context } from '../store/event-log.ts';
import { ownChannel } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = {
  channelId: string;
  enabled: boolean;
  userInitiatedEnabled: boolean;
  workingHours: WorkingHours | null;
  holidays: Holiday[];
  callbackRequestsEnabled: boolean;
};

/** Sets which calls a channel takes and when. */
export const configureCalling =
  (w: WriteSide) =>
  async (command: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const { store } = context;
    const owned = await ownChannel(w, store, command.channelId);
    if (isRefusal(owned)) return owned;
    const configure = { type: 'ConfigureCalling', at: w.now(), store, ...command } as const;
    return w.transact(channel, command.channelId, configure, context);
  };
