import { join } from 'node:path';
import { setImmediate as breathe, setTimeout as wait } from 'node:timers/promises';
import { environmentFolder } from './backup.ts';
import type { Server } from './commands/context.ts';
import { serve } from './connection.ts';
import { Cursors } from './cursors.ts';
import { DocumentError } from './errors.ts';
import { expireDocuments } from './expiry.ts';
import { type Listeners, openListeners } from './listeners.ts';
import { lockDirectory } from './lock.ts';
import { type Repeating, repeating } from './repeating.ts';
import { Sessions } from './sessions.ts';
import { IndexBuilds } from './storage/index-builds.ts';
import { Store } from './storage/store.ts';
import { sweep } from './storage/sweep.ts';

/** Where and how to serve. */
export interface Options {
  /** The data directory; made if missing. */
  readonly dir: string;
  /** The path of the unix socket; made anew. */
  readonly socket: string;
  /** A port on 127.0.0.1 as well; 0 takes a free one. */
  readonly port?: number | undefined;
  /** How many bytes of changes are kept for change streams; 64 MiB. */
  readonly oplogBytes?: number | undefined;
  /** How often expired documents are deleted, in milliseconds; a minute. */
  readonly expiryMillis?: number | undefined;
}

/** A running server. */
export interface Running {
  /** One connection string per listener. */
  readonly urls: readonly string[];
  /** Stops serving, flushes and closes; resolves when everything is on the disk. */
  stop(): Promise<void>;
}

const minute = 60_000;

/** Tells the driver to open a change stream again where it was; it does so by itself. */
const interrupted = (): DocumentError =>
  new DocumentError('InterruptedAtShutdown', 'interrupted at shutdown', {
    errorLabels: ['ResumableChangeStreamError'],
  });

/** How long commands under way may take to end by themselves when the server stops. */
const patienceMillis = 2000;

/** Deletes what has expired: documents, sessions and cursors. */
const expire = async ({ store, sessions, cursors }: Server): Promise<void> => {
  await expireDocuments(store);
  await sessions.expire();
  cursors.closeIdle();
};

/** Finds out how large the oplog is, and removes what drops have left behind. */
const tidy = async (store: Store): Promise<void> => {
  await store.oplog.count(async () => {
    await breathe();
    store.assertRunning();
  });
  await sweep(store);
};

const openServer = (options: Options): { server: Server; sweeping: Repeating } => {
  const store = new Store(join(options.dir, environmentFolder), { bytes: options.oplogBytes ?? 64 * 2 ** 20 });
  const sweeping = repeating(minute, () => tidy(store));
  const server: Server = {
    store,
    cursors: new Cursors(),
    sessions: new Sessions(store),
    builds: new IndexBuilds(store),
    startedAt: Date.now(),
    active: new Set(),
    operations: new Set(),
    connections: new Set(),
    sweepSoon: sweeping.run,
  };
  return { server, sweeping };
};

/** Lets the commands under way end, fails those that take too long, and closes the store. */
const stopServer = async (server: Server, listeners: Listeners, background: readonly Repeating[]): Promise<void> => {
  listeners.pause();
  server.cursors.closeAll(interrupted());
  await Promise.race([Promise.allSettled(server.active), wait(patienceMillis, undefined, { ref: false })]);
  server.store.isStopping = true;
  await Promise.allSettled([...server.active, ...background.map((work) => work.stop())]);
  listeners.close();
  await server.store.close();
};

/**
 * Starts the document store on a directory; resolves when it answers. Throws `DirectoryInUse` if another process serves
 * the directory and does not let go within five seconds.
 */
export const startDocuments = async (options: Options): Promise<Running> => {
  const unlock = await lockDirectory(options.dir);
  const { server, sweeping } = openServer(options);
  await server.builds.forgetInterrupted();
  const expiring = repeating(options.expiryMillis ?? minute, () => expire(server));
  sweeping.run();
  const listeners = await openListeners(options.socket, options.port, (socket, at) => serve(server, socket, at));
  const stop = async (): Promise<void> => {
    await stopServer(server, listeners, [sweeping, expiring]);
    unlock();
  };
  return { urls: listeners.urls, stop };
};
