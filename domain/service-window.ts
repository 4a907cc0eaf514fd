import { z } from 'zod';
import { hours, type Instant } from './time.ts';

/** How a message to a customer is written: in free form only while the service window is open, from a template always. */
export const MessageMethod = z.enum(['free_form', 'template']);

/** The approved template that a message is made from. */
export const TemplateName = z.object({ name: z.string(), language: z.string() });

/** How long a customer's message or call keeps the service window open. */
export const serviceWindow = hours(24);

/** Whether a free-form message may be sent at this instant. */
export const windowIsOpen = (s: { readonly windowUntil: Instant }, at: Instant) => at < s.windowUntil;
