import { type Agent, agent } from '../agent.ts';
import { call } from '../call.ts';
import { type Channel, channel, incomingMissReason } from '../channel.ts';
import type { DomainEvent, Named } from '../index.ts';
import { type Routing, routing } from '../routing.ts';
import { isNobodys, type Ticket, ticket } from '../ticket.ts';
import { hours } from '../time.ts';
import { type Course, courseOf, followCalls } from './course.ts';
import { type Figures, figuresOf } from './figures.ts';
import {
  type AgentEvent,
  type Given,
  isDeed,
  isLinkedCall,
  isOfAgent,
  isOfRouting,
  isOfTicket,
  type RoutingEvent,
  type TicketEvent,
} from './given.ts';
import { withLiveCalls } from './live-calls.ts';
import { type Span, watchShifts } from './shift.ts';

type ChannelEvent = Parameters<typeof channel.evolve>[1];

/** A store's incoming calls of a span, and all that is to be known to replay them. */
export type History = {
  readonly span: Span;
  /** As they were at the beginning of the span. */
  readonly agents: ReadonlyMap<string, Agent>;
  readonly routing: Routing;
  /** The tickets that calls of the span belong to, each as it was before the first of them. */
  readonly tickets: ReadonlyMap<string, Ticket>;
  /** In the order of time. */
  readonly given: readonly Given[];
  /** By call, also those that still go on. */
  readonly courses: ReadonlyMap<string, Course>;
  readonly happened: Figures;
};

/** The types of event that make a history. */
export const historyTypes: readonly string[] = [agent, call, channel, routing, ticket].flatMap(({ events }) =>
  Object.keys(events),
);

/** What happens after the span matters to its calls for so long: they wait an hour at most, then ring. */
const aftermath = hours(2);

const isOfChannel = (event: DomainEvent): event is ChannelEvent => event.type in channel.events;

/** A ticket that was resolved so long ago that it was forgotten, and is opened again. */
const unknownTicket = ({ ticketId, channelId, customerId }: TicketEvent): Ticket => ({
  ...ticket.initial,
  ids: { ticketId, channelId, customerId },
});

/** Reads a store's events, in the order of the log and from its beginning, into the history of a span. */
export const historian = (span: Span) => {
  const agents = new Map<string, Agent>();
  const channels = new Map<string, Channel>();
  const open = new Map<string, Ticket>();
  const replayed = new Map<string, Ticket>();
  const rules = { atFirst: routing.initial, atLast: routing.initial };
  const calls = followCalls();
  const shifts = watchShifts(span, agents);
  const given: Given[] = [];

  const give = (item: Given) => {
    if (item.at < span.to + aftermath) given.push(item);
  };

  /** Whether this follows from how a call of the span is handed out, which is decided anew. */
  const isDecidedAnew = (event: AgentEvent) =>
    ('callId' in event && calls.courses.has(event.callId)) || ('ticketId' in event && replayed.has(event.ticketId));

  const seeAgent = (event: AgentEvent) => {
    calls.see(event);
    const { at, agentId } = event;
    if (at < span.from) return agents.set(agentId, agent.evolve(agents.get(agentId) ?? agent.initial, event));
    shifts.see(event);
    if (!isDecidedAnew(event)) give({ at, kind: 'agent', event });
  };

  const seeRouting = (event: RoutingEvent) => {
    rules.atLast = routing.evolve(rules.atLast, event);
    if (event.at < span.from) rules.atFirst = rules.atLast;
    else give({ at: event.at, kind: 'routing', event });
  };

  const seeChannel = (event: ChannelEvent) =>
    channels.set(event.channelId, channel.evolve(channels.get(event.channelId) ?? channel.initial, event));

  /** What people did to a ticket; and the calls on it, but for those that are replayed. */
  const giveOfTicket = (event: TicketEvent, wasNobodys: boolean) => {
    const { at } = event;
    if (isDeed(event)) give({ at, kind: 'deed', event, wasNobodys });
    else if (isLinkedCall(event) && !calls.courses.has(event.callId)) give({ at, kind: 'linked', event });
  };

  const seeTicket = (event: TicketEvent) => {
    const { at, ticketId } = event;
    const before = open.get(ticketId) ?? unknownTicket(event);
    if (event.type === 'CallLinked' && calls.courses.has(event.callId) && !replayed.has(ticketId))
      replayed.set(ticketId, before);
    const after = withLiveCalls(ticket.evolve(before, event));
    if (after.resolved && at < span.from) open.delete(ticketId);
    else open.set(ticketId, after);
    if (!replayed.has(ticketId)) return;
    calls.see(event);
    if (event.type === 'TicketAssigned') shifts.given(event);
    giveOfTicket(event, isNobodys(before));
  };

  const seeCall = (event: Named<'CallReceived'>) => {
    const { at, callId, channelId, receivedAt } = event;
    if (at < span.from || at >= span.to) return;
    calls.courses.set(callId, courseOf(event));
    const channelMiss = incomingMissReason(channels.get(channelId) ?? channel.initial, at);
    given.push({ at: receivedAt, kind: 'call', callId, channelMiss });
  };

  return {
    see(event: DomainEvent) {
      if (event.type === 'CallReceived') seeCall(event);
      else if (isOfAgent(event)) seeAgent(event);
      else if (isOfTicket(event)) seeTicket(event);
      else if (isOfRouting(event)) seeRouting(event);
      else if (isOfChannel(event)) seeChannel(event);
      else calls.see(event);
    },

    history(): History {
      const { courses } = calls;
      const concluded = [...courses.values()].filter(({ isConcluded }) => isConcluded);
      const shiftsOfAll = rules.atLast.roster.map(({ agentId }) => shifts.shiftOf(agentId));
      return {
        span,
        agents,
        routing: rules.atFirst,
        tickets: replayed,
        given: given.toSorted((a, b) => a.at - b.at),
        courses,
        happened: figuresOf(concluded, shiftsOfAll),
      };
    },
  };
};
