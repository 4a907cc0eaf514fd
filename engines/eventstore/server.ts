import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { type AddressInfo, createConnection } from 'node:net';
import type { GrpcCall } from './grpc-call.ts';
import { GrpcError, Status } from './grpc-error.ts';
import { type Listener, listen } from './listener.ts';
import { lockDirectory } from './lock.ts';
import { services } from './services.ts';
import { EventStore } from './store.ts';

export interface ServerOptions {
  /** The directory of the log; created if need be. */
  dir: string;
  /** Path of the unix socket to listen on; at most 107 bytes. */
  socket?: string;
  /** Port on 127.0.0.1 to listen on too; 0 for a free one. */
  port?: number;
  /** Bytes of data and metadata one append may have; 1 MiB unless given. */
  maxAppendSize?: number;
  /** Bytes after which a new segment file is begun; 64 MiB unless given. */
  segmentSize?: number;
  /** How many milliseconds to wait for another process to leave the directory; 5000 unless given. */
  patience?: number;
  /** Called once if the disk fails or is found damaged: the server then answers nothing any more and should be ended. */
  onFailure?: (error: Error) => void;
  /** Called with a sentence about what was found or done on the server's own initiative. */
  onNotice?: (notice: string) => void;
}

export interface RunningServer {
  /** `unix:/path/x.sock` and `esdb://127.0.0.1:PORT?tls=false`, as far as asked for. */
  urls: string[];
  /** Makes everything accepted durable, cancels open calls and gives the directory back. */
  stop(): Promise<void>;
}

/**
 * Starts an event store on a directory and answers as soon as it takes calls.
 *
 * Throws DirectoryInUse if another process has the directory open, DamagedLog if the log cannot be opened whole.
 */
export async function startEventStore(options: ServerOptions): Promise<RunningServer> {
  const unlock = await lockDirectory(options.dir, options.patience ?? 5000);
  try {
    return await startLocked(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function startLocked(options: ServerOptions, unlock: () => void): Promise<RunningServer> {
  let state: 'healthy' | 'stopping' | 'failed' = 'healthy';
  const onFailure = (error: Error) => {
    state = 'failed';
    options.onFailure?.(error);
  };
  const store = new EventStore(options.dir, { ...options, onFailure });
  const endPoint = { address: '127.0.0.1', port: 0 };
  const answer = services(store, { maxAppendSize: options.maxAppendSize ?? 1024 * 1024, endPoint });
  const onCall = (call: GrpcCall) => {
    if (state === 'healthy') answer(call);
    else call.fail(new GrpcError(Status.unavailable, `The event store is ${state}.`));
  };
  const listeners: Listener[] = [];
  const stop = async () => {
    state = 'stopping';
    await store.settled();
    await new Promise((answersAreSent) => setImmediate(answersAreSent));
    await Promise.all(listeners.map((listener) => listener.stop()));
    await store.close();
    unlock();
  };
  const urls = await open(options, endPoint, listeners, onCall, () => state === 'healthy').catch(
    async (error: unknown) => {
      await stop();
      throw error;
    },
  );
  let stopped: Promise<void> | undefined;
  return {
    urls,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Opens the addresses asked for, one listener each, and gives their names. */
async function open(
  options: ServerOptions,
  endPoint: { port: number },
  listeners: Listener[],
  onCall: (call: GrpcCall) => void,
  isHealthy: () => boolean,
): Promise<string[]> {
  const urls: string[] = [];
  if (options.socket !== undefined) {
    listeners.push(await listenOnSocket(options.socket, onCall, isHealthy));
    urls.push(`unix:${options.socket}`);
  }
  if (options.port !== undefined) {
    const listener = await listen({ host: '127.0.0.1', port: options.port }, onCall, isHealthy);
    endPoint.port = (listener.server.address() as AddressInfo).port;
    listeners.push(listener);
    urls.push(`esdb://127.0.0.1:${endPoint.port}?tls=false`);
  }
  return urls;
}

/** Listens on a unix socket that only this user can open; one left behind by a process that died is replaced. */
async function listenOnSocket(
  path: string,
  onCall: (call: GrpcCall) => void,
  isHealthy: () => boolean,
): Promise<Listener> {
  if (Buffer.byteLength(path) > 107)
    throw new Error(`The socket path ${path} is longer than 107 bytes; choose a shorter one.`);
  if (await isAbandoned(path)) unlinkSync(path);
  const listener = await listen({ path }, onCall, isHealthy);
  chmodSync(path, 0o600);
  return listener;
}

function isAbandoned(path: string): Promise<boolean> | false {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  return new Promise((resolve) => {
    const probe = createConnection({ path });
    probe.once('connect', () => resolve(false));
    probe.once('connect', () => probe.destroy());
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
