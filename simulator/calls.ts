import { type CallError, callStatusWebhook, connectWebhook, terminateWebhook } from './call-webhooks.ts';
import { countryOf } from './costs.ts';
import { ringFor, windowFor } from './limits.ts';
import { grantCallback, recordConnected, recordUnanswered } from './permission.ts';
import type { Call, Conversation } from './records.ts';
import { displayNumber } from './webhook-parts.ts';
import { newId, type World } from './world.ts';

type NewCall = Pick<Call, 'direction' | 'ctaPayload' | 'deeplinkPayload' | 'opaque'>;

/** Who or what ended a call. Only an outgoing one that `customer` or `nobody` left unanswered counts against us. */
export type Ending = 'business' | 'customer' | 'nobody' | 'failure';

/** A phone begins to ring, ours or the customer's, until somebody answers or nobody did. */
export function startCall(world: World, conversation: Conversation, call: NewCall): Call {
  const now = world.clock.now();
  const started: Call = { ...call, id: newId('wacid'), conversation, startedAt: now, timers: [] };
  conversation.liveCall = started;
  world.remember(started);
  world.send(connectWebhook(started, now));
  if (call.direction === 'USER_INITIATED') {
    conversation.callbackFor = started.id;
    conversation.windowUntil = now + windowFor;
  } else world.send(callStatusWebhook(started, 'RINGING', now));
  keepTime(world, started);
  return started;
}

/** What a live call comes to by itself: nobody picks up in time, or the customer hangs up when they meant to. */
export function keepTime(world: World, call: Call) {
  if (call.answeredAt === undefined) {
    at(world, call, call.startedAt + ringFor, () => {
      if (call.answeredAt === undefined) endCall(world, call, 'nobody');
    });
  }
  if (call.hangUpAt !== undefined) at(world, call, call.hangUpAt, () => endCall(world, call, 'customer'));
}

/** The customer will hang up at that moment, if the call lasts until then. */
export function hangUpAt(world: World, call: Call, when: number) {
  call.hangUpAt = when;
  at(world, call, when, () => endCall(world, call, 'customer'));
}

/** Does something to a call at a moment, unless it has ended by then. */
function at(world: World, call: Call, when: number, act: () => void) {
  call.timers.push(world.timers.after(when - world.clock.now(), act));
}

/** The other side picks up. */
export function pickUp(world: World, call: Call) {
  const now = world.clock.now();
  call.answeredAt = now;
  recordConnected(world, call);
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
  if (direction === 'USER_INITIATED') grantCallback(world, conversation);
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
  world.records.costs.addCall({
    at,
    phone_number: displayNumber(phoneNumberId),
    country: countryOf(customer.waId),
    direction,
    seconds: Math.floor(at / 1_000) - Math.floor(answeredAt / 1_000),
  });
}
