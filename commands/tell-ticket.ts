import type { Direction } from '../domain/agent.ts';
import { call } from '../domain/call.ts';
import type { Conclusion } from '../domain/call-events.ts';
import { ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import { stepOf, type WriteSide } from './write-side.ts';

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

/** A call that is over holds its ticket no longer, from that moment: a ticket that has not heard of it yet is told now. */
export const tellWhatIsOver = async (w: WriteSide, ticketId: string, context: Context): Promise<void> => {
  const { calls } = await w.stateOf(ticket, ticketId);
  for (const [callId, { status }] of calls) {
    if (status !== 'ongoing') continue;
    const { conclusion, direction, agentId } = await w.stateOf(call, callId);
    if (conclusion === null || direction === null) continue;
    const bySystem = { ...stepOf(context, callId), actor: { type: 'system', id: 'call ended' } } as const;
    await tellTicket(w, ticketId, { ...conclusion, callId, direction, agentId }, bySystem);
  }
};
