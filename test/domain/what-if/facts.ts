import { type Agent, agent } from '../../../domain/agent.ts';
import { call } from '../../../domain/call.ts';
import type { MissReason } from '../../../domain/call-events.ts';
import type { CallEvent } from '../../../domain/call-state.ts';
import { isRefusal } from '../../../domain/decider.ts';
import type { DomainEvent, Named } from '../../../domain/index.ts';
import type { Journey } from '../../../domain/journey.ts';
import { type Routing, routing } from '../../../domain/routing.ts';
import { historian } from '../../../domain/what-if/history.ts';
import { type Asked, whatIf } from '../../../domain/what-if/what-if.ts';
import { history } from '../../support/scenario.ts';

/** Events, in rows as deep as they were made. */
export type Story = DomainEvent | readonly Story[];

/** When the span of these histories begins; every moment is told from here, in seconds. */
const start = Date.UTC(2026, 0, 5, 12);
export const at = (seconds: number) => start + seconds * 1_000;
const span = { from: start, to: at(100_000) };

const channelId = '800000000000001';
const before = at(-3_600);
const calling = {
  userInitiatedEnabled: true,
  workingHours: null,
  holidays: [],
  callbackRequestsEnabled: false,
};

type Rules = Routing['rules'];
export const configured = (rules: Partial<Rules>, when = before, ruleVersion = 1): DomainEvent => ({
  type: 'RoutingConfigured',
  at: when,
  ruleVersion,
  ...routing.initial.rules,
  ...rules,
});

export const channelSet = (enabled = true, when = before): DomainEvent => ({
  type: 'CallingConfigured',
  at: when,
  channelId,
  enabled,
  ...calling,
});

export const journeyTo = (route: Journey['route'], tags: string[] = []): DomainEvent => ({
  type: 'JourneyDefined',
  at: before,
  ruleVersion: 2,
  journeyId: 'j1',
  name: 'Journey',
  priority: 1,
  when: { channels: [], regions: [], tags, between: null, skills: [] },
  route,
});

const profileOf = (agentId: string, capacity: number | null, teams: string[]) =>
  ({ name: agentId, email: `${agentId}@example.invalid`, role: 'agent', teams, capacity }) as const;

type AgentCommand = Parameters<typeof agent.decide>[1];
/** What an agent's stream records of a command, in a state in which it is news. */
const recorded = (before: Partial<Agent>, command: AgentCommand): readonly DomainEvent[] => {
  const profile = profileOf(command.agentId, null, []);
  const decision = agent.decide({ ...agent.initial, profile, ...before }, command);
  return isRefusal(decision) ? [] : decision;
};

const madeAvailable = (active: boolean) => (agentId: string, when: number) =>
  recorded({ active: !active }, { type: 'SetAvailability', at: when, agentId, active, reason: null });
export const activated = (agentId: string, when = before) => madeAvailable(true)(agentId, when);
export const deactivated = madeAvailable(false);

export const socketOpened = (agentId: string, when = before, sessionId = 's1') => {
  const socket = { sessionId, tab: sessionId, gateway: 'g1', takeOver: false, holderIsGone: false };
  return recorded({}, { type: 'OpenCallSocket', at: when, agentId, ...socket });
};
export const socketClosed = (agentId: string, when: number, sessionId = 's1') => {
  const socket = { sessionId, tab: sessionId, gateway: 'g1', closedAt: null };
  return recorded({ socket }, { type: 'CloseCallSocket', at: when, agentId, sessionId });
};

/** A member of staff, off duty. */
export const enlisted = (agentId: string, capacity: number | null = null, teams: string[] = []): Story => [
  recorded({ profile: null }, { type: 'RegisterAgent', at: before, agentId, ...profileOf(agentId, capacity, teams) }),
  { type: 'AgentEnlisted', at: before, agentId, teams },
];

/** A member of staff who may take calls from before the span on. */
export const onDuty = (agentId: string, capacity: number | null = null, teams: string[] = []): Story => [
  enlisted(agentId, capacity, teams),
  activated(agentId),
  socketOpened(agentId),
];

