import type { call } from '../../domain/call.ts';

export type CallCommand = Parameters<typeof call.decide>[1];

/** When the call began by Meta's clock; every moment is told from here, in seconds. */
export const start = Date.UTC(2026, 0, 5, 12);
export const at = (seconds: number) => start + seconds * 1_000;
const callId = 'call-1';
const metaCallId = 'wacid.SYNTH1';

const parties = { channelId: '800000000000001', channelName: 'Growth India', customerId: 'asha' };
const person = { waId: null, customerName: null };
const seen = (receivedAt: number) => ({
  callId,
  receivedAt,
  ...parties,
  ...person,
  metaCallId,
  ctaPayload: null,
  deeplinkPayload: null,
});

/** How a `terminate` may look: its timing only when the call was connected. */
export type End = { after: number; talked?: number; failed?: boolean; metaErrorCode?: number };
const termination = ({ after, talked, failed = false, metaErrorCode }: End) => ({
  at: at(after),
  callId,
  connectedAt: talked === undefined ? null : at(after - talked),
  disconnectedAt: talked === undefined ? null : at(after),
  durationSeconds: talked ?? null,
  failed,
  metaErrorCode: metaErrorCode ?? null,
});

export const incoming = {
  received: (late = 0): CallCommand => ({ type: 'ReceiveCall', at: start, sdpOffer: 'v=0', ...seen(at(late)) }),
  routed: (after = 0, noAgent: Extract<CallCommand, { type: 'RouteCall' }>['noAgent'] = null): CallCommand => ({
    type: 'RouteCall',
    at: at(after),
    callId,
    ticketId: 't1',
    mode: 'round_robin',
    ruleVersion: 1,
    candidates: [],
    chosen: noAgent === null ? 'ben' : null,
    noAgent,
  }),
  queued: (after = 0, because: 'no_agent_available' | 'capacity_full' = 'no_agent_available'): CallCommand => ({
    type: 'RouteCall',
    at: at(after),
    callId,
    ticketId: 't1',
    mode: 'load_balancer',
    ruleVersion: 1,
    candidates: [],
    chosen: null,
    noAgent: null,
    queued: { because, until: at(60) },
  }),
  queueEnded: (after: number): CallCommand => ({ type: 'TimeOutQueue', at: at(after), callId }),
  offered: (after = 0, agentId = 'ben'): CallCommand => ({
    type: 'OfferCall',
    at: at(after),
    callId,
    offerId: `to-${agentId}`,
    agentId,
    agentName: null,
    team: null,
    expiresAt: at(after + 30),
  }),
  acknowledged: (after: number, agentId = 'ben'): CallCommand => ({
    type: 'AcknowledgeOffer',
    at: at(after),
    callId,
    offerId: `to-${agentId}`,
    agentId,
  }),
  declined: (after: number, agentId = 'ben'): CallCommand => ({ type: 'DeclineOffer', at: at(after), callId, agentId }),
  timedOut: (after: number, agentId = 'ben'): CallCommand => ({
    type: 'TimeOutOffer',
    at: at(after),
    callId,
    offerId: `to-${agentId}`,
  }),
  unacknowledged: (after: number, agentId = 'ben'): CallCommand => ({
    type: 'GiveUpUnacknowledged',
    at: at(after),
    callId,
    offerId: `to-${agentId}`,
  }),
  answered: (after: number, agentId = 'ben'): CallCommand => ({ type: 'AnswerCall', at: at(after), callId, agentId }),
  confirmed: (after: number, agentId = 'ben'): CallCommand => ({
    type: 'ConfirmAnswer',
    at: at(after),
    callId,
    agentId,
  }),
  answerFailed: (after: number, agentId = 'ben'): CallCommand => ({
    type: 'FailAnswer',
    at: at(after),
    callId,
    agentId,
    metaErrorCode: 138007,
  }),
  missed: (after: number, reason: Extract<CallCommand, { type: 'MissCall' }>['reason']): CallCommand => ({
    type: 'MissCall',
    at: at(after),
    callId,
    reason,
  }),
  terminated: (end: End): CallCommand => ({
    type: 'TerminateIncoming',
    ...termination(end),
    seen: seen(at(end.after)),
  }),
};

const ofMeta = (after: number) => ({ at: at(after), callId, metaCallId });
export const outgoing = {
  placed: (): CallCommand => ({
    type: 'PlaceCall',
    at: start,
    callId,
    ...parties,
    ...person,
    agentId: 'ben',
    agentName: null,
    team: null,
    ticketId: 't1',
  }),
  dialled: (after: number): CallCommand => ({ type: 'RecordDialled', ...ofMeta(after) }),
  refused: (after: number): CallCommand => ({
    type: 'RecordDialRefused',
    at: at(after),
    callId,
    metaErrorCode: 138006,
    refusal: 'permission.none',
  }),
  unknown: (after: number): CallCommand => ({ type: 'RecordDialUnknown', at: at(after), callId }),
  sdpAnswered: (after: number): CallCommand => ({ type: 'RecordSdpAnswer', ...ofMeta(after), sdpAnswer: 'v=0' }),
  ringing: (after: number): CallCommand => ({ type: 'RecordRinging', ...ofMeta(after) }),
  pickedUp: (after: number): CallCommand => ({ type: 'RecordPickedUp', ...ofMeta(after) }),
  rejected: (after: number): CallCommand => ({ type: 'RecordRejected', ...ofMeta(after) }),
  terminated: (end: End): CallCommand => ({ type: 'TerminateOutgoing', ...termination(end) }),
};

export const hungUp = (after: number, agentId = 'ben'): CallCommand => ({
  type: 'RequestEnd',
  at: at(after),
  callId,
  agentId,
});
export const givenUp = (after: number): CallCommand => ({ type: 'GiveUpCall', at: at(after), callId });
