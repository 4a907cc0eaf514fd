import { call } from '../domain/call.ts';
import { stillWaits } from '../domain/callback-request.ts';
import { channel } from '../domain/channel.ts';
import { conversation } from '../domain/conversation.ts';
import type { Instant } from '../domain/time.ts';
import type { Customer } from '../store/directory.ts';
import type { Context } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import { pairKey } from './belongings.ts';
import { openTicket } from './open-ticket.ts';
import { stepOf, type WriteSide } from './write-side.ts';

/** A permission that Meta gave in the customer's name. `callId`: the call it is said to come from, if any. */
type Given = { at: Instant; channelId: string; callId: string | null; customer: Customer };

/**
 * A permission that comes from no call of ours is how we hear that a customer asked for a callback: it is queued under their
 * open ticket, or under one opened for it. What a call of ours asks for follows from how it ends.
 */
export const requestCallback = async (w: WriteSide, given: Given, context: Context): Promise<void> => {
  const { at, channelId, callId } = given;
  const { customerId, waId, name: customerName } = given.customer;
  const pair = pairKey(channelId, customerId);
  const { calling, details } = await w.stateOf(channel, channelId);
  if (!calling.callbackRequestsEnabled || (await isOurs(w, callId))) return;
  if (!stillWaits(await w.stateOf(conversation, pair), at, w.now())) return;
  const asked = { at, channelId, customerId, callId, channelName: details.name, waId, customerName };
  const opening = { ...asked, ticketId: uuidFrom('ticket', context.commandId), because: 'callback_request' } as const;
  const ticketId = await openTicket(w, { ...opening, callId: null }, context);
  const request = { type: 'RequestCallback', ...asked, ticketId, because: 'customer_asked', now: w.now() } as const;
  await w.transact(conversation, pair, request, stepOf(context, 'callback'));
};

const isOurs = async (w: WriteSide, callId: string | null) =>
  callId !== null && (await w.stateOf(call, callId)).direction !== null;