/** The agent is on a call of their own for so long. */
export const dialled = (agentId: string, from: number, until: number): DomainEvent[] => {
  const of = { agentId, callId: `of ${agentId} at ${from}` };
  return [
    { type: 'AgentReserved', at: at(from), ...of, direction: 'outgoing' },
    { type: 'AgentReleased', at: at(until), ...of, because: 'ended' },
  ];
};

const idsOf = (ticketId: string) => ({ ticketId, channelId, customerId: `of ${ticketId}` });
export const resolved = (ticketId: string, second: number): DomainEvent => ({
  ...{ type: 'TicketResolved', at: at(second), ...idsOf(ticketId), agentId: 'ana' },
});
export const reopened = (ticketId: string, second: number): DomainEvent => ({
  ...{ type: 'TicketReopened', at: at(second), ...idsOf(ticketId), agentId: 'ana' },
});
export const pickedUp = (
  ticketId: string,
  agentId: string,
  second: number,
  because: 'by_hand' | 'callback_claimed' = 'by_hand',
): DomainEvent => ({
  ...{ type: 'TicketAssigned', at: at(second), ...idsOf(ticketId), agentId, teamId: null, because },
});

/** The agent held this ticket before the span. */
export const held = (ticketId: string, agentId: string): Story => [
  {
    ...{ type: 'TicketOpened', at: before, ...idsOf(ticketId), channelName: 'Care', waId: null, customerName: null },
    ...{ because: 'incoming_call', callId: null },
  },
  pickedUp(ticketId, agentId, -3_000),
  { type: 'TicketEntrusted', at: at(-3_000), agentId, ticketId },
];

/** How a call went: who answered it after how long and for how long they spoke, or when and why it was missed. */
type Fate =
  | { by: string; after: number; talked: number }
  | { hungUpAfter: number }
  | { missed: MissReason; after?: number }
  | { by: string; declinedAfter: number; next?: { by: string; after: number; talked: number } }
  | { by: string; rangFor: number }
  | { by: string; metaRefusedAfter: number }
  | { failedAfter: number }
  | { overtakenAfter: number };
/** `late`: our side heard of the call so many seconds after its start. */
type Past = Fate & { ticketId?: string; tag?: string; late?: number };

const nothing = { connectedAt: null, disconnectedAt: null, durationSeconds: null, failed: false, metaErrorCode: null };

type Seen = Omit<Named<'CallReceived'>, 'type' | 'at'>;

/** What is told of a call by seconds after its start. */
const tellerOf = (second: number, seen: Seen) => {
  const { callId } = seen;
  const when = (after: number) => at(second + after);
  const offerId = (agentId: string) => `${callId} ${agentId}`;
  const ended = (after: number) => ({ type: 'TerminateIncoming', at: when(after), callId, seen, ...nothing }) as const;
  return {
    ended,
    missed: (after: number, reason: MissReason) => ({ type: 'MissCall', at: when(after), callId, reason }) as const,
    offered: (after: number, agentId: string) =>
      ({
        type: 'OfferCall',
        at: when(after),
        callId,
        offerId: offerId(agentId),
        agentId,
        agentName: null,
        team: null,
        expiresAt: when(after + 30),
      }) as const,
    declined: (after: number, agentId: string) => ({ type: 'DeclineOffer', at: when(after), callId, agentId }) as const,
    timedOut: (after: number, agentId: string) =>
      ({ type: 'TimeOutOffer', at: when(after), callId, offerId: offerId(agentId) }) as const,
    refused: (after: number, agentId: string) =>
      [
        { type: 'AnswerCall', at: when(after), callId, agentId },
        { type: 'FailAnswer', at: when(after), callId, agentId, metaErrorCode: null },
      ] as const,
    spoke: (after: number, agentId: string, talked: number) => {
      const timing = { connectedAt: when(after), disconnectedAt: when(after + talked), durationSeconds: talked };
      return [
        { type: 'AnswerCall', at: when(after), callId, agentId },
        { type: 'ConfirmAnswer', at: when(after), callId, agentId },
        { ...ended(after + talked), ...timing },
      ] as const;
    },
  };
};

