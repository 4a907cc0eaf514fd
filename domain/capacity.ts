import { z } from 'zod';

/** How many open tickets an agent may hold when nothing of their own says so: by team, else anybody; `null`: no limit. */
export const Capacity = z.object({
  global: z.int().positive().nullable(),
  teams: z.record(z.string(), z.int().positive()),
});
export type Capacity = z.infer<typeof Capacity>;

export const unlimited: Capacity = { global: null, teams: {} };

/** The agent's own number, else the highest of their teams', else the store's; `null` when nobody set one. */
export const capacityOf = (
  { capacity, teams }: { capacity: number | null; teams: readonly string[] },
  rules: Capacity,
): number | null => {
  const ofTeams = teams.flatMap((team) => (Object.hasOwn(rules.teams, team) ? [rules.teams[team]!] : []));
  return capacity ?? (ofTeams.length > 0 ? Math.max(...ofTeams) : rules.global);
};

/** Whether one more ticket fits; one that is theirs already weighs nothing more. */
export const hasRoom = (held: readonly string[], ticketId: string | null, capacity: number | null): boolean =>
  capacity === null || held.filter((one) => one !== ticketId).length < capacity;
