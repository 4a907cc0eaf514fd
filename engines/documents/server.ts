import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { environmentFolder } from './backup.ts';
import type { Server } from './commands/context.ts';
import { serve } from './connection.ts';
import { Cursors } from './cursors.ts';
import { DocumentError } from './errors.ts';
import { expireDocuments } from './expiry.ts';
import { lockDirectory } from './lock.ts';
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

/** How many connections may wait to be accepted; a unix socket turns away the next. */
const mostUnaccepted = 4096;

const listen = (net: NetServer, where: { path: string } | { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    net.once('error', reject);
    net.listen({ ...where, backlog: mostUnaccepted }, () => {
      net.off('error', reject);
      resolve();
    });
  });

const urlOf = (host: string): string => `mongodb://${host}/?directConnection=true`;

/** Work that repeats in the background, one run at a time, until it is stopped. */
const repeating = (millis: number, work: () => Promise<void>) => {
  let running: Promise<unknown> = Promise.resolve();
  let isStopped = false;
  const run = (): void => {
    running = running.then(() => (isStopped ? undefined : work())).catch((error) => isStopped || reportFault(error));
  };
  const timer = setInterval(run, millis);
  return {
    run,
    stop: async (): Promise<void> => {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
};

const reportFault = (error: unknown): void => {
  process.stderr.write(`documents: ${error instanceof Error ? error.stack : String(error)}\n`);
};

const minute = 60_000;

/** Tells the driver to open a change stream again where it was; it does so by itself. */
const interrupted = (): DocumentError =>
  new DocumentError('InterruptedAtShutdown', 'interrupted at shutdown', {
    errorLabels: ['ResumableChangeStreamError'],
  });

/** How long commands under way may take to end by themselves when the server stops. */
const patienceMillis = 2000;

const openListeners = async (server: Server, options: Options, sockets: Set<Socket>) => {
  const listener = (address: () => string): NetServer =>
    createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.setNoDelay(true);
      serve(server, socket, address());
    });
  mkdirSync(dirname(options.socket), { recursive: true, mode: 0o700 });
  rmSync(options.socket, { force: true });
  const local = listener(() => options.socket);
  await listen(local, { path: options.socket });
  chmodSync(options.socket, 0o600);
  const urls = [urlOf(encodeURIComponent(options.socket))];
  if (options.port === undefined) return { listeners: [local], urls };
  const tcp: NetServer = listener(() => `127.0.0.1:${(tcp.address() as AddressInfo).port}`);
  await listen(tcp, { host: '127.0.0.1', port: options.port });
  urls.push(urlOf(`127.0.0.1:${(tcp.address() as AddressInfo).port}`));
  return { listeners: [local, tcp], urls };
};

/**
 * Starts the document store on a directory; resolves when it answers. Throws `DirectoryInUse` if another process serves
 * the directory and does not let go within five seconds.
 */
export const startDocuments = async (options: Options): Promise<Running> => {
  const unlock = await lockDirectory(options.dir);
  const store = new Store(join(options.dir, environmentFolder), { bytes: options.oplogBytes ?? 64 * 2 ** 20 });
  const cursors = new Cursors();
  const sessions = new Sessions(store);
  const builds = new IndexBuilds(store);
  await builds.forgetInterrupted();
  const sweeping = repeating(minute, () => sweep(store));
  const expiring = repeating(options.expiryMillis ?? minute, async () => {
    await expireDocuments(store);
    await sessions.expire();
    cursors.closeIdle();
  });
  const server: Server = {
    store,
    cursors,
    sessions,
    builds,
    startedAt: Date.now(),
    active: new Set(),
    operations: new Set(),
    connections: new Set(),
    sweepSoon: sweeping.run,
  };
  sweeping.run();
  const sockets = new Set<Socket>();
  const { listeners, urls } = await openListeners(server, options, sockets);
  const stop = async (): Promise<void> => {
    for (const listener of listeners) listener.close();
    for (const socket of sockets) socket.pause();
    cursors.closeAll(interrupted());
    await Promise.race([Promise.allSettled(server.active), wait(patienceMillis, undefined, { ref: false })]);
    store.isStopping = true;
    await Promise.allSettled([...server.active, sweeping.stop(), expiring.stop()]);
    for (const socket of sockets) socket.destroySoon();
    await store.close();
    rmSync(options.socket, { force: true });
    unlock();
  };
  return { urls, stop };
};
