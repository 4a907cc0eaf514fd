import { z } from 'zod';
import { GraphError } from './graph-error.ts';
import { waIdOf } from './webhook-parts.ts';

/** Every request to Meta names the product. */
export const Product = z.object({ messaging_product: z.literal('whatsapp') });

/** A customer's phone number: digits, a leading + is dropped. */
export const WaId = z
  .string()
  .regex(/^\+?[1-9]\d{6,14}$/, 'a phone number has 7 to 15 digits')
  .transform((number) => number.replace('+', ''));

/** Who is called or written to: `to` (phone number) or `recipient` (business-scoped id). */
export const Recipient = Product.extend({ to: WaId.optional(), recipient: z.string().optional() });

/** The phone number a request is for; `to` wins. Throws Meta's error 100 when it names nobody. */
export function recipientOf({ to, recipient }: Pick<z.infer<typeof Recipient>, 'to' | 'recipient'>): string {
  const waId = to ?? (recipient && waIdOf(recipient));
  if (!waId) throw new GraphError(100, recipient ? `recipient: unknown user ${recipient}` : 'to: name the recipient');
  return waId;
}
