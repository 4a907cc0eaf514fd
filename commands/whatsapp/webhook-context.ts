import { type Channel, channel } from '../../domain/channel.ts';
import type { Actor } from '../../domain/metadata.ts';
import type { Context } from '../../store/event-log.ts';
import { uuidFrom } from '../../store/ids.ts';
import { contextOf, type WriteSide } from '../write-side.ts';

/** The context of what one piece of a delivery makes happen: the same piece again is the same command. */
export const webhookContext = (store: string, actor: Actor, correlationId: string, raw: unknown): Context =>
  contextOf({ store, actor, commandId: uuidFrom('webhook', store, JSON.stringify(raw)), correlationId });

/** A channel with its owner, or `null` when no store has connected it. */
export const connectedChannel = async (
  w: WriteSide,
  channelId: string,
): Promise<{ store: string; details: Channel['details'] } | null> => {
  const { store, details } = await w.stateOf(channel, channelId);
  return store === null ? null : { store, details };
};
