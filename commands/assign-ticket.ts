import { isRefusal, type Refusal, refuse } from '../domain/decider.ts';
import { ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import { hasTeam, isRegistered, ownTicket } from './belongings.ts';
import { setFreeTicket } from './set-free.ts';
import type { WriteSide } from './write-side.ts';

type Command = {
  ticketId: string;
  agentId: string | null;
  teamId: string | null;
  /** An agent takes it for themselves. */
  isPickUp: boolean;
};

/** Gives a ticket to an agent or a team by hand, or back to the unassigned queue. */
export const assignTicket =
  (w: WriteSide) =>
  async (command: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const { ticketId, ...to } = command;
    const { agentId, teamId } = to;
    const owned = await ownTicket(w, context.store, ticketId);
    if (isRefusal(owned)) return owned;
    if (agentId !== null && !(await isRegistered(w, context.store, agentId))) return refuse('agent.unknown');
    if (teamId !== null && !(await hasTeam(w, context.store, teamId))) return refuse('team.unknown');
    await setFreeTicket(w, ticketId, context);
    return w.transact(ticket, ticketId, { type: 'AssignTicket', at: w.now(), ...to }, context);
  };
