import type { CallStatus } from '../domain/call-events.ts';
import type { Instant } from '../domain/time.ts';
import { projection } from './projection.ts';

export type InboxCall = {
  readonly callId: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly state: 'ringing' | 'answering' | 'connected' | 'dialling' | 'ended';
  /** Whose call panel shows it: who is offered the call, or who has it. */
  readonly agentId: string | null;
  readonly offerId: string | null;
  readonly channelId: string;
  readonly channelName: string;
  /** The customer, whichever side called. */
  readonly from: { readonly customerId: string; readonly waId: string | null; readonly name: string | null };
  readonly ticketId: string | null;
  readonly sdpOffer: string | null;
  readonly sdpAnswer: string | null;
  readonly startedAt: Instant;
  readonly expiresAt: Instant | null;
  readonly answeredAt: Instant | null;
  readonly endedAt: Instant | null;
  /** How it counts, once it has ended. */
  readonly status: CallStatus | null;
};

type Begun = {
  readonly callId: string;
  readonly at: Instant;
  readonly channelId: string;
  readonly channelName: string;
  readonly customerId: string;
  readonly waId: string | null;
  readonly customerName: string | null;
};

const begun = ({ callId, at, channelId, channelName, customerId, waId, customerName }: Begun) => ({
  callId,
  channelId,
  channelName,
  from: { customerId, waId, name: customerName },
  offerId: null,
  sdpOffer: null,
  sdpAnswer: null,
  startedAt: at,
  expiresAt: null,
  answeredAt: null,
  endedAt: null,
  status: null,
});

/** A change of a call that goes on; an ended one stays as it is. */
const live =
  <E>(change: (doc: InboxCall, event: E) => Partial<InboxCall>) =>
  (doc: InboxCall | null, event: E): InboxCall | null =>
    doc && (doc.state === 'ended' ? doc : { ...doc, ...change(doc, event) });

const notOffered = { agentId: null, offerId: null, expiresAt: null };

/** The offer is off that agent's panel; the call may be offered to another. */
const withdrawn = live((doc, { offerId }: { offerId: string }) => (doc.offerId === offerId ? notOffered : {}));

const connected = live((_, { at, agentId, ticketId }: { at: Instant; agentId: string; ticketId: string }) => ({
  state: 'connected',
  agentId,
  ticketId,
  answeredAt: at,
  expiresAt: null,
}));

/** Over: the session descriptions are of no more use to anybody. */
const ended = (doc: InboxCall | null, { endedAt, status }: { endedAt: Instant; status: CallStatus }) => {
  if (!doc?.agentId) return null; // on nobody's panel
  const over = { state: 'ended', endedAt, status, sdpOffer: null, sdpAnswer: null, expiresAt: null } as const;
  return { ...doc, ...over };
};

const standing = ({ state, agentId }: InboxCall) => {
  if (state === 'ended') return 'leaving';
  return agentId === null ? 'resting' : 'shown';
};

/** The agents' call panels: the calls offered to them and those they have, keyed by `callId`. */
export const inbox = projection<InboxCall>({
  name: 'inbox',
  version: 1,
  indexes: [[{ store: 1, 'doc.agentId': 1, 'doc.startedAt': -1, _id: -1 }]],
  standing,
})(
  {
    CallReceived: (doc, event) =>
      doc ?? {
        ...begun(event),
        direction: 'incoming',
        state: 'ringing',
        agentId: null,
        ticketId: null,
        sdpOffer: event.sdpOffer,
      },
    CallPlaced: (doc, event) =>
      doc ?? {
        ...begun(event),
        direction: 'outgoing',
        state: 'dialling',
        agentId: event.agentId,
        ticketId: event.ticketId,
      },
    CallOffered: live((_, { offerId, agentId, ticketId, expiresAt }) => ({
      state: 'ringing',
      offerId,
      agentId,
      ticketId,
      expiresAt,
    })),
    OfferDeclined: withdrawn,
    OfferTimedOut: withdrawn,
    OfferNotAcknowledged: withdrawn,
    CallAnswering: live(() => ({ state: 'answering' })),
    CallAnswerFailed: withdrawn,
    CallAnswered: connected,
    SdpAnswerReceived: live((_, { sdpAnswer }) => ({ sdpAnswer })),
    CallRinging: live((doc) => (doc.state === 'dialling' ? { state: 'ringing' } : {})),
    CallPickedUp: connected,
    CallConcluded: ended,
  },
  ({ callId }) => callId,
);
