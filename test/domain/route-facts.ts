import type { Agent } from '../../domain/agent.ts';
import type { Colleague, routeCall } from '../../domain/route-call.ts';
import { routing } from '../../domain/routing.ts';
import { available, noon } from './agent-facts.ts';

type Question = Parameters<typeof routeCall>[0];

/** A colleague who may take a call now, but for what is said. */
export const who = (agentId: string, more: Partial<Agent> = {}): Colleague => ({
  agentId,
  state: { ...available, ...more },
});

/** A call at noon, to be handed out to these, under the usual rules but for what is said. */
export const question = (
  roster: readonly Colleague[],
  more: Partial<Question> = {},
  rules: Partial<Question['rules']> = {},
): Question => ({
  at: noon,
  channelMiss: null,
  rules: { ...routing.initial.rules, ...rules },
  journeys: [],
  call: { startedAt: noon, channelId: '8001', waId: '919999900000', tags: [] },
  ticketId: 't1',
  roster,
  tried: [],
  ...more,
});
