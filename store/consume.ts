import { backOff, pause } from './back-off.ts';
import type { Batch, EventLog } from './event-log.ts';

export type Consumption = {
  log: Pick<EventLog, 'batches'>;
  /** The last position already handled; `null` for the beginning. */
  from: bigint | null;
  types: readonly string[];
  maxBatch: number;
  signal: AbortSignal;
  handle(batch: Batch): Promise<void>;
  /** Told of every fault and how many there were in a row; the loop goes on by itself. */
  report?(fault: unknown, failures: number): void;
};

/**
 * Hands every batch to `handle`, in order and one at a time, until the signal aborts. A batch that fails is tried
 * again after a pause of at most 2 s, as often as it takes: nothing is skipped here.
 */
export const consume = async ({ log, from, types, maxBatch, signal, handle, report }: Consumption): Promise<void> => {
  let position = from;

  const insist = async (work: () => Promise<void>) => {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return await work();
      } catch (fault) {
        if (signal.aborted) return;
        report?.(fault, failures + 1);
        await pause(backOff(failures), signal);
      }
    }
  };

  const follow = async () => {
    for await (const batch of log.batches({ from: position, types, maxBatch, signal })) {
      await insist(() => handle(batch));
      if (signal.aborted) return;
      position = batch.upTo;
    }
  };

  await insist(follow);
};
