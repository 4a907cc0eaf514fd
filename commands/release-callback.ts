import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Context } from '../store/event-log.ts';
import { ownCallback, pairKey } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = { callbackId: string; agentId: string; isManager: boolean };

/** Gives a claimed callback request back to whoever claims it next. */
export const releaseCallback =
  (w: WriteSide) =>
  async ({ callbackId, ...by }: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const whose = await ownCallback(w, context.store, callbackId);
    if (isRefusal(whose)) return whose;
    const release = { type: 'ReleaseCallback', at: w.now(), ...whose, callbackId, ...by } as const;
    return w.transact(conversation, pairKey(whose.channelId, whose.customerId), release, context);
  };
