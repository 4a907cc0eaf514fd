import type { Conversation } from './world.ts';

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

/** The conversation a webhook belongs to. */
export const about = ({ phoneNumberId, customer }: Conversation) => `${phoneNumberId} ${customer.waId}`;

/** What every webhook of a number begins with. */
export const header = ({ phoneNumberId }: Conversation) => ({
  messaging_product: 'whatsapp',
  metadata: { display_phone_number: displayNumber(phoneNumberId), phone_number_id: phoneNumberId },
});

/** The header with the customer it is about. */
export const withContact = (conversation: Conversation) => {
  const { name, waId } = conversation.customer;
  return { ...header(conversation), contacts: [{ profile: { name }, wa_id: waId, user_id: userIdOf(waId) }] };
};
