import { type CallError, callStatusWebhook, connectWebhook, terminateWebhook } from './call-webhooks.ts';
import { countryOf } from './costs.ts';
import { ringFor, windowFor } from './limits.ts';
import { grantCallback, recordConnected, recordUnanswered } from './permission.ts';
import { displayNumber } from './webhook-parts.ts';
import { type Call, type Conversation, newId, type World } from './world.ts';

type NewCall = Pick<Call, 'direction' | 'ctaPayload' | 'deeplinkPayload' | 'opaque'>;

/** Who or what ended a call. Only an outgoing one that `customer` or `nobody` left unanswered counts against us. */
export type Ending = 'business' | 'customer' | 'nobody' | 'failure';

/** A phone begins to ring, ours or the customer's, until somebody answers or nobody did. */
export function startCall(world: World, conversation: Conversation, call: NewCall): Call {
  const started: Call = { ...call, id: newId('wacid'), conversation, timers: [] };
  conversation.liveCall = started;
  world.remember(started);
  const now = world.clock.now();
  world.send(connectWebhook(started, now));
  if (call.direction === 'USER_INITIATED') {
    conversation.lastIncoming = started;
    conversation.windowUntil = now + windowFor;
  } else world.send(callStatusWebhook(started, 'RINGING', now));
  later(world, started, ringFor, () => {
    if (started.answeredAt === undefined) endCall(world, started, 'nobody');
  });
  return started;
}

/** Does something to a call after `ms`, unless it has ended by then. */
export function later(world: World, call: Call, ms: number, act: () => void) {
  call.timers.push(world.timers.after(ms, act));
}

/** The other side picks up. */
export function pickUp(world: World, call: Call) {
  const now = world.clock.now();
  call.answeredAt = now;
  recordConnected(call.conversation, call, now);
  if (call.direction === 'USER_INITIATED') return;
  call.conversation.windowUntil = now + windowFor;
  world.send(callStatusWebhook(call, 'ACCEPTED', now));
}

/** The call is over, for whatever reason; what follows from it for the permission is decided here. */
export function endCall(world: World, call: Call, ending: Ending, error?: CallError) {
  const now = world.clock.now();
  const { conversation, direction, answeredAt } = call;
  for (const cancel of call.timers) cancel();
  call.endedAt = now;
  if (answeredAt !== undefined) bill(world, call, answeredAt, now);
  delete conversation.liveCall;
  world.send(terminateWebhook(call, now, error));
  if (direction === 'USER_INITIATED') grantCallback(world, call);
  else if (answeredAt === undefined && (ending === 'customer' || ending === 'nobody')) {
    recordUnanswered(world, conversation);
  }
}

function bill(
  world: World,
  { direction, conversation: { phoneNumberId, customer } }: Call,
  answeredAt: number,
  at: number,
) {
  world.costs.calls.push({
    at,
    phone_number: displayNumber(phoneNumberId),
    country: countryOf(customer.waId),
    direction,
    seconds: Math.floor(at / 1_000) - Math.floor(answeredAt / 1_000),
  });
}
