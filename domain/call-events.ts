import { z } from 'zod';
import { Direction } from './agent.ts';
import { personal } from './personal.ts';
import { Instant } from './time.ts';

/** Why an incoming call was not answered by any agent; each miss has exactly one. */
export const MissReason = z.enum([
  'outside_hours',
  'incoming_disabled',
  'unassigned_mode',
  'no_agent_available',
  'capacity_full',
  'queue_timeout',
  'agent_did_not_answer',
  'all_declined',
  'agent_socket_lost',
  'caller_hung_up',
  'provider_failure',
]);
export type MissReason = z.infer<typeof MissReason>;

export const CallStatus = z.enum(['ongoing', 'completed', 'missed', 'disconnected', 'unanswered']);
export type CallStatus = z.infer<typeof CallStatus>;

const EndedBy = z.enum(['agent', 'customer', 'system', 'network']);

/** What is known at the end of a call; times are instants, lengths whole seconds. */
export const Conclusion = {
  status: CallStatus,
  subStatus: z.string().nullable(),
  missReason: MissReason.nullable(),
  startedAt: Instant,
  answeredAt: Instant.nullable(),
  endedAt: Instant,
  ringSeconds: z.int().nonnegative(),
  talkSeconds: z.int().nonnegative(),
  endedBy: EndedBy,
};
export type Conclusion = z.output<z.ZodObject<typeof Conclusion>>;

/** An agent who could have had the call: chosen (`null`) or why they were passed over; their load where that counts. */
export const Candidate = z.object({
  agentId: z.string(),
  passedOver: z.string().nullable(),
  load: z.int().nonnegative().optional(),
});
export type Candidate = z.infer<typeof Candidate>;

/** What a call waits for in the queue: that somebody is available, or that somebody has room. */
export const QueueCause = z.enum(['no_agent_available', 'capacity_full']);
export type QueueCause = z.infer<typeof QueueCause>;

const callId = z.string();
const Parties = { channelId: z.string(), channelName: z.string(), customerId: z.string() };
const Person = { waId: personal(z.string()), customerName: personal(z.string()) };
/** An agent's name, and the team as whose member they have the call. */
const Staff = { agentName: personal(z.string(), 'agentId'), team: z.string().nullable() };
export type Staff = z.output<z.ZodObject<typeof Staff>>;
/** What the call button or the deep link carried by which the customer called; free text from outside. */
const Payloads = { ctaPayload: z.string().nullable(), deeplinkPayload: z.string().nullable() };
export type Payloads = z.output<z.ZodObject<typeof Payloads>>;
const Offer = { offerId: z.string(), agentId: z.string(), ticketId: z.string() };

/** The life of a call, both directions. `metaCallId` is Meta's `wacid`. */
export const callEvents = {
  /** Meta told us of an incoming call: by its `connect`, or by a `terminate` that overtook it. */
  CallReceived: {
    at: Instant,
    receivedAt: Instant,
    callId,
    ...Parties,
    ...Person,
    metaCallId: z.string(),
    seenBy: z.enum(['connect', 'terminate']),
    sdpOffer: personal(z.string()),
    ...Payloads,
  },
  /** The `connect` that arrived after its own `terminate`. */
  LateConnectReceived: { at: Instant, callId, ...Payloads },
  /** A later webhook tells by what the customer called, of which the first said nothing. */
  CallOriginRevealed: { at: Instant, callId, ...Payloads },
  /** The router's decision: to an agent, into the queue, or missed. Made again for a call that waits. */
  CallRouted: {
    at: Instant,
    callId,
    ticketId: z.string(),
    mode: z.string(),
    ruleVersion: z.int().nonnegative(),
    candidates: z.array(Candidate),
    chosen: z.string().nullable(),
    missReason: MissReason.nullable(),
    /** The journey that led to the agent. */
    journeyId: z.string().nullable().default(null),
    /** The call waits, at most until then. */
    queued: z.object({ because: QueueCause, until: Instant }).nullable().default(null),
  },
  CallOffered: { at: Instant, callId, ...Offer, ...Staff, expiresAt: Instant },
  OfferAcknowledged: { at: Instant, callId, ...Offer },
  OfferDeclined: { at: Instant, callId, ...Offer },
  OfferTimedOut: { at: Instant, callId, ...Offer },
  OfferNotAcknowledged: { at: Instant, callId, ...Offer },
  /** The offered agent took the call; Meta has not confirmed yet. */
  CallAnswering: { at: Instant, callId, ...Offer },
  /** Meta confirmed our answer: media may flow. */
  CallAnswered: { at: Instant, callId, ticketId: z.string(), agentId: z.string(), ...Parties },
  CallAnswerFailed: { at: Instant, callId, ...Offer, metaErrorCode: z.int().nullable() },
  /** No agent answers this call any more. `agentId`: whose it was, if anybody's. `hangUp`: the caller may still be ringing, so we end it at Meta. */
  CallMissed: {
    at: Instant,
    callId,
    ...Parties,
    ...Person,
    ticketId: z.string(),
    agentId: z.string().nullable(),
    ...Staff,
    reason: MissReason,
    hangUp: z.boolean(),
    metaCallId: z.string(),
  },
  /** Our side asked for the end: an agent hung up, or cancelled while it rang. */
  CallEndRequested: { at: Instant, callId, agentId: z.string(), metaCallId: z.string().nullable() },
  /** Meta took our end: nobody is on the line any more. How the call counts its `terminate` will tell. */
  CallHungUp: { at: Instant, callId, agentId: z.string(), ...Parties },
  /** The call is over at Meta (its `terminate`), or nothing was heard of it any more. Timing only when it was connected. */
  CallEnded: {
    at: Instant,
    callId,
    from: z.enum(['meta', 'watchdog']),
    connectedAt: Instant.nullable(),
    disconnectedAt: Instant.nullable(),
    durationSeconds: z.int().nonnegative().nullable(),
    failed: z.boolean(),
    metaErrorCode: z.int().nullable(),
  },
  CallPlaced: { at: Instant, callId, ...Parties, ...Person, agentId: z.string(), ...Staff, ticketId: z.string() },
  /** Meta took our `connect`. */
  CallDialled: { at: Instant, callId, metaCallId: z.string() },
  /** Meta refused our `connect`; nobody's phone rang. */
  CallRefused: { at: Instant, callId, metaErrorCode: z.int().nullable(), refusal: z.string() },
  /** Our `connect` got no answer in time: it may or may not ring. A webhook or the watchdog will tell. */
  DialOutcomeUnknown: { at: Instant, callId },
  /** Meta's SDP answer to our offer: media is ready. Not the pick-up. */
  SdpAnswerReceived: {
    at: Instant,
    callId,
    metaCallId: z.string(),
    customerId: z.string(),
    sdpAnswer: personal(z.string()),
  },
  CallRinging: { at: Instant, callId, metaCallId: z.string() },
  /** The customer picked up our call. */
  CallPickedUp: { at: Instant, callId, metaCallId: z.string(), ticketId: z.string(), agentId: z.string(), ...Parties },
  CallRejected: { at: Instant, callId, metaCallId: z.string() },
  /** How the call counts. Said again only when later evidence changed it; the last one holds. */
  CallConcluded: {
    at: Instant,
    callId,
    direction: Direction,
    ...Parties,
    ticketId: z.string().nullable(),
    agentId: z.string().nullable(),
    corrects: z.boolean(),
    ...Conclusion,
  },
};
