import type { z } from 'zod';
import { agentEvents, type Direction, type Profile, type ReleaseCause } from './agent-events.ts';
import { hasRoom } from './capacity.ts';
import { decider, type Refusal, refuse, same } from './decider.ts';
import { type Instant, seconds } from './time.ts';

export { Direction, Role } from './agent-events.ts';

type Socket = { sessionId: string; tab: string; gateway: string; closedAt: Instant | null };

export type Agent = {
  readonly profile: Profile | null;
  readonly active: boolean;
  readonly reason: string | null;
  /** How often that was said anew. */
  readonly spells: number;
  readonly call: { callId: string; direction: Direction } | null;
  /** When an incoming call was last theirs, and how many were; the fairness of round robin rests on it. */
  readonly turn: { readonly at: Instant; readonly nth: number };
  /** The open tickets they hold: their load. */
  readonly tickets: readonly string[];
  readonly socket: Socket | null;
  readonly fence: number;
};

const initial: Agent = {
  profile: null,
  active: false,
  reason: null,
  spells: 0,
  call: null,
  turn: { at: 0, nth: 0 },
  tickets: [],
  socket: null,
  fence: 0,
};

const withTurn = (s: Agent, at: Instant, direction: Direction): Agent =>
  direction === 'incoming' ? { ...s, turn: { at, nth: s.turn.nth + 1 } } : s;

/** A reload of the page gets its call socket back within this time. */
export const socketGrace = seconds(5);

/** The agent's one call socket, if it is open (or was lost so recently that a reload may still bring it back). */
export const liveSocket = ({ socket }: Agent, at: Instant) =>
  socket && (socket.closedAt === null || at < socket.closedAt + socketGrace) ? socket : null;

/** Why this agent may not take part in a call now, or `null`. `fence` is what their page believes to hold, if it says so. */
export const agentRefusal = (s: Agent, at: Instant, fence: number | null = null): Refusal | null => {
  if (s.profile === null) return refuse('agent.unknown');
  if (!s.active) return refuse('agent.inactive');
  if (!liveSocket(s, at)) return refuse('agent.no_call_socket');
  if (fence !== null && fence !== s.fence) return refuse('agent.socket_superseded', { facts: { fence: s.fence } });
  return s.call ? refuse('agent.on_call', { facts: { callId: s.call.callId } }) : null;
};

type Reservation = {
  at: Instant;
  agentId: string;
  callId: string;
  direction: Direction;
  fence: number | null;
  /** How many open tickets they may hold, where that limits them, and the one this call belongs to. */
  capacity?: number | null;
  ticketId?: string;
};

type OpenSocket = {
  at: Instant;
  agentId: string;
  sessionId: string;
  tab: string;
  /** The server process that holds the socket. */
  gateway: string;
  takeOver: boolean;
  /** True when the process that held the present socket is known to be dead. */
  holderIsGone: boolean;
};

const openSocket = (s: Agent, { takeOver, holderIsGone, at, ...c }: OpenSocket) => {
  const holder = holderIsGone ? null : liveSocket(s, at);
  const opened = (fence: number, takenFrom: string | null) => [
    { type: 'CallSocketOpened' as const, at, ...c, fence, takenFrom },
  ];
  if (s.socket?.sessionId === c.sessionId && s.socket.closedAt === null) return [];
  if (holder?.tab === c.tab) return opened(s.fence, null);
  if (holder && !takeOver) return [];
  if (holder && s.call) return refuse('agent.call_in_progress', { facts: { callId: s.call.callId } });
  return opened(s.fence + 1, holder?.closedAt === null ? holder.sessionId : null);
};

