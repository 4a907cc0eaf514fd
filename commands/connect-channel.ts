import { channel } from '../domain/channel.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Context } from '../store/event-log.ts';
import { channelPhones } from './collections.ts';
import { digits } from './whatsapp/record-account.ts';
import type { WriteSide } from './write-side.ts';

type Command = { channelId: string; name: string; displayPhoneNumber: string; wabaId: string };

/** Makes a WhatsApp number the store's, or changes how it is shown. */
export const connectChannel =
  (w: WriteSide) =>
  async (command: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const { channelId, displayPhoneNumber, wabaId } = command;
    const { store } = context;
    const connected = await w.transact(
      channel,
      channelId,
      { type: 'ConnectChannel', at: w.now(), store, ...command },
      context,
    );
    if (isRefusal(connected)) return connected;
    await channelPhones(w.db).updateOne(
      { _id: channelId },
      { $set: { phone: digits(displayPhoneNumber), wabaId } },
      { upsert: true },
    );
    return connected;
  };
