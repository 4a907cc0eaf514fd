import { startCall } from './calls.ts';
import { type Channel, mayCallFrom } from './channel.ts';
import { GraphError } from './graph-error.ts';
import { counting, freeAgainAt, placedLimits } from './limits.ts';
import { nextCallAt, permissionAt } from './permission.ts';
import type { Call, Conversation } from './records.ts';
import { checkRestriction } from './restrictions.ts';
import type { World } from './world.ts';

/** Places a call as Meta would; throws Meta's error where it would refuse. */
export function placeCall(world: World, conversation: Conversation, opaque: string | undefined): Call {
  const channel = world.channel(conversation.phoneNumberId);
  checkChannel(world, channel);
  checkCustomer(world, conversation);
  checkLoad(world, channel);
  channel.placedAt = counting(placedLimits(world.limits(channel.id)), channel.placedAt, world.clock.now());
  return startCall(world, conversation, { direction: 'BUSINESS_INITIATED', opaque });
}

function checkChannel(world: World, channel: Channel) {
  const { id, settings, account } = channel;
  if (settings.status === 'DISABLED')
    throw new GraphError(138000, `Calling is off for ${id}: enable it in its settings.`);
  if (!mayCallFrom(account))
    throw new GraphError(138013, `A business in ${account.country} cannot call its customers.`);
  if (!account.paymentMethod) throw new GraphError(131044, `${id} has no payment method: add one to its account.`);
  checkRestriction(channel, 'outgoing', world.clock.now());
}

function checkCustomer(world: World, conversation: Conversation) {
  const { reachable, customer, liveCall } = conversation;
  const { waId } = customer;
  if (!reachable || customer.hasOldClient) throw new GraphError(138001, `${waId} cannot receive WhatsApp calls.`);
  if (permissionAt(conversation, world.clock.now()).kind === 'none') {
    throw new GraphError(138006, `${waId} has not permitted calls: send a call permission request.`);
  }
  if (liveCall) throw new GraphError(138003, `A call with ${waId} is running: ${liveCall.id}.`);
  const allowedAt = nextCallAt(world, conversation);
  if (allowedAt !== undefined) throw allowedAgain(138012, allowedAt, waId);
}

function checkLoad(world: World, { id, placedAt }: Channel) {
  const limits = world.limits(id);
  if (world.liveCalls(id).length >= limits.concurrentCalls) {
    throw new GraphError(138002, `${id} has ${limits.concurrentCalls} calls at once: end one first.`);
  }
  const allowedAt = freeAgainAt(placedLimits(limits), placedAt, world.clock.now());
  if (allowedAt !== undefined) throw allowedAgain(138005, allowedAt, id);
}

/** A limit that is full: Meta tells when it frees. */
export const allowedAgain = (code: number, at: number, whom: string) =>
  new GraphError(code, `Allowed again at ${Math.ceil(at / 1_000)} (Unix seconds), for ${whom}.`);
