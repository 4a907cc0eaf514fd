import { z } from 'zod';
import { GraphFaults } from './graph-faults.ts';
import { quirkNames } from './quirks.ts';
import { seededRandom } from './random.ts';

/** `true` is always, `false` never. */
const Probability = z.preprocess(
  (given) => (typeof given === 'boolean' ? Number(given) : given),
  z.number().min(0).max(1),
);

/**
 * What goes wrong with webhooks, each a probability from 0 to 1 drawn anew for every webhook: sent twice, overtaken
 * by the customer's next one, never sent. `delayMs` holds every webhook back that long on the simulated clock.
 * `quirks` are Meta's own, each in force with the probability `quirkChance`. The same `seed` and the same webhooks give
 * the same faults. `graph` is what goes wrong with what Meta is asked.
 */
export const Faults = z.strictObject({
  duplicate: Probability.default(0),
  reorder: Probability.default(0),
  drop: Probability.default(0),
  delayMs: z.int().min(0).max(86_400_000).default(0),
  seed: z.int().default(1),
  quirks: z.array(z.enum(quirkNames)).optional(),
  quirkChance: Probability.optional(),
  graph: GraphFaults.optional(),
});
export type Faults = z.infer<typeof Faults>;

/** What happens to one webhook. */
export type Fate = { readonly copies: 0 | 1 | 2; readonly overtaken: boolean; readonly delayMs: number };

/** Draws the fate of one webhook after another; three numbers each, so one probability never shifts another. */
export function fates({ duplicate, reorder, drop, delayMs, seed }: Faults): () => Fate {
  const random = seededRandom(seed);
  return () => {
    const [lost, twice, overtaken] = [random() < drop, random() < duplicate, random() < reorder];
    return { copies: lost ? 0 : twice ? 2 : 1, overtaken, delayMs };
  };
}
