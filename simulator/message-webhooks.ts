import type { Webhook } from './outbox.ts';
import type { Conversation, SentMessage } from './records.ts';
import { contactOf, conversationWebhook, displayNumber, identity, unixSeconds } from './webhook-parts.ts';

const messageWebhook = (conversation: Conversation, message: object): Webhook =>
  conversationWebhook(conversation, 'messages', {
    ...contactOf(conversation),
    messages: [{ ...identity('from', conversation.customer), ...message }],
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
): Webhook =>
  conversationWebhook(conversation, 'messages', {
    statuses: [
      {
        id,
        status,
        timestamp: unixSeconds(now),
        ...identity('recipient', conversation.customer),
        ...(status === 'failed' ? { errors: [{ code: 131026, title: 'Message undeliverable' }] } : { pricing }),
        biz_opaque_callback_data: opaque,
      },
    ],
  });
