import { z } from 'zod';
import { Problem } from './problem.ts';
import type { Conversation } from './records.ts';

/** What a call button carries, and how long it can be tapped. */
export const Button = z.object({
  ttl_minutes: z.int().min(1).max(43_200).optional(),
  payload: z.string().max(512).optional(),
});
type Button = z.infer<typeof Button>;

const usualMinutes = 10_080;
const minutes = (n: number) => n * 60_000;

/** A button that arrives can be tapped until its time is up; one that does not arrive, never. */
export function showButton(
  { buttons }: Conversation,
  button: Button | undefined,
  { arrives, now }: { arrives: boolean; now: number },
) {
  if (button?.payload === undefined) return;
  buttons.set(button.payload, arrives ? now + minutes(button.ttl_minutes ?? usualMinutes) : now);
}

/** The customer taps a button; a payload we never sent them came some other way. */
export function tapButton({ buttons, customer }: Conversation, payload: string, now: number) {
  if ((buttons.get(payload) ?? Number.POSITIVE_INFINITY) > now) return;
  throw new Problem(409, 'button.gone', `${customer.waId} has no call button "${payload}" to tap: send another.`);
}