/** A member of staff: may they take calls, which one they hold, which browser is theirs. Stream `agent-<store>.<agentId>`. */
export const agent = decider({ category: 'agent', events: agentEvents, initial })
  .decide({
    RegisterAgent: (s, { at, agentId, ...profile }: { at: Instant; agentId: string } & Profile) => {
      if (s.profile === null) return [{ type: 'AgentRegistered', at, agentId, ...profile }];
      const unchanged = same(s.profile, profile);
      return unchanged ? [] : [{ type: 'AgentProfileChanged', at, agentId, ...profile }];
    },

    /** Already so, unless it is so for another reason now. */
    SetAvailability: (
      s,
      { active, ...c }: { at: Instant; agentId: string; active: boolean; reason: string | null },
    ) => {
      if (s.profile === null) return refuse('agent.unknown');
      if (s.active === active && (c.reason === null || c.reason === s.reason)) return [];
      const begun = { ...c, spell: s.spells + 1 };
      return [active ? { type: 'AgentActivated', ...begun } : { type: 'AgentDeactivated', ...begun }];
    },

    /** Holds the agent for one call; two calls can never hold one agent, nor a call one who has all they may hold. */
    ReserveAgent: (s, { fence, capacity = null, ticketId, ...c }: Reservation) => {
      if (s.call?.callId === c.callId) return [];
      const refusal = agentRefusal(s, c.at, fence);
      if (refusal) return refusal;
      return hasRoom(s.tickets, ticketId ?? null, capacity)
        ? [{ type: 'AgentReserved', ...c }]
        : refuse('agent.at_capacity', { facts: { capacity } });
    },

    ReleaseAgent: (s, c: { at: Instant; agentId: string; callId: string; because: z.infer<typeof ReleaseCause> }) =>
      s.call?.callId === c.callId ? [{ type: 'AgentReleased', ...c }] : [],

    MissTurn: (_, c: { at: Instant; agentId: string; callId: string }) => [{ type: 'TurnMissed', ...c }],

    EntrustTicket: (s, c: { at: Instant; agentId: string; ticketId: string }) =>
      s.tickets.includes(c.ticketId) ? [] : [{ type: 'TicketEntrusted', ...c }],

    ReleaseTicket: (s, c: { at: Instant; agentId: string; ticketId: string }) =>
      s.tickets.includes(c.ticketId) ? [{ type: 'TicketReleased', ...c }] : [],

    /** The first socket is active, later ones stand by (no event) until they claim; never during a live call. */
    OpenCallSocket: (s, c: OpenSocket) => (s.profile === null ? refuse('agent.unknown') : openSocket(s, c)),

    CloseCallSocket: (s, c: { at: Instant; agentId: string; sessionId: string }) =>
      s.socket?.sessionId === c.sessionId && s.socket.closedAt === null ? [{ type: 'CallSocketClosed', ...c }] : [],
  })
  .evolve({
    AgentRegistered: (s, { type: _, at: __, agentId: ___, ...profile }) => ({ ...s, profile }),
    AgentProfileChanged: (s, { type: _, at: __, agentId: ___, ...profile }) => ({ ...s, profile }),
    AgentActivated: (s, { reason }) => ({ ...s, active: true, reason, spells: s.spells + 1 }),
    AgentDeactivated: (s, { reason }) => ({ ...s, active: false, reason, spells: s.spells + 1 }),
    AgentReserved: (s, { callId, direction, at }) => ({ ...withTurn(s, at, direction), call: { callId, direction } }),
    AgentReleased: (s) => ({ ...s, call: null }),
    TurnMissed: (s, { at }) => withTurn(s, at, 'incoming'),
    TicketEntrusted: (s, { ticketId }) => ({ ...s, tickets: [...s.tickets, ticketId] }),
    TicketReleased: (s, { ticketId }) => ({ ...s, tickets: s.tickets.filter((held) => held !== ticketId) }),
    CallSocketOpened: (s, { sessionId, tab, gateway, fence }) => ({
      ...s,
      socket: { sessionId, tab, gateway, closedAt: null },
      fence,
    }),
    CallSocketClosed: (s, { at }) => ({ ...s, socket: s.socket && { ...s.socket, closedAt: at } }),
  });
