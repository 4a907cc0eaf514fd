import type { Webhook } from './outbox.ts';
import { answerSdp, offerSdp } from './sdp.ts';
import type { Call, Conversation, SentMessage } from './world.ts';

/** Meta writes most moments as strings of Unix seconds. */
export const unixSeconds = (at: number): string => String(Math.floor(at / 1_000));

/** The number a business phone number id stands for: …0001 is +91 0000000001. */
export const displayNumber = (phoneNumberId: string): string => `91${phoneNumberId.slice(-10).padStart(10, '0')}`;

const userIdPrefix = 'IN.1';

/** The business-scoped id of a customer, from which `waIdOf` finds them again. */
export const userIdOf = (waId: string): string => `${userIdPrefix}${waId.padStart(16, '0')}`;

/** The customer a business-scoped id stands for, or undefined when it is not one of ours. */
export const waIdOf = (userId: string): string | undefined =>
  userId.startsWith(userIdPrefix) ? userId.slice(userIdPrefix.length).replace(/^0+/, '') : undefined;

const about = ({ phoneNumberId, customer }: Conversation) => `${phoneNumberId} ${customer.waId}`;

const header = ({ phoneNumberId }: Conversation) => ({
  messaging_product: 'whatsapp',
  metadata: { display_phone_number: displayNumber(phoneNumberId), phone_number_id: phoneNumberId },
});

const withContact = (conversation: Conversation) => {
  const { name, waId } = conversation.customer;
  return { ...header(conversation), contacts: [{ profile: { name }, wa_id: waId, user_id: userIdOf(waId) }] };
};

const parties = ({ conversation: { customer, phoneNumberId }, direction }: Call) =>
  direction === 'USER_INITIATED'
    ? { from: customer.waId, to: displayNumber(phoneNumberId) }
    : { from: displayNumber(phoneNumberId), to: customer.waId };

const callWebhook = (call: Call, value: object): Webhook => ({
  about: about(call.conversation),
  field: 'calls',
  value: { ...withContact(call.conversation), ...value },
});

/** `connect`: the customer's phone rings us (an offer), or Meta's media is ready for our call (an answer). */
export function connectWebhook(call: Call, now: number): Webhook {
  const incoming = call.direction === 'USER_INITIATED';
  const connect = {
    id: call.id,
    ...parties(call),
    ...(incoming && { from_user_id: userIdOf(call.conversation.customer.waId) }),
    event: 'connect',
    timestamp: unixSeconds(now),
    direction: call.direction,
    cta_payload: call.ctaPayload,
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
    biz_opaque_callback_data: call.opaque,
  };
  const details = { href: 'https://example.invalid/errors', error_data: { details: error?.message } };
  return callWebhook(call, { calls: [terminate], errors: error && [{ ...error, ...details }] });
}

const timing = (answeredAt: number, endedAt: number) => ({
  start_time: unixSeconds(answeredAt),
  end_time: unixSeconds(endedAt),
  duration: Math.floor(endedAt / 1_000) - Math.floor(answeredAt / 1_000),
});

/** A status of an outgoing call; incoming calls have none. */
export const callStatusWebhook = (call: Call, status: 'RINGING' | 'ACCEPTED' | 'REJECTED', now: number): Webhook => ({
  about: about(call.conversation),
  field: 'calls',
  value: {
    ...header(call.conversation),
    statuses: [
      {
        id: call.id,
        type: 'call',
        status,
        timestamp: unixSeconds(now),
        recipient_id: call.conversation.customer.waId,
        biz_opaque_callback_data: call.opaque,
      },
    ],
  },
});

const messageWebhook = (conversation: Conversation, message: object): Webhook => ({
  about: about(conversation),
  field: 'messages',
  value: { ...withContact(conversation), messages: [{ from: conversation.customer.waId, ...message }] },
});

/** A text the customer wrote. */
export const textWebhook = (conversation: Conversation, id: string, text: string, now: number): Webhook =>
  messageWebhook(conversation, { id, timestamp: unixSeconds(now), type: 'text', text: { body: text } });

/** What a customer, or Meta for them, decided about being called. `contextId` is what it answers, if anything. */
export type PermissionReply = {
  readonly response: 'accept' | 'reject';
  readonly isPermanent?: boolean;
  readonly until?: number;
  readonly source: 'user_action' | 'automatic';
  readonly contextId?: string | undefined;
};

/** A `call_permission_reply`. */
export const replyWebhook = (conversation: Conversation, id: string, reply: PermissionReply, now: number): Webhook =>
  messageWebhook(conversation, {
    from_user_id: userIdOf(conversation.customer.waId),
    id,
    timestamp: unixSeconds(now),
    type: 'interactive',
    interactive: {
      type: 'call_permission_reply',
      call_permission_reply: {
        response: reply.response,
        is_permanent: reply.isPermanent,
        expiration_timestamp: reply.until === undefined ? undefined : unixSeconds(reply.until),
        response_source: reply.source,
      },
    },
    context: reply.contextId && { from: displayNumber(conversation.phoneNumberId), id: reply.contextId },
  });

/** How far a message of the business got; a failed one costs nothing and says why. */
export const messageStatusWebhook = (
  conversation: Conversation,
  { id, pricing, opaque }: SentMessage,
  status: 'sent' | 'delivered' | 'read' | 'failed',
  now: number,
): Webhook => ({
  about: about(conversation),
  field: 'messages',
  value: {
    ...header(conversation),
    statuses: [
      {
        id,
        status,
        timestamp: unixSeconds(now),
        recipient_id: conversation.customer.waId,
        ...(status === 'failed' ? { errors: [{ code: 131026, title: 'Message undeliverable' }] } : { pricing }),
        biz_opaque_callback_data: opaque,
      },
    ],
  },
});
