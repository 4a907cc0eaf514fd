import { isNobodys } from '../ticket.ts';
import type { Deed, LinkedCall } from './given.ts';
import { occurToTicket, type Stage, tellTicket, ticketOf } from './stage.ts';

/** Somebody does to a ticket what they did then; while a call with the customer is live here, it has to wait. */
export const act = (stage: Stage, deed: Deed) => {
  const { ticketId } = deed.event;
  const waiting = stage.postponed.get(ticketId);
  if (waiting) waiting.push(deed);
  else if (!attempt(stage, deed)) stage.postponed.set(ticketId, [deed]);
};

/** `false` when it is refused now. */
const attempt = (stage: Stage, { event, wasNobodys }: Deed): boolean => {
  const { ticketId } = event;
  const at = stage.now;
  if (event.type === 'TicketResolved')
    return tellTicket(stage, ticketId, { type: 'ResolveTicket', at, agentId: event.agentId });
  if (event.type === 'TicketReopened')
    return tellTicket(stage, ticketId, {
      type: 'ReopenTicket',
      at,
      agentId: event.agentId,
      resolution: ticketOf(stage, ticketId).resolvedAts.length,
    });
  // who picked it up because nobody had it leaves it to whoever has it here
  if (wasNobodys && !isNobodys(ticketOf(stage, ticketId))) return true;
  const { agentId, teamId, because } = event;
  if (because !== 'placed_call') return tellTicket(stage, ticketId, { type: 'AssignTicket', at, agentId, teamId });
  occurToTicket(stage, event);
  return true;
};

/** A call with the customer has ended: what waited for that is done. */
export const actNow = (stage: Stage, ticketId: string) => {
  const deeds = stage.postponed.get(ticketId) ?? [];
  stage.postponed.delete(ticketId);
  for (const deed of deeds) act(stage, deed);
};

/** A call that is not replayed begins, is answered or ends. */
export const link = (stage: Stage, event: LinkedCall) => {
  occurToTicket(stage, event);
  if (event.type === 'LinkedCallEnded') actNow(stage, event.ticketId);
};
