import { call } from '../../domain/call.ts';
import { conversation } from '../../domain/conversation.ts';
import { mayFreeSomebody } from '../../domain/hand-out.ts';
import type { Named } from '../../domain/index.ts';
import { permission } from '../../domain/permission.ts';
import type { Recorded } from '../../store/event-log.ts';
import { uuidFrom } from '../../store/ids.ts';
import { pairKey } from '../belongings.ts';
import { openTicket } from '../open-ticket.ts';
import { releaseAgent } from '../release-agent.ts';
import type { WriteSide } from '../write-side.ts';
import { callQueue } from './queue.ts';
import { becauseOf, causedBy, type Reaction } from './reaction.ts';

/**
 * An incoming call opens the service window and a ticket, is routed, offered, and offered again while agents are left;
 * one that waits is offered to whoever becomes free.
 */
export const incomingCall = (w: WriteSide): Reaction => {
  const queue = callQueue(w);
  const serve = (_: unknown, cause: Recorded) => queue.serve(cause);

  const passOn =
    (why: 'declined' | 'not_acknowledged') =>
    async ({ callId, agentId, ticketId }: Named<'OfferDeclined' | 'OfferNotAcknowledged'>, cause: Recorded) => {
      await releaseAgent(w, { callId, agentId, why }, becauseOf(cause));
      await queue.hand(callId, ticketId, cause);
    };

  return {
    name: 'incoming-call',
    handlers: {
      CallReceived: async (event, cause) => queue.hand(event.callId, await ticketFor(w, event, cause), cause),
      OfferDeclined: passOn('declined'),
      OfferNotAcknowledged: passOn('not_acknowledged'),
      OfferTimedOut: async ({ at, callId, agentId }, cause) => {
        await releaseAgent(w, { callId, agentId, why: 'timed_out' }, becauseOf(cause));
        const missed = { type: 'MissCall', at, callId, reason: 'agent_did_not_answer' } as const;
        await w.transact(call, callId, missed, causedBy(cause, 'miss'));
      },
      CallMissed: ({ callId }) => queue.leave(callId),
      ...Object.fromEntries(mayFreeSomebody.map((type) => [type, serve])),
    },
  };
};

/** The customer's open ticket, opened by this call if there was none, with this call linked to it. */
const ticketFor = async (w: WriteSide, event: Named<'CallReceived'>, cause: Recorded): Promise<string> => {
  const { at, callId, channelId, channelName, customerId, waId, customerName } = event;
  const pair = pairKey(channelId, customerId);
  const parties = { channelId, customerId };
  const because = becauseOf(cause);

  const window = { type: 'OpenServiceWindow', at, ...parties, by: 'incoming_call' } as const;
  await w.transact(conversation, pair, window, because('service window'));
  const { ticketId: routedTo } = await w.stateOf(call, callId);
  const opening = { at, ...parties, ticketId: uuidFrom('ticket', callId), channelName, waId, customerName, callId };
  const incoming = { ...opening, because: 'incoming_call' } as const;
  const link = { callId, direction: 'incoming', agentId: null } as const;
  const ticketId = routedTo ?? (await openTicket(w, incoming, because('open ticket'), link));
  const began = { type: 'RecordIncomingBegan', at, ...parties, ticketId, callId } as const;
  await w.transact(permission, pair, began, because('incoming began'));
  return ticketId;
};
