import { z } from 'zod';
import { decider, refuse, same } from './decider.ts';
import { Instant } from './time.ts';

export const RoutingMode = z.enum(['unassigned', 'round_robin', 'only_if_available', 'load_balancer']);
export type RoutingMode = z.infer<typeof RoutingMode>;

const Rules = {
  mode: RoutingMode,
  onlyIfAvailable: z.boolean(),
  ringSeconds: z.int().positive(),
  queueSeconds: z.int().positive(),
};
type Rules = z.output<z.ZodObject<typeof Rules>>;

const events = {
  RoutingConfigured: { at: Instant, ruleVersion: z.int().positive(), ...Rules },
  AgentEnlisted: { at: Instant, agentId: z.string(), teams: z.array(z.string()) },
};

export type Routing = {
  readonly rules: Rules;
  readonly ruleVersion: number;
  /** The agents of the store, in the order they joined. */
  readonly roster: readonly { agentId: string; teams: readonly string[] }[];
};

const initial: Routing = {
  rules: { mode: 'round_robin', onlyIfAvailable: true, ringSeconds: 30, queueSeconds: 60 },
  ruleVersion: 0,
  roster: [],
};

/** Modes whose whole behaviour is built; the others are refused rather than half done. */
const supported: ReadonlySet<RoutingMode> = new Set(['unassigned', 'round_robin']);

/** How a store hands out its incoming calls, and to whom. Stream `routing-<store>`. */
export const routing = decider({ category: 'routing', events, initial })
  .decide({
    ConfigureRouting: (s, { at, ...rules }: { at: Instant } & Rules) => {
      if (!supported.has(rules.mode))
        return refuse('routing.mode_unsupported', { facts: { supported: [...supported] } });
      const unchanged = s.ruleVersion > 0 && same(s.rules, rules);
      return unchanged ? [] : [{ type: 'RoutingConfigured', at, ruleVersion: s.ruleVersion + 1, ...rules }];
    },

    EnlistAgent: (s, c: { at: Instant; agentId: string; teams: readonly string[] }) => {
      const known = s.roster.find(({ agentId }) => agentId === c.agentId);
      const unchanged = known && known.teams.join() === c.teams.join();
      return unchanged ? [] : [{ type: 'AgentEnlisted', ...c, teams: [...c.teams] }];
    },
  })
  .evolve({
    RoutingConfigured: (s, { mode, onlyIfAvailable, ringSeconds, queueSeconds, ruleVersion }) => ({
      ...s,
      rules: { mode, onlyIfAvailable, ringSeconds, queueSeconds },
      ruleVersion,
    }),
    AgentEnlisted: (s, { agentId, teams }) => ({
      ...s,
      roster: s.roster.some((a) => a.agentId === agentId)
        ? s.roster.map((a) => (a.agentId === agentId ? { agentId, teams } : a))
        : [...s.roster, { agentId, teams }],
    }),
  });
