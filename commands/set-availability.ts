import { agent } from '../domain/agent.ts';
import type { Refusal } from '../domain/decider.ts';
import type { Context } from '../store/event-log.ts';
import { agentKey } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = { agentId: string; active: boolean; reason: string | null };

/** Whether an agent takes calls now. */
export const setAvailability =
  (w: WriteSide) =>
  (command: Command, context: Context): Promise<{ position: bigint | null } | Refusal> =>
    w.transact(
      agent,
      agentKey(context.store, command.agentId),
      { type: 'SetAvailability', at: w.now(), ...command },
      context,
    );
