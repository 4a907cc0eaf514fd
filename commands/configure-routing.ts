import type { Capacity } from '../domain/capacity.ts';
import type { Refusal } from '../domain/decider.ts';
import { type RoutingMode, routing } from '../domain/routing.ts';
import type { Context } from '../store/event-log.ts';
import type { WriteSide } from './write-side.ts';

type Command = {
  mode: RoutingMode;
  onlyIfAvailable: boolean;
  ringSeconds: number;
  queueSeconds: number;
  capacity: Capacity;
};

/** How a store hands out its incoming calls. */
export const configureRouting =
  (w: WriteSide) =>
  (command: Command, context: Context): Promise<{ position: bigint | null } | Refusal> =>
    w.transact(routing, context.store, { type: 'ConfigureRouting', at: w.now(), ...command }, context);
