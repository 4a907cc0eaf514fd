import { call } from '../domain/call.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Context } from '../store/event-log.ts';
import { ownCall } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = { callId: string; agentId: string };

/** The offered agent does not take the call; it goes on to others who may still be offered it. */
export const declineCall =
  (w: WriteSide) =>
  async ({ callId, agentId }: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownCall(w, context.store, callId);
    if (isRefusal(owned)) return owned;
    return w.transact(call, callId, { type: 'DeclineOffer', at: w.now(), callId, agentId }, context);
  };
