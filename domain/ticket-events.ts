import { z } from 'zod';
import { Direction } from './agent.ts';
import { CallStatus, MissReason } from './call-events.ts';
import { personal } from './personal.ts';
import { Instant } from './time.ts';

/** Which ticket, and whose. */
export const Ids = { ticketId: z.string(), channelId: z.string(), customerId: z.string() };
export type Ids = z.output<z.ZodObject<typeof Ids>>;

/** A call as its ticket knows it. */
export const LinkedCall = { callId: z.string(), direction: Direction, agentId: z.string().nullable() };
export type LinkedCall = z.output<z.ZodObject<typeof LinkedCall>>;

/** Who holds a ticket: an agent, a team, or nobody (the unassigned queue). */
export const Assignee = { agentId: z.string().nullable(), teamId: z.string().nullable() };
export type Assignee = z.output<z.ZodObject<typeof Assignee>>;

/** Why a ticket was opened, and for whom; `callId` where a call opened it. */
const TicketOpening = {
  channelName: z.string(),
  waId: personal(z.string()),
  customerName: personal(z.string()),
  because: z.enum(['incoming_call', 'outgoing_call', 'permission_request', 'call_invite', 'callback_request']),
  callId: z.string().nullable(),
};
export type TicketOpening = z.output<z.ZodObject<typeof TicketOpening>>;

/** The life of a ticket: the calls linked to it, who holds it, its first response. */
export const ticketEvents = {
  TicketOpened: { at: Instant, ...Ids, ...TicketOpening },
  CallLinked: { at: Instant, ...Ids, ...LinkedCall },
  LinkedCallAnswered: { at: Instant, ...Ids, ...LinkedCall },
  /** Nobody is on the line any more; how the call counts is not known yet. */
  LinkedCallHungUp: { at: Instant, ...Ids, callId: z.string() },
  LinkedCallEnded: {
    at: Instant,
    ...Ids,
    ...LinkedCall,
    status: CallStatus,
    subStatus: z.string().nullable(),
    missReason: MissReason.nullable(),
  },
  TicketAssigned: {
    at: Instant,
    ...Ids,
    ...Assignee,
    because: z.enum(['routed', 'placed_call', 'answered', 'callback_claimed', 'by_hand']),
  },
  FirstResponseMade: {
    at: Instant,
    ...Ids,
    agentId: z.string(),
    callId: z.string(),
    because: z.enum(['answered', 'called_back']),
    secondsAfterOpening: z.int().nonnegative(),
  },
  TicketResolved: { at: Instant, ...Ids, agentId: z.string() },
  TicketReopened: { at: Instant, ...Ids, agentId: z.string() },
  NoteAdded: { at: Instant, ...Ids, agentId: z.string(), text: personal(z.string()) },
};
