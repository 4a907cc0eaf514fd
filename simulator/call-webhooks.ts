import type { Webhook } from './outbox.ts';
import type { Call, Conversation } from './records.ts';
import { answerSdp, offerSdp } from './sdp.ts';
import { contactOf, conversationWebhook, displayNumber, identity, unixSeconds } from './webhook-parts.ts';

const parties = ({ conversation: { customer, phoneNumberId }, direction }: Call) =>
  direction === 'USER_INITIATED'
    ? { ...identity('from', customer), to: displayNumber(phoneNumberId) }
    : { from: displayNumber(phoneNumberId), ...identity('to', customer) };

const callWebhook = ({ conversation }: Call, value: object): Webhook =>
  conversationWebhook(conversation, 'calls', { ...contactOf(conversation), ...value });

/** `connect`: the customer's phone rings us (an offer), or Meta's media is ready for our call (an answer). */
export function connectWebhook(call: Call, now: number): Webhook {
  const incoming = call.direction === 'USER_INITIATED';
  const connect = {
    id: call.id,
    ...parties(call),
    event: 'connect',
    timestamp: unixSeconds(now),
    direction: call.direction,
    cta_payload: call.ctaPayload,
    deeplink_payload: call.deeplinkPayload,
    biz_opaque_callback_data: call.opaque,
    session: incoming ? { sdp_type: 'offer', sdp: offerSdp } : { sdp_type: 'answer', sdp: answerSdp },
  };
  return callWebhook(call, { calls: [connect] });
}

/** An error as the `terminate` of a failed call carries it. */
export type CallError = { readonly code: number; readonly message: string };

/** `terminate`: with timing keys only when the call was picked up and did not fail. */
export function terminateWebhook(call: Call, endedAt: number, error?: CallError): Webhook {
  const terminate = {
    id: call.id,
    ...parties(call),
    event: 'terminate',
    direction: call.direction,
    timestamp: unixSeconds(endedAt),
    status: error ? 'FAILED' : 'COMPLETED',
    ...(call.answeredAt !== undefined && !error && timing(call.answeredAt, endedAt)),
    cta_payload: call.ctaPayload,
    deeplink_payload: call.deeplinkPayload,
    biz_opaque_callback_data: call.opaque,
  };
  return callWebhook(call, { calls: [terminate], ...(error && errorsOf(error)) });
}

/** An incoming call that Meta did not put through, told without the call. */
export const errorWebhook = (conversation: Conversation, error: CallError): Webhook =>
  conversationWebhook(conversation, 'calls', { ...contactOf(conversation), ...errorsOf(error) });

const errorsOf = (error: CallError) => ({
  errors: [{ ...error, href: 'https://example.invalid/errors', error_data: { details: error.message } }],
});

const timing = (answeredAt: number, endedAt: number) => ({
  start_time: unixSeconds(answeredAt),
  end_time: unixSeconds(endedAt),
  duration: Math.floor(endedAt / 1_000) - Math.floor(answeredAt / 1_000),
});

/** A status of an outgoing call; incoming calls have none. */
export const callStatusWebhook = (call: Call, status: 'RINGING' | 'ACCEPTED' | 'REJECTED', now: number): Webhook =>
  conversationWebhook(call.conversation, 'calls', {
    statuses: [
      {
        id: call.id,
        type: 'call',
        status,
        timestamp: unixSeconds(now),
        ...identity('recipient', call.conversation.customer),
        biz_opaque_callback_data: call.opaque,
      },
    ],
  });