const commandsOf = (second: number, past: Past, seen: Seen) => {
  const { ended, missed, offered, declined, timedOut, spoke, refused } = tellerOf(second, seen);
  if ('overtakenAfter' in past) return [];
  if ('hungUpAfter' in past) return [ended(past.hungUpAfter)];
  if ('failedAfter' in past) return [{ ...ended(past.failedAfter), failed: true }];
  if ('missed' in past) return [missed(past.after ?? 0, past.missed)];
  const { by } = past;
  const rings = offered(0, by);
  if ('rangFor' in past) return [rings, timedOut(past.rangFor, by), missed(past.rangFor, 'agent_did_not_answer')];
  if ('talked' in past) return [rings, ...spoke(past.after, by, past.talked)];
  if ('metaRefusedAfter' in past) return [rings, ...refused(past.metaRefusedAfter, by)];
  const { declinedAfter, next } = past;
  const rest = next
    ? [offered(declinedAfter, next.by), ...spoke(next.after, next.by, next.talked)]
    : [missed(declinedAfter, 'all_declined')];
  return [rings, declined(declinedAfter, by), ...rest];
};

/** What is recorded of an incoming call that began at this second. */
export const called = (callId: string, second: number, past: Past): DomainEvent[] => {
  const { ticketId = `t-${callId}`, tag = null, late = 0 } = past;
  const { customerId } = idsOf(ticketId);
  const person = { waId: null, customerName: null };
  const seen = {
    callId,
    receivedAt: at(second + late),
    channelId,
    channelName: 'Care',
    customerId,
    ...person,
    metaCallId: `wacid.${callId}`,
    seenBy: 'connect',
    sdpOffer: null,
    ctaPayload: tag,
    deeplinkPayload: null,
  } as const;
  const routed = { mode: 'round_robin', ruleVersion: 1, candidates: [], chosen: null, noAgent: null };
  const { events } = history(call, [
    'overtakenAfter' in past
      ? tellerOf(second, seen).ended(past.overtakenAfter)
      : { type: 'ReceiveCall', at: at(second), ...seen },
    { type: 'RouteCall', at: at(second + late), callId, ticketId, ...routed },
    ...commandsOf(second, past, seen),
  ]);
  const [received, ...rest] = events;
  return [
    received!,
    { type: 'CallLinked', at: at(second), ...idsOf(ticketId), callId, direction: 'incoming', agentId: null },
    ...rest.flatMap(withAgent),
  ];
};

/** An event of a call, and what it means for the agent. */
const withAgent = (event: CallEvent): readonly DomainEvent[] => {
  const { at, callId } = event;
  const released = (agentId: string, because: Named<'AgentReleased'>['because']): readonly DomainEvent[] => [
    event,
    { type: 'AgentReleased', at, agentId, callId, because },
  ];
  if (event.type === 'CallOffered')
    return [{ type: 'AgentReserved', at, agentId: event.agentId, callId, direction: 'incoming' }, event];
  if (event.type === 'OfferDeclined') return released(event.agentId, 'declined');
  if (event.type === 'OfferTimedOut') return released(event.agentId, 'timed_out');
  return event.type === 'CallConcluded' && event.agentId !== null ? released(event.agentId, 'ended') : [event];
};

/** All of them, one after another. */
export const inRow = (story: Story): readonly DomainEvent[] => ('type' in story ? [story] : story.flatMap(inRow));

/** A store's history: the channel takes calls, and these events. */
export const historyOf = (...story: readonly Story[]) => {
  const { see, history } = historian(span);
  for (const event of inRow([channelSet(), ...story])) see(event);
  return history();
};

/** What such a history would have been under these rules. */
export const asked = (rules: Asked, ...story: readonly Story[]) => whatIf(historyOf(...story), rules);
