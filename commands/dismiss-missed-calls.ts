import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal, refuse } from '../domain/decider.ts';
import type { Context } from '../store/event-log.ts';
import { ownChannel, pairKey } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = { channelId: string; customer: string; agentId: string; reason: string };

/** Takes a customer off the missed-calls tab, for a reason that stays on record. */
export const dismissMissedCalls =
  (w: WriteSide) =>
  async (
    { channelId, customer, agentId, reason }: Command,
    context: Context,
  ): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownChannel(w, context.store, channelId);
    if (isRefusal(owned)) return owned;
    const known = await w.directory.find(context.store, customer);
    if (!known) return refuse('customer.unknown');
    const { customerId } = known;
    const dismiss = { type: 'DismissMissedCalls', at: w.now(), channelId, customerId, agentId, reason } as const;
    return w.transact(conversation, pairKey(channelId, customerId), dismiss, context);
  };
