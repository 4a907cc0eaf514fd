import { tapButton } from './buttons.ts';
import { type CallError, callStatusWebhook } from './call-webhooks.ts';
import { endCall, hangUpAt, pickUp, startCall } from './calls.ts';
import { customerReport } from './customer-report.ts';
import { answerTo, type Decision } from './decision.ts';
import { windowFor } from './limits.ts';
import { messageStatusWebhook, textWebhook } from './message-webhooks.ts';
import { decide, openCards } from './permission.ts';
import { Problem } from './problem.ts';
import { checkPutThrough } from './put-through.ts';
import type { Call, Conversation, Customer } from './records.ts';
import { newId, type World } from './world.ts';

/** A customer and the business number (`channelId`) they deal with. */
export type With = { readonly waId: string; readonly channelId: string };

/** How a customer calls: their name, seconds until they hang up, the payload of the call button or link they used. */
export type CallOptions = {
  name?: string | undefined;
  hangUpAfter?: number | undefined;
  ctaPayload?: string | undefined;
  deeplinkPayload?: string | undefined;
};

/** What a customer is like; what is not given stays as it is. */
export type Profile = { [K in keyof Omit<Customer, 'waId'>]?: Customer[K] | undefined };

export type Customers = ReturnType<typeof customersOf>;

/** What customers do on their phones. Throws a `Problem` (409) when there is nothing to do it to. */
export function customersOf(world: World) {
  const conversationWith = ({ waId, channelId }: With) => world.conversation(channelId, waId);

  /** The customer looks at the chat: everything delivered is read. */
  const look = (who: With): Conversation => {
    const conversation = conversationWith(who);
    for (const sent of conversation.unread.splice(0)) {
      world.send(messageStatusWebhook(conversation, sent, 'read', world.clock.now()));
    }
    return conversation;
  };

  const ringing = (who: With): Call => {
    const { liveCall } = conversationWith(who);
    if (liveCall && isRingingOut(liveCall)) return liveCall;
    throw new Problem(409, 'call.none_ringing', `No call from ${who.channelId} rings at ${who.waId}: place one first.`);
  };

  const live = (who: With): Call => {
    const { liveCall } = conversationWith(who);
    if (liveCall) return liveCall;
    throw new Problem(409, 'call.none_live', `${who.waId} has no call with ${who.channelId}: start one first.`);
  };

  const hangUpLater = (call: Call, after: number | undefined) => {
    if (after !== undefined) hangUpAt(world, call, world.clock.now() + after * 1_000);
  };

  return {
    /** Calls the business, also outside its hours or when calling is off: phones learn of settings days later. */
    call: (who: With, { name, hangUpAfter, ...payloads }: CallOptions = {}): string => {
      const { liveCall } = conversationWith(who);
      if (liveCall)
        throw new Problem(409, 'call.already_live', `${who.waId} is in the call ${liveCall.id}: end it first.`);
      if (payloads.ctaPayload !== undefined) tapButton(conversationWith(who), payloads.ctaPayload, world.clock.now());
      if (name !== undefined) world.customer(who.waId).name = name;
      checkPutThrough(world, conversationWith(who));
      const call = startCall(world, look(who), { direction: 'USER_INITIATED', ...payloads });
      hangUpLater(call, hangUpAfter);
      return call.id;
    },

    /** Picks up the ringing phone, and hangs up `hangUpAfter` seconds later when that is given. */
    answer: (who: With, { hangUpAfter }: Pick<CallOptions, 'hangUpAfter'> = {}) => {
      const call = ringing(who);
      pickUp(world, call);
      hangUpLater(call, hangUpAfter);
    },

    /** Declines the ringing phone. */
    decline: (who: With) => {
      const call = ringing(who);
      world.send(callStatusWebhook(call, 'REJECTED', world.clock.now()));
      endCall(world, call, 'customer');
    },

    /** Ends a call in progress, or gives up waiting on one the customer placed. */
    hangUp: (who: With) => {
      const call = live(who);
      if (isRingingOut(call)) {
        throw new Problem(409, 'call.not_answered', `The call to ${who.waId} only rings: answer or decline it.`);
      }
      endCall(world, call, 'customer');
    },

    /** The network or the phone fails: the call ends with an error and without timing. */
    fail: (who: With, error: CallError) => endCall(world, live(who), 'failure', error),

    /** Writes a text, which opens the service window for 24 hours. */
    write: (who: With, text: string): string => {
      const conversation = look(who);
      const now = world.clock.now();
      const id = newId('wamid');
      conversation.windowUntil = now + windowFor;
      world.send(textWebhook(conversation, id, text, now));
      return id;
    },

    /** Allows or forbids calls: on a request's card, from the business profile, or by asking for a callback. */
    permit: (who: With, decision: Decision) => {
      const conversation = look(who);
      decide(world, conversation, answerTo(world, conversation, decision));
    },

    /** Whether calls and messages of this number still reach the customer, who may have blocked it. */
    setReachable: (who: With, reachable: boolean) => {
      conversationWith(who).reachable = reachable;
    },

    /** Changes what a customer is like, with every number they deal with. */
    present: (waId: string, profile: Profile) => {
      const given = Object.entries(profile).filter(([, value]) => value !== undefined);
      Object.assign(world.customer(waId), Object.fromEntries(given));
    },

    /** What Meta knows of a customer and a number. */
    describe: (who: With) => customerReport(world, conversationWith(who)),

    /** Whether a call of the business rings at the customer's phone. */
    isRinging: (who: With): boolean => {
      const { liveCall } = conversationWith(who);
      return liveCall !== undefined && isRingingOut(liveCall);
    },

    /** Whether a request for permission waits for the customer's answer. */
    isAsked: (who: With): boolean => openCards(conversationWith(who), world.clock.now()).at(-1)?.answered === false,
  };
}

const isRingingOut = ({ direction, answeredAt }: Call) =>
  direction === 'BUSINESS_INITIATED' && answeredAt === undefined;
