import { type Agent, agent, type Role } from '../domain/agent.ts';
import type { Instant } from '../domain/time.ts';
import { stateProjection } from './state-projection.ts';

export type AgentView = {
  readonly agentId: string;
  /** `null` once the agent's key was destroyed. */
  readonly name: string | null;
  readonly email: string | null;
  readonly role: Role | null;
  readonly teams: readonly string[];
  readonly capacity: number | null;
  /** How many open tickets they hold. */
  readonly load: number;
  readonly active: boolean;
  /** Since when they have been active, or inactive. */
  readonly activeChangedAt: Instant | null;
  readonly call: { readonly callId: string; readonly direction: 'incoming' | 'outgoing' } | null;
  /** The one browser that may place and take calls, if it is connected. */
  readonly callSocket: { readonly sessionId: string; readonly fence: number } | null;
  readonly changedAt: Instant;
};

const switches: ReadonlySet<string> = new Set(['AgentActivated', 'AgentDeactivated']);
const noProfile = { name: null, email: null, role: null, teams: [], capacity: null };

const hasSwitched = ({ active }: Agent, { type }: { type: string }, before: AgentView | null) =>
  switches.has(type) && active !== (before?.active ?? false);

const openSocket = ({ socket, fence }: Agent) =>
  socket && socket.closedAt === null ? { sessionId: socket.sessionId, fence } : null;

/** The staff: who they are, whether they take calls, what they are doing. Keys are `<store>.<agentId>`. */
export const agents = stateProjection({
  of: agent,
  name: 'agents',
  version: 4,
  indexes: [[{ store: 1, 'doc.agentId': 1 }]],
  view: (state, { event }, before: AgentView | null): AgentView => ({
    agentId: event.agentId,
    ...(state.profile ?? noProfile),
    load: state.tickets.length,
    active: state.active,
    activeChangedAt: hasSwitched(state, event, before) ? event.at : (before?.activeChangedAt ?? null),
    call: state.call,
    callSocket: openSocket(state),
    changedAt: event.at,
  }),
});
