import type { Db } from 'mongodb';
import type { Logger } from 'pino';
import { share } from 'rxjs';
import type { Verify } from '../http/caller.ts';
import { headSignal } from '../projections/head-signal.ts';
import { agents, inbox } from '../projections/index.ts';
import type { Projection } from '../projections/projection.ts';
import { readModel } from '../projections/reader.ts';
import { type CallSockets, callDesk } from './call-desk.ts';
import { joinGateways } from './gateways.ts';
import { type Marks, openMarks } from './marks.ts';
import { type Limits, type Session, session } from './session.ts';
import { type Listener, openSource, type Source } from './source.ts';
import { shownReadModels } from './topics.ts';
import { listen, type Socket } from './transport.ts';

export type { CallSockets } from './call-desk.ts';

export type RealtimeOptions = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly db: Db;
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
const markMs = 60_000;
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
  const marks = await openMarks(db);
  const sources = await openSources({
    db,
    marks,
    listeners: { [agents.name]: desk.agents, [inbox.name]: desk.inbox },
    fault,
  });
  const markAll = () => Promise.all([...sources].map(([name, { place }]) => marks.mark(name, place()))).catch(fault);
  await markAll();

  const sessions = new Set<Session>();
  const context = {
    ...options,
    desk,
    limits,
    isKept: marks.isKept,
    source: ({ projection }: { projection: Projection<object> }) => sources.get(projection.name)!,
  };
  const connected = (socket: Socket) => {
    const begun = session(socket, context);
    sessions.add(begun);
    void begun.over.then(() => sessions.delete(begun));
    return begun;
  };
  const { host, port, origins } = options;
  const server = await listen({ host, port, path, maxPayload, maxBackpressure, origins, connected, fault });
  const timers = [
    setInterval(() => sessions.forEach((each) => void each.beat()), heartbeatMs),
    setInterval(markAll, markMs),
  ];

  const stop = once(async () => {
    server.close();
    for (const timer of timers) clearInterval(timer);
    await drain(sessions);
    for (const source of sources.values()) source.stop();
    await gateways.leave();
  });
  signal?.addEventListener('abort', () => void stop().catch(fault), { once: true });
  return { url: server.url, stop };
};

type Sources = { db: Db; marks: Marks; listeners: { readonly [name: string]: Listener }; fault(error: unknown): void };

const openSources = async ({ db, marks, listeners, fault }: Sources): Promise<ReadonlyMap<string, Source>> => {
  const signal = headSignal(db).pipe(share());
  const open = async (projection: Projection<object>) => {
    const { name } = projection;
    const listener: Listener = {
      take: async (window) => listeners[name]?.take(window),
      restarted: async (place) => {
        await Promise.all([marks.mark(name, place), listeners[name]?.restarted(place)]);
      },
    };
    return [name, await openSource({ model: readModel(db, projection), signal, listener, fault })] as const;
  };
  return new Map(await Promise.all(shownReadModels.map(open)));
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
