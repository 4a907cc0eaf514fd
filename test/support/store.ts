import { expect } from 'vitest';
import { eventually, type Ringbook } from './ringbook.ts';

export const channelId = '800000000000001';
export const owner = { sub: 'owner', role: 'admin' as const };

type Setting = { readonly mode: 'round_robin' | 'unassigned'; readonly agents?: readonly string[] };

/** Sets up the store `acme`: one channel that takes and places calls around the clock, and these agents on duty. */
export const openStore = async (ringbook: Ringbook, { mode, agents = [] }: Setting) => {
  const put = async (path: string, body: object) => {
    const answer = await ringbook.ask(owner, path, { method: 'PUT', body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  };
  await put(`/v1/channels/${channelId}`, { name: 'Growth', displayPhoneNumber: '+910000000001', wabaId: '9' });
  await put(`/v1/channels/${channelId}/calling`, {
    enabled: true,
    userInitiated: { enabled: true, workingHours: null, holidays: [] },
    callbackRequests: { enabled: false },
  });
  await put('/v1/routing', { mode, ringSeconds: 30, queueSeconds: 60 });
  for (const agent of agents) {
    const name = `${agent[0]!.toUpperCase()}${agent.slice(1)} Agent`;
    await put(`/v1/agents/${agent}`, {
      name,
      email: `${agent}@acme.example`,
      role: 'agent',
      teams: ['care'],
      capacity: 1,
    });
    await put(`/v1/agents/${agent}/availability`, { active: true });
  }
};

/** Waits until no agent is in a call: they are free a moment after their call has ended. */
export const everybodyFree = (ringbook: Ringbook) =>
  eventually(
    async () => (await ringbook.ask(owner, '/v1/agents')).body.items,
    (agents: { call: unknown }[]) => agents.length > 0 && agents.every(({ call }) => call === null),
  );
