import type { CallbackCause } from './callback-events.ts';
import type { Ask, CallbackEvent, CallingBack, OpenRequest } from './callback-state.ts';
import { type Refusal, refuse } from './decider.ts';
import { defaultPolicies, policyAt } from './permission-policy.ts';
import { type Instant, wholeSecond } from './time.ts';

type Fields<T extends CallbackEvent['type']> = Omit<Extract<CallbackEvent, { type: T }>, 'type'>;
type Pair = { channelId: string; customerId: string };
type About = { at: Instant } & Pair;
type OfAgent = About & { callbackId: string; agentId: string };
type Asking = Omit<Fields<'CallbackRequested'>, 'callbackId' | 'expiresAt'>;
type Events = readonly CallbackEvent[];

/** The id of a customer's nth request on a channel; it needs no directory, for the pair can be read from it. */
const idOf = ({ channelId, customerId }: Pair, nth: number) => `${channelId}.${customerId}.${nth}`;

/** Whose request this is, by its id; `null` when it is no such id. */
export const pairOfCallback = (callbackId: string): Pair | null => {
  const [, channelId, customerId] = /^([\w-]+)\.(\w+)\.[1-9]\d*$/.exec(callbackId) ?? [];
  return channelId && customerId ? { channelId, customerId } : null;
};

/** A request ends with the permission that comes with it. */
const expiryOf = (at: Instant): Instant => at + policyAt(defaultPolicies, at).temporaryFor;

/**
 * Whether a customer who asked at an instant waits now: nobody has spoken with them since, and it has not run out. Meta tells
 * time in whole seconds: who asked in the second of a conversation asked after it, if we hear of it later.
 */
export const stillWaits = ({ reachedAt }: CallingBack, at: Instant, now: Instant): boolean =>
  at >= wholeSecond(reachedAt) && now < expiryOf(at);

const openAt = ({ callback }: CallingBack, at: Instant) => (callback && at < callback.expiresAt ? callback : null);

const factOf = ({ callbackId, ticketId }: OpenRequest, { at, channelId, customerId }: About) => ({
  at,
  channelId,
  customerId,
  ticketId,
  callbackId,
});

const overdue = ({ callback }: CallingBack, c: About): Events => {
  if (callback === null || c.at < callback.expiresAt) return [];
  return [{ type: 'CallbackExpired', ...factOf(callback, { ...c, at: callback.expiresAt }) }];
};

/** A call asks once, but tells more than the customer's word that came before it. */
const isKnown = (asks: readonly Ask[], { callId, because }: { callId: string | null; because: CallbackCause }) => {
  const told = callId === null ? undefined : asks.find((ask) => ask.callId === callId);
  return told !== undefined && (told.because !== 'customer_asked' || told.because === because);
};

const askedAgain = (open: OpenRequest, c: Asking, expiresAt: Instant): Events => {
  if (isKnown(open.asks, c)) return [];
  const { callId, because } = c;
  const until = Math.max(open.expiresAt, expiresAt);
  return [{ type: 'CallbackRequestRenewed', ...factOf(open, c), callId, because, expiresAt: until }];
};

const isOnlyOf = ({ asks }: OpenRequest, callId: string) => asks.every((ask) => ask.callId === callId);

/** What a connected call makes of a request; nothing where the customer has asked again since. */
const answered = (open: OpenRequest | null, c: Fields<'CustomerReached'>): Events => {
  if (open === null || open.asks.some(({ callId, at }) => callId !== c.callId && at > c.at)) return [];
  const fact = factOf(open, c);
  return isOnlyOf(open, c.callId)
    ? [{ type: 'CallbackClosed', ...fact, because: 'call_answered' }]
    : [{ type: 'CallbackFulfilled', ...fact, callId: c.callId, agentId: c.agentId }];
};

/** What may be done to an open request only. */
const onOpen =
  <C extends OfAgent>(decide: (open: OpenRequest, c: C) => Events | Refusal) =>
  (s: CallingBack, c: C): Events | Refusal => {
    const open = openAt(s, c.at);
    if (open?.callbackId === c.callbackId) return decide(open, c);
    const all = Array.from({ length: s.callbacks }, (_, i) => idOf(c, i + 1));
    return refuse(all.includes(c.callbackId) ? 'callback.closed' : 'callback.unknown');
  };

/** A ticket that is closed takes its request along, unless its time was up before. */
export const closedWithTicket = (s: CallingBack, c: About): Events => {
  const open = openAt(s, c.at);
  return open ? [{ type: 'CallbackClosed', ...factOf(open, c), because: 'ticket_resolved' }] : overdue(s, c);
};

/** What is decided about calling a customer back: at most one request is open, and it belongs to the open ticket. */
export const callbackDecisions = {
  /** `at`: when the customer asked; `now`: when we hear of it. What belongs to a ticket resolved since is settled with it. */
  RequestCallback: (s: CallingBack, { now, ...c }: Asking & { now: Instant }): Events => {
    if (c.ticketId !== s.ticketId || !stillWaits(s, c.at, now)) return [];
    const open = openAt(s, c.at);
    const expiresAt = expiryOf(c.at);
    if (open) return askedAgain(open, c, expiresAt);
    const callbackId = idOf(c, s.callbacks + 1);
    return [...overdue(s, c), { type: 'CallbackRequested', ...c, callbackId, expiresAt }];
  },

  /** Both sides are on the line. */
  RecordReached: (s: CallingBack, c: Fields<'CustomerReached'>): Events => [
    ...(c.at > s.reachedAt ? [{ type: 'CustomerReached' as const, ...c }] : []),
    ...answered(openAt(s, c.at), c),
  ],

  /** A call asks for nothing after all: what seemed to be the customer's word was only the permission that it brought. */
  WithdrawCallback: (s: CallingBack, { callId, ...c }: About & { callId: string }): Events => {
    const open = openAt(s, c.at);
    return open && isOnlyOf(open, callId) ? [{ type: 'CallbackClosed', ...factOf(open, c), because: 'not_asked' }] : [];
  },

  ClaimCallback: onOpen<OfAgent>((open, { agentId, ...c }) => {
    const { claim } = open;
    if (claim === null) return [{ type: 'CallbackClaimed', ...factOf(open, c), agentId }];
    const facts = { claimedBy: claim.agentId, claimedAt: claim.at };
    return claim.agentId === agentId ? [] : refuse('callback.already_claimed', { facts });
  }),

  /** By whoever claimed it, or by a manager: somebody who goes home must not block it. */
  ReleaseCallback: onOpen<OfAgent & { isManager: boolean }>((open, { agentId, isManager, ...c }) => {
    if (open.claim === null) return [];
    const { agentId: claimedBy } = open.claim;
    if (claimedBy !== agentId && !isManager) return refuse('callback.not_yours', { facts: { claimedBy } });
    return [{ type: 'CallbackReleased', ...factOf(open, c), agentId: claimedBy }];
  }),

  /** Fired by a timer when its time is up. */
  ExpireCallback: overdue,
};
