import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import { isRegistered, ownCallback, pairKey } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = { callbackId: string; agentId: string };

/** An agent takes it on to call a customer back, and gets the ticket if nobody holds it and no call is live. */
export const claimCallback =
  (w: WriteSide) =>
  async ({ callbackId, agentId }: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const whose = await ownCallback(w, context.store, callbackId);
    if (isRefusal(whose)) return whose;
    const at = w.now();
    const claim = { type: 'ClaimCallback', at, ...whose, callbackId, agentId } as const;
    const claimed = await w.transact(conversation, pairKey(whose.channelId, whose.customerId), claim, context);
    if (isRefusal(claimed)) return claimed;
    const { position, state } = claimed;
    if (state.callback?.callbackId !== callbackId || !(await isRegistered(w, context.store, agentId)))
      return { position };
    const assign = { type: 'AssignByClaim', at, agentId } as const;
    const assigned = await w.transact(ticket, state.callback.ticketId, assign, context);
    return isRefusal(assigned) ? { position } : { position: assigned.position ?? position };
  };
