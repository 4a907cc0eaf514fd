import type { CallbackCause } from '../domain/callback-events.ts';
import { type Ask, withAsk } from '../domain/callback-state.ts';
import type { Named } from '../domain/index.ts';
import type { Instant } from '../domain/time.ts';
import { projection } from './projection.ts';

export type CallbackRequest = {
  /** What the routes call it; the same as `callbackId`, which is what events call it. */
  readonly id: string;
  readonly callbackId: string;
  readonly state: 'requested' | 'claimed' | 'fulfilled' | 'expired' | 'closed';
  readonly channelId: string;
  readonly channelName: string;
  readonly customer: { readonly customerId: string; readonly waId: string | null; readonly name: string | null };
  readonly ticketId: string;
  /** How they first asked: by which call, why, when; and how often since. */
  readonly callId: string | null;
  readonly because: CallbackCause;
  readonly requestedAt: Instant;
  readonly lastRequestedAt: Instant;
  readonly count: number;
  readonly claimedBy: string | null;
  readonly claimedAt: Instant | null;
  readonly expiresAt: Instant;
  readonly closedAt: Instant | null;
  /** Why it was closed, where it was neither fulfilled nor expired. */
  readonly closedBecause: Named<'CallbackClosed'>['because'] | null;
  readonly fulfilledBy: { readonly callId: string; readonly agentId: string | null } | null;
  readonly detail: { readonly asks: readonly Ask[] };
};

const withAsks = (before: readonly Ask[], ask: Ask) => {
  const asks = withAsk(before, ask).toSorted((a, b) => a.at - b.at);
  const { callId, because, at: requestedAt } = asks[0] ?? ask;
  return {
    callId,
    because,
    requestedAt,
    lastRequestedAt: asks.at(-1)?.at ?? ask.at,
    count: asks.length,
    detail: { asks },
  };
};

/** A handler that only concerns a request that is there. */
const known =
  <E>(change: (event: E, doc: CallbackRequest) => Partial<CallbackRequest>) =>
  (doc: CallbackRequest | null, event: E) =>
    doc && { ...doc, ...change(event, doc) };

const open = { claimedBy: null, claimedAt: null, closedAt: null, closedBecause: null, fulfilledBy: null };
const oldestFirst = { 'doc.requestedAt': 1, _id: 1 } as const;

/** The customers who wait or waited to be called back, one document per request, keyed by its id. */
export const callbackRequests = projection<CallbackRequest>({
  name: 'callback_requests',
  version: 1,
  indexes: [
    [{ store: 1, ...oldestFirst }],
    [{ store: 1, 'doc.state': 1, ...oldestFirst }],
    [{ store: 1, 'doc.claimedBy': 1, ...oldestFirst }],
    [{ store: 1, 'doc.expiresAt': 1, _id: 1 }],
  ],
})(
  {
    CallbackRequested: (
      _,
      { callbackId, ticketId, channelId, channelName, customerId, waId, customerName, ...event },
    ) => ({
      id: callbackId,
      callbackId,
      state: 'requested',
      channelId,
      channelName,
      customer: { customerId, waId, name: customerName },
      ticketId,
      ...withAsks([], event),
      expiresAt: event.expiresAt,
      ...open,
    }),
    CallbackRequestRenewed: known((event: Named<'CallbackRequestRenewed'>, { detail }) => ({
      ...withAsks(detail.asks, event),
      expiresAt: event.expiresAt,
    })),
    CallbackClaimed: known(({ at, agentId }) => ({ state: 'claimed', claimedBy: agentId, claimedAt: at })),
    CallbackReleased: known(() => ({ state: 'requested', claimedBy: null, claimedAt: null })),
    CallbackFulfilled: known(({ at, callId, agentId }) => ({
      state: 'fulfilled',
      closedAt: at,
      fulfilledBy: { callId, agentId },
    })),
    CallbackExpired: known(({ at }) => ({ state: 'expired', closedAt: at })),
    CallbackClosed: known(({ at, because }) => ({ state: 'closed', closedAt: at, closedBecause: because })),
  },
  ({ callbackId }) => callbackId,
);
