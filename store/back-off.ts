import { setTimeout } from 'node:timers/promises';

/** How long to wait before the next attempt, in ms: doubles from 25 to at most 2,000, and never the same for two waiters. */
export const backOff = (failures: number): number => {
  const longest = Math.min(2_000, 25 * 2 ** Math.min(failures, 16));
  return longest * (0.5 + Math.random() / 2);
};

/** Resolves after `ms`, or as soon as the signal aborts. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, signal ? { signal } : {}).catch((fault) => {
    if (!signal?.aborted) throw fault;
  });
