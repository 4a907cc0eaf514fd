import { catalogue, type DomainEvent, type Named } from '../../domain/index.ts';
import { minutes, seconds } from '../../domain/time.ts';
import { foldBatch } from '../../projections/fold-batch.ts';
import type { Projection, Stored } from '../../projections/projection.ts';
import type { Recorded } from '../../store/event-log.ts';

/** The instant at which the stories of these tests begin. */
export const noon = Date.UTC(2026, 0, 5, 12);
export const at = (minute: number) => noon + minutes(minute);

const pair = { channelId: 'ch1', customerId: 'cus_mia' };
const parties = { ...pair, channelName: 'Support' };
const person = { waId: '4915112345', customerName: 'Mia' };
const ids = { ticketId: 't1', ...pair };
const ofCallback = { ...ids, callbackId: 'ch1.cus_mia.1' };
const aWeek = 7 * 24 * 60;

type Over<T extends DomainEvent['type']> = Partial<Named<T>>;

/** Events of one story: customer Mia, channel ch1, call c1, ticket t1, agent Asha, unless told otherwise. */
export const happened = {
  received: (minute: number, over: Over<'CallReceived'> = {}): Named<'CallReceived'> => ({
    type: 'CallReceived',
    at: at(minute),
    receivedAt: at(minute),
    callId: 'c1',
    ...parties,
    ...person,
    metaCallId: 'wacid.1',
    seenBy: 'connect',
    sdpOffer: 'v=0 offer',
    ctaPayload: null,
    deeplinkPayload: null,
    ...over,
  }),
  routed: (minute: number, over: Over<'CallRouted'> = {}): Named<'CallRouted'> => ({
    type: 'CallRouted',
    at: at(minute),
    callId: 'c1',
    ticketId: 't1',
    mode: 'round_robin',
    ruleVersion: 1,
    candidates: [{ agentId: 'asha', passedOver: null }],
    chosen: 'asha',
    missReason: null,
    journeyId: null,
    queued: null,
    ...over,
  }),
  offered: (minute: number, over: Over<'CallOffered'> = {}): Named<'CallOffered'> => ({
    type: 'CallOffered',
    at: at(minute),
    callId: 'c1',
    offerId: 'o1',
    agentId: 'asha',
    ticketId: 't1',
    agentName: 'Asha',
    team: 'voice',
    expiresAt: at(minute) + seconds(30),
    ...over,
  }),
  declined: (minute: number, over: Over<'OfferDeclined'> = {}): Named<'OfferDeclined'> => ({
    type: 'OfferDeclined',
    at: at(minute),
    callId: 'c1',
    offerId: 'o1',
    agentId: 'asha',
    ticketId: 't1',
    ...over,
  }),
  answering: (minute: number, over: Over<'CallAnswering'> = {}): Named<'CallAnswering'> => ({
    type: 'CallAnswering',
    at: at(minute),
    callId: 'c1',
    offerId: 'o1',
    agentId: 'asha',
    ticketId: 't1',
    ...over,
  }),
  answered: (minute: number, over: Over<'CallAnswered'> = {}): Named<'CallAnswered'> => ({
    type: 'CallAnswered',
    at: at(minute),
    callId: 'c1',
    ticketId: 't1',
    agentId: 'asha',
    ...parties,
    ...over,
  }),
  missed: (minute: number, over: Over<'CallMissed'> = {}): Named<'CallMissed'> => ({
    type: 'CallMissed',
    at: at(minute),
    callId: 'c1',
    ...parties,
    ...person,
    ticketId: 't1',
    agentId: 'asha',
    agentName: 'Asha',
    team: 'voice',
    reason: 'agent_did_not_answer',
    hangUp: true,
    metaCallId: 'wacid.1',
    ...over,
  }),
  placed: (minute: number, over: Over<'CallPlaced'> = {}): Named<'CallPlaced'> => ({
    type: 'CallPlaced',
    at: at(minute),
    callId: 'c2',
    ...parties,
    ...person,
    agentId: 'asha',
    agentName: 'Asha',
    team: 'voice',
    ticketId: 't1',
    ...over,
  }),
  rang: (minute: number, over: Over<'CallRinging'> = {}): Named<'CallRinging'> => ({
    type: 'CallRinging',
    at: at(minute),
    callId: 'c2',
    metaCallId: 'wacid.2',
    ...over,
  }),
  sdpAnswered: (minute: number, over: Over<'SdpAnswerReceived'> = {}): Named<'SdpAnswerReceived'> => ({
    type: 'SdpAnswerReceived',
    at: at(minute),
    callId: 'c2',
    metaCallId: 'wacid.2',
    customerId: 'cus_mia',
    sdpAnswer: 'v=0 answer',
    ...over,
  }),
  pickedUp: (minute: number, over: Over<'CallPickedUp'> = {}): Named<'CallPickedUp'> => ({
    type: 'CallPickedUp',
    at: at(minute),
    callId: 'c2',
    metaCallId: 'wacid.2',
    ticketId: 't1',
    agentId: 'asha',
    ...parties,
    ...over,
  }),
  ended: (minute: number, over: Over<'CallEnded'> = {}): Named<'CallEnded'> => ({
    type: 'CallEnded',
    at: at(minute),
    callId: 'c1',
    from: 'meta',
    connectedAt: null,
    disconnectedAt: null,
    durationSeconds: null,
    failed: false,
    metaErrorCode: null,
    ...over,
  }),
  concluded: (minute: number, over: Over<'CallConcluded'> = {}): Named<'CallConcluded'> => ({
    type: 'CallConcluded',
    at: at(minute),
    callId: 'c1',
    direction: 'incoming',
    ...parties,
    ticketId: 't1',
    agentId: 'asha',
    corrects: false,
    status: 'missed',
    subStatus: null,
    missReason: 'agent_did_not_answer',
    startedAt: noon,
    answeredAt: null,
    endedAt: at(minute),
    ringSeconds: 30,
    talkSeconds: 0,
    endedBy: 'system',
    ...over,
  }),
  opened: (minute: number, over: Over<'TicketOpened'> = {}): Named<'TicketOpened'> => ({
    type: 'TicketOpened',
    at: at(minute),
    ...ids,
    channelName: 'Support',
    ...person,
    because: 'incoming_call',
    callId: 'c1',
    ...over,
  }),
  linked: (minute: number, over: Over<'CallLinked'> = {}): Named<'CallLinked'> => ({
    type: 'CallLinked',
    at: at(minute),
    ...ids,
    callId: 'c1',
    direction: 'incoming',
    agentId: null,
    ...over,
  }),
  linkAnswered: (minute: number, over: Over<'LinkedCallAnswered'> = {}): Named<'LinkedCallAnswered'> => ({
    type: 'LinkedCallAnswered',
    at: at(minute),
    ...ids,
    callId: 'c1',
    direction: 'incoming',
    agentId: 'asha',
    ...over,
  }),
  linkEnded: (minute: number, over: Over<'LinkedCallEnded'> = {}): Named<'LinkedCallEnded'> => ({
    type: 'LinkedCallEnded',
    at: at(minute),
    ...ids,
    callId: 'c1',
    direction: 'incoming',
    agentId: 'asha',
    status: 'missed',
    subStatus: null,
    missReason: 'agent_did_not_answer',
    ...over,
  }),
  assigned: (minute: number, over: Over<'TicketAssigned'> = {}): Named<'TicketAssigned'> => ({
    type: 'TicketAssigned',
    at: at(minute),
    ...ids,
    agentId: 'asha',
    teamId: null,
    because: 'routed',
    ...over,
  }),
  responded: (minute: number, over: Over<'FirstResponseMade'> = {}): Named<'FirstResponseMade'> => ({
    type: 'FirstResponseMade',
    at: at(minute),
    ...ids,
    agentId: 'asha',
    callId: 'c1',
    because: 'answered',
    secondsAfterOpening: 60,
    ...over,
  }),
  resolved: (minute: number, over: Over<'TicketResolved'> = {}): Named<'TicketResolved'> => ({
    type: 'TicketResolved',
    at: at(minute),
    ...ids,
    agentId: 'asha',
    ...over,
  }),
  reopened: (minute: number, over: Over<'TicketReopened'> = {}): Named<'TicketReopened'> => ({
    type: 'TicketReopened',
    at: at(minute),
    ...ids,
    agentId: 'asha',
    ...over,
  }),
  noted: (minute: number, over: Over<'NoteAdded'> = {}): Named<'NoteAdded'> => ({
    type: 'NoteAdded',
    at: at(minute),
    ...ids,
    agentId: 'asha',
    text: 'call again on Monday',
    ...over,
  }),
  dismissed: (minute: number, over: Over<'MissedCallsDismissed'> = {}): Named<'MissedCallsDismissed'> => ({
    type: 'MissedCallsDismissed',
    at: at(minute),
    ...ids,
    agentId: 'asha',
    reason: 'wrong number',
    ...over,
  }),
  inviteUsed: (minute: number, over: Over<'CallInviteUsed'> = {}): Named<'CallInviteUsed'> => ({
    type: 'CallInviteUsed',
    at: at(minute),
    ...ids,
    inviteId: 'i1',
    callId: 'c1',
    ...over,
  }),
  callbackRequested: (minute: number, over: Over<'CallbackRequested'> = {}): Named<'CallbackRequested'> => ({
    type: 'CallbackRequested',
    at: at(minute),
    ...ofCallback,
    callId: 'c1',
    because: 'outside_hours',
    channelName: 'Support',
    ...person,
    expiresAt: at(minute + aWeek),
    ...over,
  }),
  callbackRenewed: (minute: number, over: Over<'CallbackRequestRenewed'> = {}): Named<'CallbackRequestRenewed'> => ({
    type: 'CallbackRequestRenewed',
    at: at(minute),
    ...ofCallback,
    callId: 'c3',
    because: 'no_agent_available',
    expiresAt: at(minute + aWeek),
    ...over,
  }),
  callbackClaimed: (minute: number, over: Over<'CallbackClaimed'> = {}): Named<'CallbackClaimed'> => ({
    type: 'CallbackClaimed',
    at: at(minute),
    ...ofCallback,
    agentId: 'asha',
    ...over,
  }),
  callbackReleased: (minute: number): Named<'CallbackReleased'> => ({
    type: 'CallbackReleased',
    at: at(minute),
    ...ofCallback,
    agentId: 'asha',
  }),
  callbackFulfilled: (minute: number): Named<'CallbackFulfilled'> => ({
    type: 'CallbackFulfilled',
    at: at(minute),
    ...ofCallback,
    callId: 'c2',
    agentId: 'asha',
  }),
  callbackExpired: (minute: number): Named<'CallbackExpired'> => ({
    type: 'CallbackExpired',
    at: at(minute),
    ...ofCallback,
  }),
  callbackClosed: (minute: number): Named<'CallbackClosed'> => ({
    type: 'CallbackClosed',
    at: at(minute),
    ...ofCallback,
    because: 'ticket_resolved',
  }),
  granted: (minute: number, over: Over<'PermissionGranted'> = {}): Named<'PermissionGranted'> => ({
    type: 'PermissionGranted',
    at: at(minute),
    ...ids,
    source: 'request',
    requestId: 'r1',
    callId: null,
    permanent: false,
    until: at(minute + aWeek),
    replyId: null,
    ...over,
  }),
};

