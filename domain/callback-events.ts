import { z } from 'zod';
import { MissReason } from './call-events.ts';
import { personal } from './personal.ts';
import { Instant } from './time.ts';

/** The misses that ask for a callback: nobody was there. After any other somebody was, or there was never to be anybody. */
const NobodyThere = MissReason.extract(['outside_hours', 'no_agent_available', 'capacity_full', 'queue_timeout']);

/** Why a customer waits for a callback: how their call was missed, or that they asked for it without one. */
export const CallbackCause = z.enum([...NobodyThere.options, 'customer_asked']);
export type CallbackCause = z.infer<typeof CallbackCause>;

/** What a missed call asks for a callback by; `null` when it asks for none. */
export const callbackCauseOf = (reason: MissReason | null): CallbackCause | null =>
  NobodyThere.safeParse(reason).data ?? null;

const Pair = { channelId: z.string(), customerId: z.string() };

const ofRequest = { at: Instant, ...Pair, ticketId: z.string(), callbackId: z.string() };

/** `at` is when the customer asked; `callId`: by which call. */
const asked = { ...ofRequest, callId: z.string().nullable(), because: CallbackCause, expiresAt: Instant };

/** A customer who waits to be called back, and what becomes of it. */
export const callbackEvents = {
  CallbackRequested: {
    ...asked,
    channelName: z.string(),
    waId: personal(z.string()),
    customerName: personal(z.string()),
  },
  /** They asked once more while the request was open. */
  CallbackRequestRenewed: asked,
  CallbackClaimed: { ...ofRequest, agentId: z.string() },
  /** `agentId`: whose it was. */
  CallbackReleased: { ...ofRequest, agentId: z.string() },
  /** A call connected, whoever called. */
  CallbackFulfilled: { ...ofRequest, callId: z.string(), agentId: z.string().nullable() },
  CallbackExpired: ofRequest,
  /** `call_answered`, `not_asked`: it came of a call that, as was heard later, asks for nothing. */
  CallbackClosed: { ...ofRequest, because: z.enum(['ticket_resolved', 'call_answered', 'not_asked']) },
  /** Both sides spoke. Known also while nobody waits: a request from before may be heard of later. */
  CustomerReached: { at: Instant, ...Pair, callId: z.string(), agentId: z.string().nullable() },
};
