import { present } from '../http/present.ts';
import type { InboxCall } from '../projections/inbox.ts';

/** What an agent's page knows of a call by our signals. */
export type Known = {
  readonly phase: 'offered' | 'theirs' | 'connected' | 'ended';
  readonly offerId: string | null;
  readonly hasAnswer: boolean;
};

export type Signal = { readonly type: `call.${string}`; readonly [field: string]: unknown };

type Step = { readonly signals: readonly Signal[]; readonly known: Known | null };

type Situation = {
  readonly callId: string;
  /** The call as it is on somebody's panel; `null`: on nobody's. */
  readonly call: InboxCall | null;
  readonly agentId: string;
  readonly known: Known | null;
  readonly now: number;
};

/** What to tell an agent about a call, given what was told before. SDP goes to the agent whose call it is, to nobody else. */
export const signalsOf = ({ callId, call, agentId, known, now }: Situation): Step => {
  if (call?.agentId !== agentId) return { signals: notTheirs(callId, known), known: null };
  if (call.state === 'ended') return { signals: ended(call, known), known: { ...phase(call, known), phase: 'ended' } };
  if (isOffer(call)) return offered(call, known, now);
  const signals = [...answer(call, known), ...connected(call, known)];
  return { signals, known: phase(call, known) };
};

const isOffer = ({ direction, state }: InboxCall) => direction === 'incoming' && state === 'ringing';

const phase = (call: InboxCall, known: Known | null): Known => ({
  phase: call.state === 'connected' ? 'connected' : 'theirs',
  offerId: call.offerId,
  hasAnswer: call.sdpAnswer !== null || (known?.hasAnswer ?? false),
});

const withdrawn = (callId: string, known: Known | null): readonly Signal[] =>
  known?.phase === 'offered' ? [{ type: 'call.withdrawn', callId, offerId: known.offerId }] : [];

const notTheirs = (callId: string, known: Known | null): readonly Signal[] => {
  if (known === null || known.phase === 'ended') return [];
  return known.phase === 'connected'
    ? [{ type: 'call.ended', callId, status: null }]
    : [{ type: 'call.withdrawn', callId, offerId: known.offerId }];
};

const offered = (call: InboxCall, known: Known | null, now: number): Step => {
  const { callId, offerId, expiresAt } = call;
  if (known?.phase === 'offered' && known.offerId === offerId) return { signals: [], known };
  const earlier = withdrawn(callId, known);
  if (offerId === null || expiresAt === null || expiresAt <= now) return { signals: earlier, known: null };
  const { from, ticketId, channelId, channelName, sdpOffer } = call;
  const shown = present({ callId, offerId, from, ticketId, channelId, channelName, sdpOffer, expiresAt }) as object;
  return {
    signals: [...earlier, { type: 'call.offer', ...shown }],
    known: { phase: 'offered', offerId, hasAnswer: false },
  };
};

/** The other side's session description, of a call the agent placed. */
const answer = ({ callId, direction, sdpAnswer }: InboxCall, known: Known | null): readonly Signal[] =>
  direction === 'outgoing' && sdpAnswer !== null && !known?.hasAnswer
    ? [{ type: 'call.answer', callId, sdpAnswer }]
    : [];

const connected = ({ callId, ticketId, state, answeredAt }: InboxCall, known: Known | null): readonly Signal[] =>
  state === 'connected' && known?.phase !== 'connected'
    ? [{ type: 'call.connected', ...(present({ callId, ticketId, answeredAt }) as object) }]
    : [];

const ended = ({ callId, status, endedAt }: InboxCall, known: Known | null): readonly Signal[] =>
  known?.phase === 'ended'
    ? []
    : [...withdrawn(callId, known), { type: 'call.ended', ...(present({ callId, status, endedAt }) as object) }];
