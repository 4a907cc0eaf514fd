import { type Agent, liveSocket, type Role } from './agent.ts';
import type { Candidate, MissReason, QueueCause } from './call-events.ts';
import { capacityOf, hasRoom } from './capacity.ts';
import { type Caller, isFor, leadsTo } from './journey.ts';
import type { Routing, RoutingMode } from './routing.ts';
import type { Instant } from './time.ts';

/** A member of the store's roster with the state of their own stream. */
export type Colleague = { readonly agentId: string; readonly state: Agent };

type Question = Pick<Routing, 'rules' | 'journeys'> & {
  readonly at: Instant;
  /** What the channel itself has against the call: `incomingMissReason`. */
  readonly channelMiss: MissReason | null;
  readonly call: Caller;
  /** The ticket the call belongs to. */
  readonly ticketId: string;
  /** In the order in which they joined, which settles ties. */
  readonly roster: readonly Colleague[];
  /** Agents this very call was offered to before. */
  readonly tried: readonly string[];
};

/**
 * Who gets the call, who else could have had it and why not; or why it waits; or why it is missed. `noAgent` beside
 * `chosen`: the call is theirs by turn, but they cannot take it.
 */
export type Route = {
  readonly candidates: Candidate[];
  readonly chosen: string | null;
  readonly journeyId: string | null;
  readonly waits: QueueCause | null;
  readonly noAgent: MissReason | null;
};

type PassedOver = 'role' | 'inactive' | 'no_call_socket' | 'at_capacity' | 'on_call' | 'already_tried';
type Judged = { readonly colleague: Colleague; readonly reason: PassedOver | null };

const takesCalls: ReadonlySet<Role | undefined> = new Set<Role | undefined>(['agent', 'team_manager', 'admin']);

const loadOf = ({ colleague }: Judged) => colleague.state.tickets.length;
/** Negative when it is the first one's turn rather than the second's: who was called longer ago or, of one moment, less often. */
const byTurn = (a: Judged, b: Judged) => {
  const [one, other] = [a.colleague.state.turn, b.colleague.state.turn];
  return one.at - other.at || one.nth - other.nth;
};
const balances = ({ rules }: Question) => rules.mode === 'load_balancer';

/** How many open tickets an agent may hold, where these rules limit them at all. */
export const limitOf = ({ profile }: Agent, { mode, capacity }: Routing['rules']): number | null =>
  mode === 'load_balancer' && profile !== null ? capacityOf(profile, capacity) : null;

const isFull = (state: Agent, { rules, ticketId }: Question) =>
  !hasRoom(state.tickets, ticketId, limitOf(state, rules));

const passedOver = ({ agentId, state }: Colleague, question: Question): PassedOver | null => {
  if (!takesCalls.has(state.profile?.role)) return 'role';
  if (!state.active) return 'inactive';
  if (!liveSocket(state, question.at)) return 'no_call_socket';
  if (isFull(state, question)) return 'at_capacity';
  if (state.call) return 'on_call';
  return question.tried.includes(agentId) ? 'already_tried' : null;
};

/** Whose turn it is among these: whoever had a call least recently; where load counts, whoever has the least of it. */
const nextOf = (judged: readonly Judged[], question: Question): Judged | undefined =>
  judged.toSorted((a, b) => (balances(question) ? loadOf(a) - loadOf(b) : 0) || byTurn(a, b))[0];

const free = (judged: readonly Judged[]) => judged.filter(({ reason }) => reason === null);

/** The answer about everybody, once it is known who it is and what else holds. */
const answerOf = (judged: readonly Judged[], question: Question, found: Partial<Omit<Route, 'candidates'>>): Route => ({
  candidates: judged.map((one) => ({
    agentId: one.colleague.agentId,
    passedOver: one.colleague.agentId === found.chosen ? null : (one.reason ?? 'not_their_turn'),
    ...(balances(question) && { load: loadOf(one) }),
  })),
  chosen: null,
  journeyId: null,
  waits: null,
  noAgent: null,
  ...found,
});

/** The first journey for this call that leads to somebody who is free; the others fall through to the next. */
const byJourney = (judged: readonly Judged[], question: Question): Partial<Route> | null => {
  for (const journey of question.journeys.filter((one) => isFor(one, question.call))) {
    const led = free(judged).filter(({ colleague: { agentId, state } }) =>
      leadsTo(journey, agentId, state.profile?.teams ?? []),
    );
    const next = nextOf(led, question);
    if (next) return { chosen: next.colleague.agentId, journeyId: journey.journeyId };
  }
  return null;
};

const mayBeFreeSoon: ReadonlySet<PassedOver | null> = new Set<PassedOver | null>([
  'no_call_socket',
  'at_capacity',
  'on_call',
]);

/** Nobody now: the call waits. One that was declined waits only for somebody on duty. */
const wait = (judged: readonly Judged[], { tried }: Question): Partial<Route> => {
  if (tried.length > 0 && !judged.some(({ reason }) => mayBeFreeSoon.has(reason)))
    return { noAgent: 'no_agent_available' };
  const isAllFull = judged.some(({ reason }) => reason === 'at_capacity');
  return { waits: isAllFull ? 'capacity_full' : 'no_agent_available' };
};

const amongFree = (judged: readonly Judged[], question: Question): Partial<Route> | null => {
  const next = nextOf(free(judged), question);
  return next ? { chosen: next.colleague.agentId } : null;
};

/** In turn, present or not; those on another call only when everybody is. */
const amongAll = (judged: readonly Judged[], question: Question): Partial<Route> => {
  const staff = judged.filter(
    ({ reason, colleague }) => reason !== 'role' && !question.tried.includes(colleague.agentId),
  );
  const idle = staff.filter(({ colleague }) => colleague.state.call === null);
  const next = nextOf(idle.length > 0 ? idle : staff, question);
  if (!next) return { noAgent: 'no_agent_available' };
  return { chosen: next.colleague.agentId, noAgent: next.reason === null ? null : 'agent_did_not_answer' };
};

type ByMode = (judged: readonly Judged[], question: Question) => Partial<Route>;

const byMode: Readonly<Record<RoutingMode, ByMode>> = {
  unassigned: () => ({ noAgent: 'unassigned_mode' }),
  round_robin: (judged, question) => amongFree(judged, question) ?? { noAgent: 'no_agent_available' },
  only_if_available: (judged, question) =>
    question.rules.onlyIfAvailable
      ? (amongFree(judged, question) ?? wait(judged, question))
      : amongAll(judged, question),
  load_balancer: (judged, question) => amongFree(judged, question) ?? wait(judged, question),
};

/** Hands out an incoming call: first the channel's state and hours, then the journeys, then the store's mode. */
export const routeCall = (question: Question): Route => {
  if (question.channelMiss) return answerOf([], question, { noAgent: question.channelMiss });
  const judged = question.roster.map((colleague) => ({ colleague, reason: passedOver(colleague, question) }));
  const found = byJourney(judged, question) ?? byMode[question.rules.mode](judged, question);
  return answerOf(found.noAgent === 'unassigned_mode' ? [] : judged, question, found);
};

/** Whether calls may wait under these rules. */
export const hasQueue = ({ mode, onlyIfAvailable }: Routing['rules']): boolean =>
  mode === 'load_balancer' || (mode === 'only_if_available' && onlyIfAvailable);
