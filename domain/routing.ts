import { z } from 'zod';
import { Capacity, unlimited } from './capacity.ts';
import { decider, refuse, same } from './decider.ts';
import { inOrder, Journey } from './journey.ts';
import { Instant } from './time.ts';

export const RoutingMode = z.enum(['unassigned', 'round_robin', 'only_if_available', 'load_balancer']);
export type RoutingMode = z.infer<typeof RoutingMode>;

const Rules = {
  mode: RoutingMode,
  onlyIfAvailable: z.boolean(),
  ringSeconds: z.int().positive(),
  queueSeconds: z.int().positive(),
  capacity: Capacity.default(unlimited),
};
type Rules = z.output<z.ZodObject<typeof Rules>>;

const events = {
  RoutingConfigured: { at: Instant, ruleVersion: z.int().positive(), ...Rules },
  JourneyDefined: { at: Instant, ruleVersion: z.int().positive(), ...Journey },
  JourneyRemoved: { at: Instant, ruleVersion: z.int().positive(), journeyId: Journey.journeyId },
  AgentEnlisted: { at: Instant, agentId: z.string(), teams: z.array(z.string()) },
};

export type Routing = {
  readonly rules: Rules;
  /** Counts every change of the rules and the journeys. */
  readonly ruleVersion: number;
  /** In the order in which they are asked. */
  readonly journeys: readonly Journey[];
  /** The agents of the store, in the order they joined. */
  readonly roster: readonly { agentId: string; teams: readonly string[] }[];
};

const initial: Routing = {
  rules: { mode: 'round_robin', onlyIfAvailable: true, ringSeconds: 30, queueSeconds: 60, capacity: unlimited },
  ruleVersion: 0,
  journeys: [],
  roster: [],
};

const without = (s: Routing, journeyId: string) => s.journeys.filter((journey) => journey.journeyId !== journeyId);

/** Whether anybody of the store belongs to this team. */
export const isTeam = ({ roster }: Routing, team: string) => roster.some(({ teams }) => teams.includes(team));

/** How a store hands out its incoming calls, and to whom. Stream `routing-<store>`. */
export const routing = decider({ category: 'routing', events, initial })
  .decide({
    ConfigureRouting: (s, { at, ...rules }: { at: Instant } & Rules) => {
      const unchanged = s.ruleVersion > 0 && same(s.rules, rules);
      return unchanged ? [] : [{ type: 'RoutingConfigured', at, ruleVersion: s.ruleVersion + 1, ...rules }];
    },

    DefineJourney: (s, { at, ...journey }: { at: Instant } & Journey) => {
      const known = s.journeys.find(({ journeyId }) => journeyId === journey.journeyId);
      return known && same(known, journey)
        ? []
        : [{ type: 'JourneyDefined', at, ruleVersion: s.ruleVersion + 1, ...journey }];
    },

    RemoveJourney: (s, c: { at: Instant; journeyId: string }) =>
      without(s, c.journeyId).length < s.journeys.length
        ? [{ type: 'JourneyRemoved', ruleVersion: s.ruleVersion + 1, ...c }]
        : refuse('journey.unknown'),

    EnlistAgent: (s, c: { at: Instant; agentId: string; teams: readonly string[] }) => {
      const known = s.roster.find(({ agentId }) => agentId === c.agentId);
      const unchanged = known && known.teams.join() === c.teams.join();
      return unchanged ? [] : [{ type: 'AgentEnlisted', ...c, teams: [...c.teams] }];
    },
  })
  .evolve({
    RoutingConfigured: (s, { type: _, at: __, ruleVersion, ...rules }) => ({ ...s, rules, ruleVersion }),
    JourneyDefined: (s, { type: _, at: __, ruleVersion, ...journey }) => ({
      ...s,
      journeys: inOrder([...without(s, journey.journeyId), journey]),
      ruleVersion,
    }),
    JourneyRemoved: (s, { journeyId, ruleVersion }) => ({ ...s, journeys: without(s, journeyId), ruleVersion }),
    AgentEnlisted: (s, { agentId, teams }) => ({
      ...s,
      roster: s.roster.some((a) => a.agentId === agentId)
        ? s.roster.map((a) => (a.agentId === agentId ? { agentId, teams } : a))
        : [...s.roster, { agentId, teams }],
    }),
  });
