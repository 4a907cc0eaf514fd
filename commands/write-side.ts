import type { Db } from 'mongodb';
import type { Logger } from 'pino';
import type { Actor } from '../domain/metadata.ts';
import type { Instant } from '../domain/time.ts';
import type { Directory } from '../store/directory.ts';
import type { Context, EventLog } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import type { Transactions } from './transact.ts';
import type { Graph } from './whatsapp/graph.ts';

/** What every use case and process manager works with. */
export type WriteSide = Transactions & {
  readonly log: EventLog;
  readonly db: Db;
  readonly directory: Directory;
  readonly graph: Graph;
  readonly now: () => Instant;
  readonly logger: Logger;
};

/** Why and by whom something is done; `commandId` makes the ids of its events, so a repeat writes nothing twice. */
export const contextOf = (c: {
  store: string;
  actor: Actor;
  commandId: string;
  correlationId: string;
  causationId?: string;
}): Context => ({
  store: c.store,
  actor: c.actor,
  commandId: c.commandId,
  $correlationId: c.correlationId,
  $causationId: c.causationId ?? c.commandId,
});

/** The context of each step, by its name. */
export type Because = (step: string) => Context;

/** The context of one step of a command that writes more than once to a stream: its own, repeatable command id. */
export const stepOf = (context: Context, step: string): Context => ({
  ...context,
  commandId: uuidFrom(context.commandId, step),
});

/** The same for what Meta tells when it is asked: it is Meta's word, whoever asked. */
export const saidByMeta = (context: Context, channelId: string): Context => ({
  ...context,
  actor: { type: 'meta', id: channelId },
});
