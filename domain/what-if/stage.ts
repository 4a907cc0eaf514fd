import { type Agent, agent } from '../agent.ts';
import { call } from '../call.ts';
import type { Call } from '../call-state.ts';
import { type Decider, fold, isRefusal } from '../decider.ts';
import type { DomainEvent } from '../index.ts';
import type { Routing } from '../routing.ts';
import { holderOf, type Ticket, ticket } from '../ticket.ts';
import type { Instant } from '../time.ts';
import type { Agenda } from './agenda.ts';
import type { Behaviour } from './behaviour.ts';
import type { Course } from './course.ts';
import type { AgentEvent, Arrival, Deed, TicketEvent } from './given.ts';
import type { History } from './history.ts';
import { withLiveCalls } from './live-calls.ts';

/** Where a replay plays: everybody in it as they stand, and what is still to come. */
export type Stage = {
  now: Instant;
  routing: Routing;
  readonly agents: Map<string, Agent>;
  readonly tickets: Map<string, Ticket>;
  /** Those that go on. */
  readonly calls: Map<string, Call>;
  readonly arrivals: Map<string, Arrival>;
  /** The calls that wait for an agent, the oldest first. */
  readonly line: string[];
  /** Somebody may be free for a call that waits. */
  mayBeFree: boolean;
  /** What is done to a ticket as soon as its call is over. */
  readonly postponed: Map<string, Deed[]>;
  readonly agenda: Agenda;
  readonly history: History;
  readonly behaviour: Behaviour;
  /** Told of every event; does what follows from it. */
  readonly follow: (event: DomainEvent) => void;
};

/** A call of the stage, as it was. */
export const courseThen = ({ history }: Stage, callId: string): Course => {
  const course = history.courses.get(callId);
  if (!course) throw new Error(`${callId} is no call of this history`);
  return course;
};

/** The ticket of a call; one that was never given any has one of its own. */
export const ticketIdOf = (stage: Stage, callId: string): string => courseThen(stage, callId).ticketId ?? callId;

type CommandOf<D> = D extends Decider<infer C, infer _, infer __> ? C : never;

/** Something happens to one of them, whether or not they would have decided so. */
const occur = <C, E extends DomainEvent, S>(
  stage: Stage,
  { decider, states }: { decider: Decider<C, E, S>; states: Map<string, S> },
  id: string,
  events: readonly E[],
) => {
  states.set(id, fold(decider, states.get(id) ?? decider.initial, events));
  for (const event of events) stage.follow(event);
};

/** One of them decides; a refusal changes nothing. Answers whether it was accepted. */
const tell = <C, E extends DomainEvent, S>(
  stage: Stage,
  kind: { decider: Decider<C, E, S>; states: Map<string, S> },
  id: string,
  command: C,
): boolean => {
  const decision = kind.decider.decide(kind.states.get(id) ?? kind.decider.initial, command);
  if (isRefusal(decision)) return false;
  if (decision.length > 0) occur(stage, kind, id, decision);
  return true;
};

export const tellAgent = (stage: Stage, agentId: string, command: CommandOf<typeof agent>) =>
  tell(stage, { decider: agent, states: stage.agents }, agentId, command);

export const occurToAgent = (stage: Stage, event: AgentEvent) =>
  occur(stage, { decider: agent, states: stage.agents }, event.agentId, [event]);

/** What begins a call. */
export const beginCall = (stage: Stage, callId: string, command: CommandOf<typeof call>) =>
  tell(stage, { decider: call, states: stage.calls }, callId, command);

/** A call that is over is told nothing. */
export const tellCall = (stage: Stage, callId: string, command: CommandOf<typeof call>) =>
  stage.calls.has(callId) && beginCall(stage, callId, command);

/** The ticket as it stands, from the history where it was not played yet. */
export const ticketOf = (stage: Stage, ticketId: string): Ticket => {
  const known = stage.tickets.get(ticketId);
  if (known) return known;
  const state = stage.history.tickets.get(ticketId) ?? ticket.initial;
  stage.tickets.set(ticketId, state);
  const agentId = holderOf(state);
  if (agentId !== null) tellAgent(stage, agentId, { type: 'EntrustTicket', at: stage.now, agentId, ticketId });
  return state;
};

/** Lets something happen to a ticket, and keeps account of who holds it. */
const accounting = <R>(stage: Stage, ticketId: string, change: () => R): R => {
  const before = holderOf(ticketOf(stage, ticketId));
  const result = change();
  const state = withLiveCalls(ticketOf(stage, ticketId));
  stage.tickets.set(ticketId, state);
  const after = holderOf(state);
  if (before === after) return result;
  const account = (type: 'ReleaseTicket' | 'EntrustTicket', agentId: string) =>
    tellAgent(stage, agentId, { type, at: stage.now, agentId, ticketId });
  if (before !== null) account('ReleaseTicket', before);
  if (after !== null) account('EntrustTicket', after);
  return result;
};

export const tellTicket = (stage: Stage, ticketId: string, command: CommandOf<typeof ticket>): boolean =>
  accounting(stage, ticketId, () => tell(stage, { decider: ticket, states: stage.tickets }, ticketId, command));

export const occurToTicket = (stage: Stage, event: TicketEvent) =>
  accounting(stage, event.ticketId, () =>
    occur(stage, { decider: ticket, states: stage.tickets }, event.ticketId, [event]),
  );
