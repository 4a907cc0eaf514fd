import type { Db } from 'mongodb';
import type { Logger } from 'pino';
import type { Verify } from '../http/caller.ts';
import { agents, inbox } from '../projections/index.ts';
import { readModel } from '../projections/reader.ts';
import type { Directory } from '../store/directory.ts';
import { type CallSockets, callDesk } from './call-desk.ts';
import { joinGateways } from './gateways.ts';
import { followReadModels } from './read-models.ts';
import { type Limits, type Session, session } from './session.ts';
import { listen, type Socket } from './transport.ts';

export type { CallSockets } from './call-desk.ts';

export type RealtimeOptions = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly db: Db;
  readonly directory: Pick<Directory, 'find'>;
  readonly verify: Verify;
  readonly now: () => number;
  readonly logger: Logger;
  readonly callSockets: CallSockets;
  readonly heartbeatMs?: number;
  /** Pages that may connect, e.g. `https://desk.example`; all of them when left out. */
  readonly origins?: readonly string[];
  /** For tests and unusual networks. */
  readonly limits?: Partial<Limits>;
  readonly signal?: AbortSignal;
};

const path = '/v1/realtime';
const defaults: Limits = { helloMs: 5_000, heartbeatMs: 10_000, highWater: 256 * 1024, maxLagMs: 30_000 };
const maxPayload = 64 * 1024;
const maxBackpressure = 1024 * 1024;
const patienceMs = 2_000;

/**
 * Serves `ws://host:port/v1/realtime` until `stop` or the signal. `stop` tells every client to connect elsewhere
 * (4100) and resolves once the call sockets are given back. Rejects when the port is taken or the documents cannot be read.
 */
export const startRealtime = async (options: RealtimeOptions): Promise<{ url: string; stop(): Promise<void> }> => {
  const { db, logger, heartbeatMs = defaults.heartbeatMs, signal } = options;
  const limits = { ...defaults, heartbeatMs, ...options.limits };
  const fault = (error: unknown) => logger.error({ err: error }, 'realtime failed; it goes on by itself');

  const gateways = await joinGateways(db, fault);
  const desk = callDesk({ ...options, gateways, agents: readModel(db, agents), inbox: readModel(db, inbox) });
  const listeners = { [agents.name]: desk.agents, [inbox.name]: desk.inbox };
  const readModels = await followReadModels({ db, listeners, fault });
  const close = async () => {
    readModels.stop();
    await gateways.leave();
  };

  const sessions = new Set<Session>();
  const connected = (socket: Socket) => {
    const begun = session(socket, { ...options, ...readModels, desk, limits });
    sessions.add(begun);
    void begun.over.then(() => sessions.delete(begun));
    return begun;
  };
  const { host, port, origins } = options;
  const server = await listen({ host, port, path, maxPayload, maxBackpressure, origins, connected, fault }).catch(
    async (error: unknown) => {
      await close();
      throw error;
    },
  );
  const beating = setInterval(() => {
    for (const each of sessions) each.beat();
  }, limits.heartbeatMs);

  const stop = once(async () => {
    server.close();
    clearInterval(beating);
    await drain(sessions);
    await close();
  });
  signal?.addEventListener('abort', () => void stop().catch(fault), { once: true });
  return { url: server.url, stop };
};

/** Asks every client to go, and does not wait long for those who do not answer. */
const drain = async (sessions: ReadonlySet<Session>) => {
  const all = [...sessions];
  for (const each of all) each.end('draining');
  const patience = setTimeout(() => {
    for (const each of all) each.drop();
  }, patienceMs);
  await Promise.all(all.map(({ over }) => over));
  clearTimeout(patience);
};

const once = (work: () => Promise<void>) => {
  let done: Promise<void> | null = null;
  return () => {
    done ??= work();
    return done;
  };
};
