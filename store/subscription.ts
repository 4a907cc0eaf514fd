import { type EventStoreDBClient, eventTypeFilter, START } from '@eventstore/db-client';
import { backOff, pause } from './back-off.ts';
import type { BatchOptions } from './event-log.ts';
import { isTransient } from './faults.ts';
import { openFeed, type RawBatch } from './feed.ts';

// How many events of any type the server passes before it says how far it is: seldom while there is much to catch up
// with; at every one when live, so that whoever waits for a position need not wait for the next event of ours.
const seldom = 1_024;
const always = 1;

/** Everything of these types after `from`, through restarts of the server, until the signal aborts. */
export async function* follow(client: EventStoreDBClient, options: BatchOptions): AsyncGenerator<RawBatch> {
  const { signal } = options;
  let from = options.from;
  let live = false;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      for await (const batch of subscribe(client, { ...options, from }, live)) {
        from = batch.upTo;
        failures = 0;
        yield batch;
      }
      live = true;
    } catch (fault) {
      if (!isTransient(fault)) throw fault;
      live = false;
      await pause(backOff(failures), signal);
    }
  }
}

/** One subscription: until it has caught up or, when live, until it breaks. */
async function* subscribe(client: EventStoreDBClient, options: BatchOptions, live: boolean): AsyncGenerator<RawBatch> {
  const { from, types, maxBatch, signal } = options;
  const feed = openFeed({ from: from ?? 0n, maxBatch, live, signal }, (checkpointReached) =>
    client.subscribeToAll(
      {
        fromPosition: from === null ? START : { commit: from, prepare: from },
        filter: eventTypeFilter({
          regex: `^(?:${types.join('|')})$`,
          maxSearchWindow: live ? always : seldom,
          checkpointReached,
        }),
      },
      { highWaterMark: maxBatch },
    ),
  );
  try {
    while (!signal.aborted) {
      const batch = feed.take();
      if (batch) yield batch;
      else if (feed.isDone()) return;
      else await feed.change();
    }
  } finally {
    await feed.close();
  }
}
