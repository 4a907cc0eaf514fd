import type { Agent, agent } from '../../domain/agent.ts';

export type AgentEvent = Parameters<typeof agent.evolve>[1];

export const noon = Date.UTC(2026, 0, 5, 12);
export const profile = {
  name: 'Ben',
  email: 'ben@example.invalid',
  role: 'agent',
  teams: ['sales'],
  capacity: null,
} as const;

export const registered: AgentEvent = {
  type: 'AgentRegistered',
  at: noon,
  agentId: 'ben',
  ...profile,
  teams: ['sales'],
};
export const activated: AgentEvent = { type: 'AgentActivated', at: noon, agentId: 'ben', reason: null, spell: 1 };
export const socketOpened = (
  sessionId: string,
  fence = 1,
  more: { tab?: string; takenFrom?: string } = {},
): AgentEvent => ({
  type: 'CallSocketOpened',
  at: noon,
  agentId: 'ben',
  sessionId,
  tab: more.tab ?? sessionId,
  gateway: 'g1',
  fence,
  takenFrom: more.takenFrom ?? null,
});
export const socketClosed = (sessionId: string, at = noon): AgentEvent => ({
  type: 'CallSocketClosed',
  at,
  agentId: 'ben',
  sessionId,
});
export const reserved = (callId: string, at = noon): AgentEvent => ({
  type: 'AgentReserved',
  at,
  agentId: 'ben',
  callId,
  direction: 'incoming',
});

/** An agent who may take a call now. */
export const available: Agent = {
  profile: { ...profile, teams: ['sales'] },
  active: true,
  reason: null,
  spells: 1,
  call: null,
  turn: { at: 0, nth: 0 },
  tickets: [],
  socket: { sessionId: 's1', tab: 't1', gateway: 'g1', closedAt: null },
  fence: 1,
};
