import { createHmac, randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { callSockets } from '../../commands/call-socket.ts';
import { prepareCollections } from '../../commands/collections.ts';
import { commandRoutes } from '../../commands/routes.ts';
import { transactions } from '../../commands/transact.ts';
import { graphClient } from '../../commands/whatsapp/graph.ts';
import { whatsappWebhook } from '../../commands/whatsapp/webhook.ts';
import type { WriteSide } from '../../commands/write-side.ts';
import type { Role } from '../../domain/agent.ts';
import type { DomainEvent } from '../../domain/index.ts';
import { httpApp } from '../../http/app.ts';
import { signToken, tokenVerifier } from '../../http/caller.ts';
import { isOutage } from '../../store/faults.ts';
import { openStores, startStores } from '../support/stores.ts';
import { startMeta } from './meta.ts';

const secret = 'a secret of the tests, long enough for HS256';
export const secrets = { appSecret: 'the app secret', verifyToken: 'the verify token' };

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by tests, each in its own way
export type Reply = { status: number; headers: Headers; body: any };
export type Who = { sub: string; store: string; role?: Role };
type Request = { headers?: Record<string, string>; method?: string };

export type World = Awaited<ReturnType<typeof startWorld>>;

/** The write side over real stores, with a door for people, a door for Meta, and a Meta to ask. `stop` in `afterAll`. */
export const startWorld = async () => {
  const [stores, meta] = await Promise.all([startStores(), startMeta()]);
  const { log, db, directory, close } = await openStores(stores);
  await prepareCollections(db);
  const clock = { now: Date.UTC(2026, 10, 20, 9) };
  const w: WriteSide = {
    ...transactions(log),
    log,
    db,
    directory,
    graph: graphClient({ apiUrl: meta.url, accessToken: 'token', timeoutMs: 1_500 }),
    now: () => clock.now,
    logger: pino({ level: 'silent' }),
  };
  const verify = tokenVerifier({ secret });
  const app = httpApp({
    routes: commandRoutes(w),
    before: [whatsappWebhook(w, secrets)],
    verify,
    logger: w.logger,
    isOutage,
    ratePerMinute: 1e6,
    maxBody: 256 * 1024,
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const replyOf = async (response: Response): Promise<Reply> => {
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };

  /** Asks as somebody; a POST unless the path begins with another method, as in `PUT /v1/routing`. */
  const ask = async ({ sub, store, role = 'agent' }: Who, address: string, body: unknown = {}, more: Request = {}) => {
    const [path, method = 'POST'] = address.split(' ').reverse() as [string, string?];
    const headers = {
      authorization: `Bearer ${await signToken(secret, { sub, store, role })}`,
      'content-type': 'application/json',
      ...more.headers,
    };
    return replyOf(await fetch(url + path, { method, headers, body: JSON.stringify(body) }));
  };

  /** Meta delivers these bytes, signed unless told otherwise. */
  const post = async (bytes: string, signature = sign(bytes)) =>
    replyOf(
      await fetch(`${url}/webhooks/whatsapp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(signature && { 'x-hub-signature-256': signature }) },
        body: bytes,
      }),
    );

  const eventsOf = async (stream: string): Promise<DomainEvent[]> => {
    const events: DomainEvent[] = [];
    for await (const { event } of log.read(stream)) events.push(event);
    return events;
  };

  return {
    w,
    db,
    log,
    meta,
    clock,
    stores,
    url,
    ask,
    post,
    deliver: (delivery: unknown) => post(escaped(delivery)),
    get: async (path: string) => replyOf(await fetch(url + path)),
    eventsOf,
    typesIn: async (stream: string) => (await eventsOf(stream)).map(({ type }) => type),
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await meta.stop();
      await close();
      await stores.stop();
    },
  };
};

export const sign = (bytes: string) => `sha256=${createHmac('sha256', secrets.appSecret).update(bytes).digest('hex')}`;

/** JSON as Meta writes it: beyond ASCII only escapes. */
export const escaped = (value: unknown) =>
  JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Names that no other test uses. */
export const fresh = {
  store: () => `s${randomInt(1e12)}`,
  channelId: () => `8${String(randomInt(1e12)).padStart(14, '0')}`,
  number: () => `91${String(randomInt(1e10)).padStart(10, '0')}`,
  metaCallId: () => `wacid.${randomInt(1e12)}`,
};

const admin = (store: string): Who => ({ sub: 'owner', store, role: 'admin' });

/** A store with one channel that takes and places calls, and these agents on duty with their call socket open. */
export const openStore = async (world: World, agents: readonly string[] = ['ana']) => {
  const [store, channelId, phone] = [fresh.store(), fresh.channelId(), fresh.number()];
  const owner = admin(store);
  const details = { name: 'Care', displayPhoneNumber: `+${phone}`, wabaId: '900000000000001' };
  await world.ask(owner, `PUT /v1/channels/${channelId}`, details);
  await world.ask(owner, `PUT /v1/channels/${channelId}/calling`, calling);
  for (const sub of agents) await onDuty(world, store, sub);
  return { store, channelId, phone, owner, as: (sub: string): Who => ({ sub, store }) };
};

export const calling = {
  enabled: true,
  userInitiated: { enabled: true, workingHours: null, holidays: [] },
  callbackRequests: { enabled: false },
};

/** Registers an agent, sets them active and opens their call socket. */
const onDuty = async (world: World, store: string, agentId: string) => {
  const profile = { name: agentId, email: `${agentId}@example.com`, role: 'agent', teams: ['care'] };
  await world.ask(admin(store), `PUT /v1/agents/${agentId}`, profile);
  await world.ask(admin(store), `PUT /v1/agents/${agentId}/availability`, { active: true });
  const socket = {
    sessionId: `session of ${agentId}`,
    tab: 'tab',
    gateway: 'here',
    takeOver: false,
    holderIsGone: false,
  };
  await callSockets(world.w).open({ store, agentId, ...socket });
};
