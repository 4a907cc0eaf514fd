import { type Agent, agent } from '../agent.ts';
import type { Named } from '../index.ts';
import type { Instant } from '../time.ts';
import type { AgentEvent } from './given.ts';

/** From `from` until before `to`. */
export type Span = { readonly from: Instant; readonly to: Instant };

/** What an agent was seen doing in the span. */
export type Shift = {
  readonly agentId: string;
  /** Tickets that came to them by a call. */
  readonly ticketsGiven: number;
  /** The most open tickets they held at a time. */
  readonly mostTickets: number;
  /** The longest that they waited for a call, ready to take one. */
  readonly longestIdleSeconds: number;
};

type Watch = {
  state: Agent;
  idleSince: Instant | null;
  longestIdle: number;
  mostTickets: number;
  ticketsGiven: number;
};

const isIdle = ({ active, socket, call }: Agent) => active && socket?.closedAt === null && call === null;

const watchOf = (state: Agent, at: Instant): Watch => ({
  state,
  idleSince: isIdle(state) ? at : null,
  longestIdle: 0,
  mostTickets: state.tickets.length,
  ticketsGiven: 0,
});

const idleUntil = ({ idleSince, longestIdle }: Watch, at: Instant) =>
  Math.max(longestIdle, idleSince === null ? 0 : at - idleSince);

/** Watches the agents through a span, as they were at its beginning and from event to event. */
export const watchShifts = ({ from, to }: Span, atFirst: ReadonlyMap<string, Agent>) => {
  const watches = new Map<string, Watch>();
  const of = (agentId: string): Watch => {
    const watch = watches.get(agentId) ?? watchOf(atFirst.get(agentId) ?? agent.initial, from);
    watches.set(agentId, watch);
    return watch;
  };

  return {
    see(event: AgentEvent) {
      if (event.at >= to) return;
      const watch = of(event.agentId);
      const wasIdle = watch.idleSince !== null;
      watch.state = agent.evolve(watch.state, event);
      watch.mostTickets = Math.max(watch.mostTickets, watch.state.tickets.length);
      if (wasIdle === isIdle(watch.state)) return;
      watch.longestIdle = idleUntil(watch, event.at);
      watch.idleSince = wasIdle ? null : event.at;
    },

    given({ agentId, because }: Named<'TicketAssigned'>) {
      if (agentId !== null && (because === 'routed' || because === 'answered')) of(agentId).ticketsGiven++;
    },

    shiftOf(agentId: string): Shift {
      const watch = of(agentId);
      const { ticketsGiven, mostTickets } = watch;
      return { agentId, ticketsGiven, mostTickets, longestIdleSeconds: Math.round(idleUntil(watch, to) / 1_000) };
    },
  };
};
