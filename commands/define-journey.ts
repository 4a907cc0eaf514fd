import type { Refusal } from '../domain/decider.ts';
import type { Journey } from '../domain/journey.ts';
import { routing } from '../domain/routing.ts';
import type { Context } from '../store/event-log.ts';
import type { WriteSide } from './write-side.ts';

/** A rule by which some calls go to a team or an agent before the store's mode is asked. */
export const defineJourney =
  (w: WriteSide) =>
  (journey: Journey, context: Context): Promise<{ position: bigint | null } | Refusal> =>
    w.transact(routing, context.store, { type: 'DefineJourney', at: w.now(), ...journey }, context);