const aggregateOf: Readonly<Record<string, (event: never, store: string) => string>> = {
  call: ({ callId }: { callId: string }) => callId,
  ticket: ({ ticketId }: { ticketId: string }) => ticketId,
  agent: ({ agentId }: { agentId: string }, store) => `${store}.${agentId}`,
  channel: ({ channelId }: { channelId: string }) => channelId,
  routing: (_, store) => store,
};

/** The stream an event of these stories belongs to. */
export const streamOf = (event: DomainEvent, store = 'demo') => {
  const { category } = catalogue.get(event.type)!;
  const pairId = ({ channelId, customerId }: typeof pair) => `${channelId}.${customerId}`;
  return `${category}-${(aggregateOf[category] ?? pairId)(event as never, store)}`;
};

/** The events as the log would hand them out: positions 10, 20, 30 and ids e10, e20, e30. */
export const recorded = (events: readonly DomainEvent[]): Recorded[] =>
  events.map((event, i) => {
    const position = BigInt(i + 1) * 10n;
    return {
      event,
      stream: streamOf(event),
      revision: BigInt(i),
      position,
      id: `e${position}`,
      metadata: {
        store: 'demo',
        actor: { type: 'agent', id: 'asha' },
        $correlationId: 'x',
        $causationId: 'x',
        commandId: `k${i}`,
        schemaVersion: 1,
        happenedAt: event.at,
      },
    };
  });

/** What a read model has stored after these events, by key. */
export const storedAfter = <D>(p: Projection<D>, events: readonly DomainEvent[]) => {
  const changed = foldBatch(p, new Map(), recorded(events), new Date(noon));
  return new Map<string, Stored<D>>(changed.map((stored) => [stored._id, stored]));
};

/** The document that people are shown after these events, or `null`. */
export const shownAfter = <D>(p: Projection<D>, key: string, events: readonly DomainEvent[]): D | null =>
  storedAfter(p, events).get(key)?.doc ?? null;
