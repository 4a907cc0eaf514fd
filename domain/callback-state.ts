import type { CallbackCause, callbackEvents } from './callback-events.ts';
import type { EventOf } from './decider.ts';
import type { Instant } from './time.ts';

export type CallbackEvent = EventOf<typeof callbackEvents>;

/** One time that a customer asked. */
export type Ask = { readonly callId: string | null; readonly at: Instant; readonly because: CallbackCause };

export type OpenRequest = {
  readonly callbackId: string;
  readonly ticketId: string;
  readonly expiresAt: Instant;
  readonly claim: { readonly agentId: string; readonly at: Instant } | null;
  readonly asks: readonly Ask[];
};

/** What a conversation knows for its callback requests. */
export type CallingBack = {
  readonly ticketId: string | null;
  /** The open one, if any; it belongs to the open ticket. */
  readonly callback: OpenRequest | null;
  /** How many there have been. */
  readonly callbacks: number;
  /** When both sides last spoke. */
  readonly reachedAt: Instant;
};

/** Before anybody asked. */
export const noCallbacks: Omit<CallingBack, 'ticketId'> = { callback: null, callbacks: 0, reachedAt: 0 };

/** These asks and one more; of one call the later word holds. */
export const withAsk = (asks: readonly Ask[], { callId, at, because }: Ask): readonly Ask[] => [
  ...asks.filter((ask) => callId === null || ask.callId !== callId),
  { callId, at, because },
];

const withOpen = <S extends CallingBack>(s: S, change: Partial<OpenRequest>): S => ({
  ...s,
  callback: s.callback && { ...s.callback, ...change },
});

const over = <S extends CallingBack>(s: S): S => ({ ...s, callback: null });

/** The state of a conversation's callback requests after each event. */
export const evolveCallbacks: {
  [K in CallbackEvent['type']]: <S extends CallingBack>(s: S, event: Extract<CallbackEvent, { type: K }>) => S;
} = {
  CallbackRequested: (s, { callbackId, ticketId, expiresAt, ...ask }) => ({
    ...s,
    callback: { callbackId, ticketId, expiresAt, claim: null, asks: withAsk([], ask) },
    callbacks: s.callbacks + 1,
  }),
  CallbackRequestRenewed: (s, { expiresAt, ...ask }) =>
    withOpen(s, { expiresAt, asks: withAsk(s.callback?.asks ?? [], ask) }),
  CallbackClaimed: (s, { agentId, at }) => withOpen(s, { claim: { agentId, at } }),
  CallbackReleased: (s) => withOpen(s, { claim: null }),
  CallbackFulfilled: over,
  CallbackExpired: over,
  CallbackClosed: over,
  CustomerReached: (s, { at }) => ({ ...s, reachedAt: Math.max(s.reachedAt, at) }),
};
