import { setImmediate } from 'node:timers/promises';
import { type AllStreamSubscription, type Filter, UnavailableError } from '@eventstore/db-client';
import type { Placed } from './codec.ts';
import { placedOf } from './reading.ts';

/** A batch before it is decoded. */
export type RawBatch = { placed: Placed[]; upTo: bigint; live: boolean };

type FeedOptions = { from: bigint; maxBatch: number; live: boolean; signal: AbortSignal };
type Subscribe = (checkpointReached: NonNullable<Filter['checkpointReached']>) => AllStreamSubscription;

/**
 * Turns one subscription of the client into batches that are taken, not pushed: what is not taken stays with the
 * server, but for `maxBatch` events. A checkpoint counts only when every event before it has been taken.
 */
export const openFeed = ({ from, maxBatch, live, signal }: FeedOptions, subscribe: Subscribe) => {
  let covered = from;
  let checkpoint = from;
  let caughtUp = false;
  let saidLive = false;
  let fault: Error | null = null;
  let ring = () => {};
  const wake = () => ring();

  const subscription = subscribe((_, { commit }) => {
    checkpoint = commit;
    wake();
  });
  subscription.on('readable', wake);
  subscription.on('caughtUp', () => {
    caughtUp = true;
    wake();
  });
  subscription.on('error', (cause) => {
    fault = cause;
    wake();
  });
  subscription.on('end', () => {
    fault = new UnavailableError(undefined, 'the event store ended the subscription');
    wake();
  });
  signal.addEventListener('abort', wake);

  const takeEvents = () => {
    const placed: Placed[] = [];
    while (placed.length < maxBatch) {
      const resolved = subscription.read();
      if (resolved === null) break;
      if (resolved.event) placed.push(placedOf(resolved.event));
    }
    return placed;
  };

  return {
    /** What has arrived, or `null` when there is nothing to tell. Throws what broke the subscription, once all is taken. */
    take(): RawBatch | null {
      const placed = takeEvents();
      const drained = subscription.readableLength === 0;
      const last = placed.at(-1)?.position ?? covered;
      const upTo = drained && checkpoint > last ? checkpoint : last;
      const isLive = live && drained && caughtUp;
      if (upTo > covered || isLive > saidLive) {
        covered = upTo;
        saidLive = isLive;
        return { placed, upTo, live: isLive };
      }
      if (fault) throw fault;
      return null;
    },
    /** Whether a subscription that only catches up has done so. */
    isDone: () => !live && caughtUp,
    /** Resolves when there may be something to take: the first of it and all that arrives with it. */
    async change() {
      await new Promise<void>((resolve) => {
        ring = resolve;
      });
      for (let before = -1; subscription.readableLength > before && subscription.readableLength < maxBatch; ) {
        before = subscription.readableLength;
        await setImmediate();
      }
    },
    async close() {
      signal.removeEventListener('abort', wake);
      await subscription.unsubscribe().catch(() => {}); // it never began
      subscription.destroy();
    },
  };
};
