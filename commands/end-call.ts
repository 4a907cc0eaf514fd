import { call } from '../domain/call.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Context } from '../store/event-log.ts';
import { ownCall } from './belongings.ts';
import { endAtMeta } from './end-at-meta.ts';
import type { WriteSide } from './write-side.ts';

type Command = { callId: string; agentId: string };

/** The agent hangs up, or gives up while it still rings. Once Meta has taken that, nobody is held by the call any more. */
export const endCall =
  (w: WriteSide) =>
  async ({ callId, agentId }: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownCall(w, context.store, callId);
    if (isRefusal(owned)) return owned;
    const requested = await w.transact(call, callId, { type: 'RequestEnd', at: w.now(), callId, agentId }, context);
    if (isRefusal(requested)) return requested;
    const { metaCallId, parties } = requested.state;
    if (metaCallId === null) return requested; // ended as soon as Meta's id is known
    const position = await endAtMeta(w, { callId, channelId: parties.channelId, metaCallId }, context);
    return { position: position ?? requested.position };
  };
