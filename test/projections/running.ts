import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import type { DomainEvent } from '../../domain/index.ts';
import { collectionOf, type Projection, type Stored } from '../../projections/projection.ts';
import { type ProjectionsOptions, startProjections } from '../../projections/runner.ts';
import type { EventLog } from '../../store/event-log.ts';
import { streamOf } from './events.ts';

/** Adds events to their streams, one append each, and answers the position of the last. */
export const append = async (log: EventLog, events: readonly DomainEvent[], store = 'demo'): Promise<bigint> => {
  let position = 0n;
  for (const event of events) {
    const commandId = randomUUID();
    const context = {
      store,
      actor: { type: 'agent', id: 'asha' } as const,
      $correlationId: commandId,
      $causationId: commandId,
      commandId,
    };
    ({ position } = await log.append(streamOf(event, store), [event], 'any', context));
  }
  return position;
};

const begun: (() => Promise<void>)[] = [];

/** Stops what a failed test left running, or its lease would keep the next one waiting. For `afterEach`. */
export const stopAll = async () => {
  await Promise.all(begun.splice(0).map((stop) => stop()));
};

/** Projections that run until stopped; faults are kept. */
export const running = (options: Omit<ProjectionsOptions, 'signal' | 'onFault'>) => {
  const stopping = new AbortController();
  const faults: unknown[] = [];
  const stopped = startProjections({
    leaseMs: 500,
    ...options,
    signal: stopping.signal,
    onFault: (f) => faults.push(f),
  });
  const stop = () => {
    stopping.abort();
    return stopped;
  };
  begun.push(stop);
  return { faults, stop };
};

/** Everything a read model has stored, without what differs between two runs. */
export const contents = async (db: Db, p: Projection): Promise<readonly Omit<Stored<unknown>, 'removedAt'>[]> => {
  const stored = db.collection<Stored<unknown>>(collectionOf(p));
  const all = await stored.find().sort({ _id: 1 }).toArray();
  return all.map(({ removedAt: _, ...rest }) => rest);
};
