import type { Direction } from '../domain/agent.ts';
import type { Conclusion } from '../domain/call-events.ts';
import { ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import type { WriteSide } from './write-side.ts';

type Ended = { callId: string; direction: Direction; agentId: string | null } & Pick<
  Conclusion,
  'endedAt' | 'status' | 'subStatus' | 'missReason'
>;

/** Tells a ticket that a call of it is over, or over otherwise than was told before. */
export const tellTicket = (w: WriteSide, ticketId: string, ended: Ended, context: Context) => {
  const { endedAt, callId, direction, agentId, status, subStatus, missReason } = ended;
  const fact = { at: endedAt, ticketId, callId, direction, agentId, status, subStatus, missReason };
  return w.transact(ticket, ticketId, { type: 'RecordCallEnded', ...fact }, context);
};
