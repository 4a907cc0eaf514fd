import type { Agent } from '../domain/agent.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { AgentView } from '../projections/agents.ts';
import type { InboxCall } from '../projections/inbox.ts';
import type { Shown } from '../projections/projection.ts';
import type { ReadModel } from '../projections/reader.ts';
import type { Gateways } from './gateways.ts';
import { type Seat, seating } from './seat.ts';
import { signalsOf } from './signalling.ts';
import type { Listener } from './source.ts';
import type { Window } from './windows.ts';

/** What the write side does about call sockets; each is a decision on the agent's stream or the call's. */
export type CallSockets = {
  open(c: {
    store: string;
    agentId: string;
    sessionId: string;
    tab: string;
    takeOver: boolean;
    gateway: string;
    holderIsGone: boolean;
  }): Promise<{ role: 'active' | 'standby'; fence: number } | Refusal>;
  close(c: { store: string; agentId: string; sessionId: string }): Promise<void>;
  acknowledge(c: { store: string; agentId: string; callId: string; offerId: string }): Promise<void>;
};

type AgentDocument = AgentView & { readonly detail: Agent };

type Options = {
  agents: ReadModel<AgentDocument>;
  inbox: ReadModel<InboxCall>;
  callSockets: CallSockets;
  gateways: Gateways;
  now: () => number;
};

/** The call sockets of this process: who is active, and what the active ones are told of their calls. */
export const callDesk = ({ agents, inbox, callSockets, gateways, now }: Options) => {
  const seats = seating();

  const agentOf = ({ store, agentId }: Seat) => agents.get(store, `${store}.${agentId}`);

  const supersede = (seat: Seat, fence: number, by: string) => {
    seat.role = 'standby';
    seat.known.clear();
    seat.signal({ type: 'superseded', fence, by });
  };

  /** What the agent's document says of who holds the call socket. */
  const compare = (seat: Seat, { at, doc: { callSocket } }: Shown<Pick<AgentView, 'callSocket'>>) => {
    if (at < seat.seenAt) return;
    seat.seenAt = at;
    if (seat.role !== 'active' || !callSocket) return;
    const { sessionId, fence } = callSocket;
    if (sessionId === seat.sessionId) seat.isConfirmed = true;
    else if (fence > seat.fence || (fence === seat.fence && seat.isConfirmed)) supersede(seat, fence, sessionId);
  };

  const tell = (seat: Seat, callId: string, call: InboxCall | null) => {
    const known = seat.known.get(callId) ?? null;
    const next = signalsOf({ callId, call, agentId: seat.agentId, known, now: now() });
    if (next.known) seat.known.set(callId, next.known);
    else seat.known.delete(callId);
    for (const signal of next.signals) seat.signal(signal);
  };

  /** A page that was loaded anew is told what rings; what else is going on it reads in its inbox. */
  const ring = async (seat: Seat) => {
    const mine = { filter: { 'doc.agentId': seat.agentId }, sort: { path: 'doc.startedAt', direction: -1 } as const };
    const meanwhile = new Set<string>();
    seat.toldMeanwhile = meanwhile;
    for (const { _id, doc } of await inbox.find(seat.store, mine.filter, { sort: mine.sort, limit: 20 })) {
      if (doc.state === 'ringing' && !meanwhile.has(_id)) tell(seat, _id, doc);
    }
    seat.toldMeanwhile = null;
  };

  const tellAll = async (store: string, window: Window) => {
    if (seats.active(store).length === 0) return;
    const calls = new Map((await window.documents(store)).map(({ _id, doc }) => [_id, doc as InboxCall]));
    for (const seat of seats.active(store)) {
      for (const { _id } of window.changes.get(store) ?? []) {
        seat.toldMeanwhile?.add(_id);
        tell(seat, _id, calls.get(_id) ?? null);
      }
    }
  };

  const check = async (seat: Seat) => {
    const agent = await agentOf(seat);
    if (agent) compare(seat, agent);
  };

  const review = async (store: string, window: Window) => {
    if (seats.active(store).length === 0) return;
    for (const agent of (await window.documents(store)) as readonly Shown<AgentView>[]) {
      for (const seat of seats.of(store, agent.doc.agentId)) compare(seat, agent);
    }
  };

  return {
    /** Asks for the agent's call socket. */
    async open(seat: Seat, takeOver: boolean): Promise<Refusal | null> {
      const { store, agentId, sessionId, tab } = seat;
      const present = (await agentOf(seat))?.doc.detail;
      const holderIsGone = !!present?.socket && (await gateways.isGone(present.socket.gateway));
      const asked = { store, agentId, sessionId, tab, takeOver, gateway: gateways.id, holderIsGone };
      const answer = await callSockets.open(asked);
      if (isRefusal(answer)) {
        seat.fence = Math.max(seat.fence, present?.fence ?? 0);
        return answer;
      }
      Object.assign(seat, answer, { isConfirmed: false });
      return null;
    },

    /** From here on the seat is told of its calls, and of who takes it. */
    async begin(seat: Seat) {
      seats.add(seat);
      if (seat.role !== 'active') return;
      for (const other of seats.of(seat.store, seat.agentId)) {
        if (other !== seat && other.role === 'active') supersede(other, seat.fence, seat.sessionId);
      }
      await Promise.all([check(seat), ring(seat)]);
    },

    /** The page has shown the offer; false when it has none such. */
    async acknowledge({ store, agentId, known }: Seat, offerId: string): Promise<boolean> {
      const found = [...known].find(([, call]) => call.phase === 'offered' && call.offerId === offerId);
      if (!found) return false;
      await callSockets.acknowledge({ store, agentId, callId: found[0], offerId });
      return true;
    },

    async leave(seat: Seat) {
      seats.remove(seat);
      const { store, agentId, sessionId } = seat;
      if (seat.role === 'active') await callSockets.close({ store, agentId, sessionId });
    },

    /** Hears of calls. */
    inbox: {
      take: async (window) =>
        void (await Promise.all([...window.changes.keys()].map((store) => tellAll(store, window)))),
      restarted: async () => void (await Promise.all(seats.active().map(ring))),
    } satisfies Listener,

    /** Hears of call sockets, other processes' too. */
    agents: {
      take: async (window) =>
        void (await Promise.all([...window.changes.keys()].map((store) => review(store, window)))),
      restarted: async () => void (await Promise.all(seats.active().map(check))),
    } satisfies Listener,
  };
};

export type CallDesk = ReturnType<typeof callDesk>;
