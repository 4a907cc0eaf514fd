import { agent } from '../agent.ts';
import type { MissReason } from '../call-events.ts';
import type { DomainEvent, Named } from '../index.ts';
import { routing } from '../routing.ts';
import { ticket } from '../ticket.ts';
import type { Instant } from '../time.ts';

export type AgentEvent = Parameters<typeof agent.evolve>[1];
export type TicketEvent = Parameters<typeof ticket.evolve>[1];
export type RoutingEvent = Parameters<typeof routing.evolve>[1];

/** What a replay takes as it was. */
export type Given = { readonly at: Instant } & (
  | ({ readonly kind: 'call' } & Arrival)
  | { readonly kind: 'agent'; readonly event: AgentEvent }
  | ({ readonly kind: 'deed' } & Deed)
  | { readonly kind: 'linked'; readonly event: LinkedCall }
  | { readonly kind: 'routing'; readonly event: RoutingEvent }
);
/** A call comes in; `channelMiss` is what its channel itself has against it. */
export type Arrival = { readonly callId: string; readonly channelMiss: MissReason | null };
/** Somebody did something to a ticket, which was nobody's until then or not. */
export type Deed = {
  readonly event: Named<'TicketAssigned' | 'TicketResolved' | 'TicketReopened'>;
  readonly wasNobodys: boolean;
};
/** A call that is not replayed, as its ticket knows it. */
export type LinkedCall = Named<'CallLinked' | 'LinkedCallAnswered' | 'LinkedCallHungUp' | 'LinkedCallEnded'>;

export const isOfAgent = (event: DomainEvent): event is AgentEvent => event.type in agent.events;
export const isOfTicket = (event: DomainEvent): event is TicketEvent => event.type in ticket.events;
export const isOfRouting = (event: DomainEvent): event is RoutingEvent => event.type in routing.events;

const ofLinkedCall: ReadonlySet<string> = new Set<LinkedCall['type']>([
  'CallLinked',
  'LinkedCallAnswered',
  'LinkedCallHungUp',
  'LinkedCallEnded',
]);

export const isLinkedCall = (event: TicketEvent): event is LinkedCall => ofLinkedCall.has(event.type);
export const isDeed = (event: TicketEvent): event is Deed['event'] =>
  event.type === 'TicketAssigned'
    ? event.because !== 'routed' && event.because !== 'answered'
    : event.type === 'TicketResolved' || event.type === 'TicketReopened';
