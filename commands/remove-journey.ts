import type { Refusal } from '../domain/decider.ts';
import { routing } from '../domain/routing.ts';
import type { Context } from '../store/event-log.ts';
import type { WriteSide } from './write-side.ts';

/** A journey that is asked no more. */
export const removeJourney =
  (w: WriteSide) =>
  ({ journeyId }: { journeyId: string }, context: Context): Promise<{ position: bigint | null } | Refusal> =>
    w.transact(routing, context.store, { type: 'RemoveJourney', at: w.now(), journeyId }, context);
