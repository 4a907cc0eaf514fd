import { type Agent, liveSocket, type Role } from './agent.ts';
import type { Candidate, MissReason } from './call-events.ts';
import type { Routing } from './routing.ts';
import type { Instant } from './time.ts';

/** A member of the store's roster with the state of their own stream. */
export type Colleague = { readonly agentId: string; readonly state: Agent };

type Question = {
  readonly at: Instant;
  /** What the channel itself has against the call: `incomingMissReason`. */
  readonly channelMiss: MissReason | null;
  readonly mode: Routing['rules']['mode'];
  /** In the order in which they joined, which settles ties. */
  readonly roster: readonly Colleague[];
  /** Agents this very call was offered to before. */
  readonly tried: readonly string[];
};

/** Who gets the call, who else could have had it and why not, and, if nobody does, why the call is missed. */
export type Route = {
  readonly candidates: Candidate[];
  readonly chosen: string | null;
  readonly noAgent: MissReason | null;
};

const takesCalls: ReadonlySet<Role | undefined> = new Set<Role | undefined>(['agent', 'team_manager', 'admin']);

const passedOver = ({ agentId, state }: Colleague, { at, tried }: Question) => {
  if (!takesCalls.has(state.profile?.role)) return 'role';
  if (!state.active) return 'inactive';
  if (!liveSocket(state, at)) return 'no_call_socket';
  if (state.call) return 'on_call';
  return tried.includes(agentId) ? 'already_tried' : null;
};

const nobody = (noAgent: MissReason, candidates: Candidate[] = []): Route => ({ candidates, chosen: null, noAgent });

/** Evenly over the available agents: whoever was reserved least recently. */
const roundRobin = (question: Question): Route => {
  const judged = question.roster.map((colleague) => ({ colleague, reason: passedOver(colleague, question) }));
  const [next] = judged
    .filter(({ reason }) => reason === null)
    .map(({ colleague }) => colleague)
    .toSorted((a, b) => a.state.lastReservedAt - b.state.lastReservedAt);
  const candidates = judged.map(({ colleague: { agentId }, reason }) => ({
    agentId,
    passedOver: agentId === next?.agentId ? null : (reason ?? 'not_their_turn'),
  }));
  return next ? { candidates, chosen: next.agentId, noAgent: null } : nobody('no_agent_available', candidates);
};

/** Hands out an incoming call: first the channel's state and hours, then the store's mode. */
export const routeCall = (question: Question): Route => {
  if (question.channelMiss) return nobody(question.channelMiss);
  return question.mode === 'unassigned' ? nobody('unassigned_mode') : roundRobin(question);
};
