import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import type { Role } from '../../domain/agent.ts';
import type { DomainEvent } from '../../domain/index.ts';
import { httpApp } from '../../http/app.ts';
import { signToken, tokenVerifier } from '../../http/caller.ts';
import { readModels } from '../../projections/index.ts';
import { readRoutes } from '../../read-api/index.ts';
import { isOutage } from '../../store/faults.ts';
import { noon } from '../projections/events.ts';
import { append, running } from '../projections/running.ts';
import { openStores, startStores } from '../support/stores.ts';

const secret = 'a secret of the tests, long enough for HS256';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by tests, each in its own way
type Json = any;
export type Reply = { status: number; headers: Headers; text: string; body: Json };
type Asking = { role?: Role; store?: string; sub?: string; headers?: Record<string, string> };

/** The read side over real stores and real HTTP; `clock.now` is what it takes the time to be. */
export const startWorld = async () => {
  const servers = await startStores();
  const stores = await openStores(servers);
  const projections = running({ ...stores, readModels });
  const clock = { now: noon };
  const app = httpApp({
    routes: readRoutes({ ...stores, now: () => clock.now }),
    verify: tokenVerifier({ secret }),
    logger: pino({ level: 'silent' }),
    isOutage,
    ratePerMinute: 100_000,
    maxBody: 1_024,
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const ask = async (
    path: string,
    { role = 'agent', store = 'demo', sub = 'asha', headers = {} }: Asking = {},
  ): Promise<Reply> => {
    const token = await signToken(secret, { sub, store, role });
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}`, ...headers } });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, text, body: isJson && text ? parsed(text) : null };
  };

  return {
    ...stores,
    servers,
    clock,
    ask,
    append: (events: readonly DomainEvent[], store?: string) => append(stores.log, events, store),
    /** Asks for what includes everything appended up to a position. */
    askAt: (position: bigint, path: string, asking?: Asking) =>
      ask(`${path}${path.includes('?') ? '&' : '?'}minPosition=${position}`, asking),
    async stop() {
      server.close();
      server.closeAllConnections();
      await projections.stop();
      await stores.close();
      await servers.stop();
    },
  };
};

export type World = Awaited<ReturnType<typeof startWorld>>;

const parsed = (text: string): Json => {
  try {
    return JSON.parse(text);
  } catch {
    return null; // lines of JSON, which the test reads itself
  }
};
