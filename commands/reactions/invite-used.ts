import { call } from '../../domain/call.ts';
import { conversation } from '../../domain/conversation.ts';
import type { Recorded } from '../../store/event-log.ts';
import { pairKey } from '../belongings.ts';
import type { WriteSide } from '../write-side.ts';
import { causedBy, type Reaction } from './reaction.ts';

/**
 * A call whose button carried the id of an invite to this very customer is told to the conversation; any other payload is
 * just that. Both the ticket and the payload must be known, whichever comes last.
 */
export const inviteUsed = (w: WriteSide): Reaction => {
  const tell = async ({ callId }: { callId: string }, cause: Recorded) => {
    const { startedAt, ticketId, parties, payloads } = await w.stateOf(call, callId);
    const inviteId = payloads.ctaPayload;
    if (inviteId === null || ticketId === null) return;
    const { channelId, customerId } = parties;
    const used = { at: startedAt, channelId, customerId, inviteId, callId, ticketId };
    const key = pairKey(channelId, customerId);
    await w.transact(conversation, key, { type: 'RecordInviteUsed', ...used }, causedBy(cause, 'invite used'));
  };
  return { name: 'invite-used', handlers: { CallRouted: tell, LateConnectReceived: tell, CallOriginRevealed: tell } };
};
