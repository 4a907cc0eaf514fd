import { isRefusal, type Refusal } from '../domain/decider.ts';
import { ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import { ownTicket } from './belongings.ts';
import type { WriteSide } from './write-side.ts';

type Command = { ticketId: string; agentId: string; text: string };

/** Writes an agent's note into a ticket's history. */
export const addNote =
  (w: WriteSide) =>
  async ({ ticketId, agentId, text }: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownTicket(w, context.store, ticketId);
    if (isRefusal(owned)) return owned;
    return w.transact(ticket, ticketId, { type: 'AddNote', at: w.now(), agentId, text }, context);
  };
