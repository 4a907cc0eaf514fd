import { agent } from '../../domain/agent.ts';
import { fold } from '../../domain/decider.ts';
import { holderOf, ticket } from '../../domain/ticket.ts';
import type { Instant } from '../../domain/time.ts';
import type { Recorded } from '../../store/event-log.ts';
import { agentKey } from '../belongings.ts';
import type { WriteSide } from '../write-side.ts';
import { causedBy, type Reaction } from './reaction.ts';

type TicketEvent = Parameters<typeof ticket.evolve>[1];

/** Every agent's stream keeps account of the open tickets they hold, so that their load is known where they are reserved. */
export const workload = (w: WriteSide): Reaction => {
  const account = async ({ at, ticketId }: { at: Instant; ticketId: string }, cause: Recorded) => {
    const events: TicketEvent[] = [];
    for await (const { event, revision } of w.log.read(cause.stream))
      if (revision <= cause.revision) events.push(event as TicketEvent);
    const before = holderOf(fold(ticket, ticket.initial, events.slice(0, -1)));
    const after = holderOf(fold(ticket, ticket.initial, events));
    if (before === after) return;
    const tell = (type: 'ReleaseTicket' | 'EntrustTicket', agentId: string) =>
      w.transact(
        agent,
        agentKey(cause.metadata.store, agentId),
        { type, at, agentId, ticketId },
        causedBy(cause, type),
      );
    if (before !== null) await tell('ReleaseTicket', before);
    if (after !== null) await tell('EntrustTicket', after);
  };
  return {
    name: 'workload',
    handlers: { TicketAssigned: account, TicketResolved: account, TicketReopened: account },
  };
};
