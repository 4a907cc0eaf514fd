import type { Call, CallEvent, Offer } from '../domain/call-state.ts';
import type { Instant } from '../domain/time.ts';

/** One agent's part in an incoming call: "the call was missed" and "this agent did not pick up" are different facts. */
export type Leg = {
  readonly offerId: string;
  readonly agentId: string;
  readonly agentName: string | null;
  readonly team: string | null;
  readonly offeredAt: Instant;
  readonly expiresAt: Instant;
  readonly state: Offer['state'];
  readonly changedAt: Instant;
};

/** One event of a call's timeline. */
export type Step = { readonly eventId: string; readonly type: string; readonly at: Instant };

const offered = (event: Extract<CallEvent, { type: 'CallOffered' }>): Leg => ({
  offerId: event.offerId,
  agentId: event.agentId,
  agentName: event.agentName,
  team: event.team,
  offeredAt: event.at,
  expiresAt: event.expiresAt,
  state: 'ringing',
  changedAt: event.at,
});

/** The legs after one more event, given the state of the call after it. */
export const legsAfter = (legs: readonly Leg[], { offers }: Call, event: CallEvent): readonly Leg[] => {
  if (event.type === 'CallOffered') return [...legs, offered(event)];
  return legs.map((leg) => {
    const state = offers.find(({ offerId }) => offerId === leg.offerId)?.state ?? leg.state;
    return state === leg.state ? leg : { ...leg, state, changedAt: event.at };
  });
};

/** By what a customer called: the button of a message (an invite of ours, if it is one), a link, or our profile. */
export type Origin =
  | { readonly kind: 'call_button'; readonly inviteId: string | null; readonly payload: string }
  | { readonly kind: 'deep_link'; readonly payload: string }
  | { readonly kind: 'profile' };

/** Where a call came from, given the invite it is known to come from. */
export const originOf = (
  { direction, payloads: { ctaPayload, deeplinkPayload } }: Call,
  inviteId: string | null,
): Origin | null => {
  if (direction !== 'incoming') return null;
  if (ctaPayload !== null) return { kind: 'call_button', inviteId, payload: ctaPayload };
  return deeplinkPayload === null ? { kind: 'profile' } : { kind: 'deep_link', payload: deeplinkPayload };
};

/** What a call's status rests on, strongest first: Meta's timing, the customer's word, ours, Meta's failure. */
export const callEvidence = (s: Call) => ({
  metaConnectedAt: s.ended?.connectedAt ?? null,
  metaDisconnectedAt: s.ended?.disconnectedAt ?? null,
  metaDurationSeconds: s.ended?.durationSeconds ?? null,
  customerPickedUpAt: s.pickedUpAt,
  agentAnsweredAt: s.answeredAt,
  customerRejectedAt: s.rejectedAt,
  endRequestedAt: s.endRequestedAt,
  hungUpAt: s.hungUpAt,
  refusedAt: s.refusedAt,
  metaFailed: s.ended?.failed ?? null,
  metaErrorCode: s.ended?.metaErrorCode ?? null,
  endedFrom: s.ended?.from ?? null,
});
