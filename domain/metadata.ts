import { z } from 'zod';
import { Instant } from './time.ts';

/** Who caused an event. Meta is WhatsApp's side; the system is a timer or a process manager. */
export const Actor = z.object({ type: z.enum(['agent', 'customer', 'meta', 'system']), id: z.string() });
export type Actor = z.infer<typeof Actor>;

/** What stands beside every event; names with `$` are the event store's own convention. */
export const Metadata = z.object({
  store: z.string(),
  actor: Actor,
  $correlationId: z.string(),
  $causationId: z.string(),
  commandId: z.string(),
  schemaVersion: z.int().positive(),
  happenedAt: Instant,
});
export type Metadata = z.infer<typeof Metadata>;
