import type { Webhook } from './outbox.ts';
import type { Conversation, Customer } from './records.ts';

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

/** Who a customer is, in the fields that begin with `from`, `to` or `recipient`. */
export const identity = (role: 'from' | 'to' | 'recipient', { waId, parentUserId }: Customer) => ({
  [role === 'recipient' ? 'recipient_id' : role]: waId,
  [`${role}_user_id`]: userIdOf(waId),
  [`${role}_parent_user_id`]: parentUserId,
});

/** A webhook about a conversation; a customer who hides their number is known by their other ids alone. */
export function conversationWebhook(conversation: Conversation, field: 'calls' | 'messages', value: object): Webhook {
  const { phoneNumberId, customer } = conversation;
  const webhook = {
    about: `${phoneNumberId} ${customer.waId}`,
    waId: customer.waId,
    field,
    value: { ...header(phoneNumberId), ...value },
  };
  return customer.hidesNumber ? withoutNumber(webhook) : webhook;
}

/** The webhook without the customer's number, wherever it stands in a field of its own. */
export const withoutNumber = (webhook: Webhook): Webhook =>
  rewritten(webhook, (_key, value) => (value === webhook.waId ? undefined : value));

/** The webhook with every field of its value as `change` would have it. */
export const rewritten = (webhook: Webhook, change: (key: string, value: unknown) => unknown): Webhook => ({
  ...webhook,
  value: JSON.parse(JSON.stringify(webhook.value, change)),
});

/** What every webhook of a number begins with. */
const header = (phoneNumberId: string) => ({
  messaging_product: 'whatsapp',
  metadata: { display_phone_number: displayNumber(phoneNumberId), phone_number_id: phoneNumberId },
});

/** The customer a webhook is about. */
export const contactOf = ({ customer: { name, username, waId, parentUserId } }: Conversation) => ({
  contacts: [{ profile: { name, username }, wa_id: waId, user_id: userIdOf(waId), parent_user_id: parentUserId }],
});
