import { agent, type Role } from '../domain/agent.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { routing } from '../domain/routing.ts';
import type { Context } from '../store/event-log.ts';
import { agentKey } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = {
  agentId: string;
  name: string;
  email: string;
  role: Role;
  teams: string[];
  capacity: number | null;
};

/** Enters a member of staff, first in the store's roster, so that nobody is an agent whom routing does not know. */
export const registerAgent =
  (w: WriteSide) =>
  async (command: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const { agentId, teams } = command;
    const at = w.now();
    const enlisted = await w.transact(routing, context.store, { type: 'EnlistAgent', at, agentId, teams }, context);
    if (isRefusal(enlisted)) return enlisted;
    const register = { type: 'RegisterAgent', at, ...command } as const;
    const registered = await w.transact(agent, agentKey(context.store, agentId), register, context);
    if (isRefusal(registered)) return registered;
    return { position: registered.position ?? enlisted.position };
  };
