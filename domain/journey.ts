import { z } from 'zod';
import { DailyHours, isBetween } from './hours.ts';
import type { Instant } from './time.ts';

/** Which calls a journey is for; an empty list, or `null`, asks nothing. All that is asked must hold. */
const When = z.object({
  channels: z.array(z.string()),
  /** Calling codes such as "91". */
  regions: z.array(z.string()),
  /** Words that the call button or deep link carried. */
  tags: z.array(z.string()),
  between: DailyHours.nullable(),
  /** What the agent must know; who knows it is in a team of that name. */
  skills: z.array(z.string()),
});

export const Journey = {
  journeyId: z.string(),
  name: z.string(),
  /** 1 is asked before 2. */
  priority: z.int(),
  when: When,
  route: z.union([z.object({ team: z.string() }), z.object({ agent: z.string() })]),
};
export type Journey = Readonly<z.output<z.ZodObject<typeof Journey>>>;

/** What journeys ask of a call. */
export type Caller = {
  readonly startedAt: Instant;
  readonly channelId: string;
  readonly waId: string | null;
  readonly tags: readonly string[];
};

const asks = <T>(wanted: readonly T[], holds: (one: T) => boolean) => wanted.length === 0 || wanted.some(holds);

/** Whether a journey is for this call; the time of day is that at which the call began. */
export const isFor = ({ when }: Journey, { startedAt, channelId, waId, tags }: Caller): boolean =>
  asks(when.channels, (channel) => channel === channelId) &&
  asks(when.regions, (code) => waId?.startsWith(code) ?? false) &&
  asks(when.tags, (tag) => tags.includes(tag)) &&
  (when.between === null || isBetween(when.between, startedAt));

/** Whether a journey leads to this agent: them, or their team, with every skill it asks for. */
export const leadsTo = ({ when, route }: Journey, agentId: string, teams: readonly string[]): boolean =>
  ('agent' in route ? route.agent === agentId : teams.includes(route.team)) &&
  when.skills.every((skill) => teams.includes(skill));

/** The order in which journeys are asked. */
export const inOrder = (journeys: readonly Journey[]): readonly Journey[] =>
  journeys.toSorted((a, b) => a.priority - b.priority || (a.journeyId < b.journeyId ? -1 : 1));
