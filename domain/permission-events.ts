import { z } from 'zod';
import { personal } from './personal.ts';
import { MessageMethod, TemplateName } from './service-window.ts';
import { Instant } from './time.ts';

const Pair = { channelId: z.string(), customerId: z.string(), ticketId: z.string().nullable() };
const requestId = z.string();
const callId = z.string();
/** Which answer of the customer says so; `null` where none does. */
const replyId = z.string().nullable().default(null);

export const GrantSource = z.enum(['request', 'callback', 'profile', 'meta']);
/** How an outgoing call ended, as far as the limits are concerned. */
export const OutgoingResult = z.enum(['connected', 'unanswered', 'declined', 'cancelled', 'failed']);
export type OutgoingResult = z.infer<typeof OutgoingResult>;

export const RevokedBecause = z.enum(['customer', 'unanswered_calls', 'meta']);
export type RevokedBecause = z.infer<typeof RevokedBecause>;

/** A limit on asking or calling one customer in a window that rolls (`period` in ms), and how far it is used up. */
const PairLimit = z.object({
  action: z.enum(['request', 'call']),
  period: z.int().positive(),
  maxAllowed: z.int().positive(),
  used: z.int().nonnegative().max(1_000),
  /** Of a full one: when there is room again, where that is known. */
  freeAt: Instant.nullable(),
});
export type PairLimit = Readonly<z.infer<typeof PairLimit>>;

/** How a permission stands, in Meta's words or in ours. */
const PermissionStanding = z.object({
  status: z.enum(['none', 'temporary', 'permanent']),
  until: Instant.nullable(),
  limits: z.array(PairLimit),
});
export type PermissionStanding = Omit<z.infer<typeof PermissionStanding>, 'limits'> & {
  readonly limits: readonly PairLimit[];
};

/** A customer's leave for us to call, and everything that uses it up. `ticketId`: the ticket open at the time. */
export const permissionEvents = {
  PermissionRequested: {
    at: Instant,
    ...Pair,
    requestId,
    method: MessageMethod,
    template: TemplateName.nullable(),
    body: personal(z.string()),
    agentId: z.string(),
  },
  PermissionRequestSent: { at: Instant, ...Pair, requestId, messageId: z.string() },
  /** Meta refused to send it: it does not count. */
  PermissionRequestRefused: { at: Instant, ...Pair, requestId, metaErrorCode: z.int().nullable() },
  PermissionRequestDelivered: { at: Instant, ...Pair, requestId },
  /** It failed on its way: it does not count. */
  PermissionRequestUndelivered: { at: Instant, ...Pair, requestId, metaErrorCode: z.int().nullable() },
  /** Nobody knew whether it reached Meta, and Meta has not counted it: it does not count. */
  PermissionRequestNeverArrived: { at: Instant, ...Pair, requestId },
  PermissionRequestExpired: {
    at: Instant,
    ...Pair,
    requestId,
    because: z.enum(['newer_request_answered', 'answered_long_ago', 'no_answer']),
  },
  PermissionGranted: {
    at: Instant,
    ...Pair,
    source: GrantSource,
    requestId: requestId.nullable(),
    callId: callId.nullable(),
    permanent: z.boolean(),
    until: Instant.nullable(),
    replyId,
  },
  PermissionDeclined: { at: Instant, ...Pair, requestId: requestId.nullable(), replyId },
  PermissionRevoked: { at: Instant, ...Pair, because: RevokedBecause, replyId },
  PermissionExpired: { at: Instant, ...Pair },
  OutgoingCallAuthorised: { at: Instant, ...Pair, callId, agentId: z.string() },
  OutgoingCallConnected: { at: Instant, ...Pair, callId },
  OutgoingCallEnded: { at: Instant, ...Pair, callId, result: OutgoingResult },
  IncomingCallBegan: { at: Instant, ...Pair, callId },
  IncomingCallConnected: { at: Instant, ...Pair, callId },
  IncomingCallEnded: { at: Instant, ...Pair, callId },
  UnansweredWarningRaised: { at: Instant, ...Pair, unanswered: z.int().positive() },
  /** Meta's refusal contradicts what we believed; ours follows. */
  MetaDisagreed: { at: Instant, ...Pair, metaErrorCode: z.int(), nextAllowedAt: Instant.nullable() },
  /** Asked at `at`, Meta told otherwise than we believed; ours follows. What cannot be compared is left out. */
  MetaReportDiffered: { at: Instant, ...Pair, said: PermissionStanding, believed: PermissionStanding },
};
