import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import type { ReadModel } from '../projections/reader.ts';

type Waiting = Pick<ReadModel<unknown>, 'checkpoint' | 'waitFor'>;

/** The position a command answered with. */
const PositionToken = z
  .string()
  .regex(/^\d{1,20}$/, 'a position as a command answered it')
  .transform((digits) => BigInt(digits));

/** The parameter every read takes: answer only with what includes this position. */
export const minPosition = { minPosition: PositionToken.optional() };

const patienceMs = 2_000;

/**
 * The log position an answer from these read models reflects at least. Waits up to 2 s for `wanted`, else throws the
 * problem `read.behind` (503). Ask before reading.
 */
export const reflectedPosition = async (
  models: readonly Waiting[],
  wanted: bigint | undefined,
  signal: AbortSignal,
): Promise<bigint> => {
  if (wanted !== undefined) await waitForAll(models, wanted, signal);
  const positions = await Promise.all(models.map(async (model) => (await model.checkpoint())?.at ?? 0n));
  return positions.toSorted((a, b) => Number(a - b))[0] ?? 0n;
};

const waitForAll = async (models: readonly Waiting[], wanted: bigint, signal: AbortSignal) => {
  const reached = await Promise.all(models.map((model) => model.waitFor(wanted, { timeoutMs: patienceMs, signal })));
  if (reached.every(Boolean)) return;
  throw new Problem(503, 'read.behind', `The read model has not reached position ${wanted} yet; ask again shortly.`, {
    headers: { 'Retry-After': '1' },
  });
};
