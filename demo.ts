import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import { signToken } from './http/caller.ts';
import type { Customers } from './simulator/customers.ts';
import { demoChannels, demoPeople, startDemo, unlessRefused } from './simulator/demo.ts';
import { displayNumber } from './simulator/webhook-parts.ts';

const store = 'demo';

/** Two of the four answer by themselves; `asha` is whoever tries Ringbook, `kabir` is off duty. */
const staff = [
  { agentId: 'asha', name: 'Asha Demo', role: 'agent', teams: ['care'], active: true, robot: false },
  { agentId: 'meera', name: 'Meera Demo', role: 'agent', teams: ['care'], active: true, robot: true },
  { agentId: 'ravi', name: 'Ravi Demo', role: 'agent', teams: ['sales'], active: true, robot: true },
  { agentId: 'kabir', name: 'Kabir Demo', role: 'team_manager', teams: ['sales'], active: false, robot: false },
] as const;

type Addresses = { readonly http: string; readonly realtime: string; readonly secret: string };

/**
 * The store a newcomer finds: two channels, four agents, some history, and customers who call. Everything goes the way
 * any client's does: over HTTP and the socket.
 */
export const startDemoStore = async (at: Addresses, customers: Customers, logger: Logger) => {
  const stopping = new AbortController();
  await setUp(at);
  const robots = staff
    .filter(({ robot }) => robot)
    .map(({ agentId }) => answerCalls(at, agentId, stopping.signal, logger));
  someHistory(customers);
  const demo = startDemo({ customers });
  await sayHowToStart(at);
  return {
    async stop() {
      stopping.abort();
      await demo.stop();
      await Promise.all(robots);
    },
  };
};

/** What a newcomer can do next, ready to be pasted; on the error stream, so that the log stays one JSON object a line. */
const sayHowToStart = async ({ http, realtime, secret }: Addresses) => {
  const token = await signToken(secret, { sub: 'asha', store, role: 'agent' });
  process.stderr.write(`
Ringbook is ready. Customers of the demo store call about once a minute. Try, as its agent Asha:

  TOKEN=${token}
  curl -s -H "Authorization: Bearer $TOKEN" '${http}/v1/call-logs?limit=5'
  curl -s -H "Authorization: Bearer $TOKEN" '${http}/v1/missed-calls'

The contract is at ${http}/docs, live changes at ${realtime}; more tokens: npm run cli -- token --help
`);
};

const ask = async ({ http, secret }: Addresses, sub: string, method: string, path: string, body: object) => {
  const token = await signToken(secret, { sub, store, role: sub === 'owner' ? 'admin' : 'agent' });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${http}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
};

const setUp = async (at: Addresses) => {
  const put = (path: string, body: object) => ask(at, 'owner', 'PUT', path, body);
  for (const [index, channelId] of demoChannels.entries()) {
    const name = ['Growth India', 'Care India'][index];
    await put(`/v1/channels/${channelId}`, {
      name,
      displayPhoneNumber: `+${displayNumber(channelId)}`,
      wabaId: '900000000000001',
    });
    await put(`/v1/channels/${channelId}/calling`, {
      enabled: true,
      userInitiated: { enabled: true, workingHours: null, holidays: [] },
      callbackRequests: { enabled: true },
    });
  }
  await put('/v1/routing', { mode: 'round_robin', ringSeconds: 30, queueSeconds: 60 });
  for (const { agentId, name, role, teams, active } of staff) {
    await put(`/v1/agents/${agentId}`, { name, email: `${agentId}@demo.example`, role, teams, capacity: 1 });
    await put(`/v1/agents/${agentId}/availability`, { active });
  }
};

/** A few calls at once, some of which hang up before anybody answers; who is still in a call lets it be. */
const someHistory = (customers: Customers) => {
  for (const [index, { waId, name }] of demoPeople.slice(0, 6).entries()) {
    const channelId = demoChannels[index % demoChannels.length]!;
    unlessRefused(() => customers.call({ waId, channelId }, { name, hangUpAfter: index % 3 === 0 ? 2 : 20 }));
  }
};

/** An agent who lets it ring a little, answers, talks a little and hangs up; reconnects until told to stop. */
const answerCalls = async (at: Addresses, agentId: string, signal: AbortSignal, logger: Logger) => {
  while (!signal.aborted) {
    await attend(at, agentId, signal).catch((err) => logger.debug({ agentId, err }, 'a demo agent lost the socket'));
    await wait(1_000, undefined, { signal }).catch(() => {});
  }
};

const attend = async (at: Addresses, agentId: string, signal: AbortSignal) => {
  const token = await signToken(at.secret, { sub: agentId, store, role: 'agent' });
  const socket = new WebSocket(at.realtime);
  const hangUp = () => socket.close();
  signal.addEventListener('abort', hangUp, { once: true });
  socket.on('error', () => {}); // its close follows
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'hello', token, tab: 'demo', callSocket: true, takeOver: true })),
  );
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    for (const frame of Array.isArray(message) ? message : [message]) {
      if (frame.type !== 'call.offer') continue;
      socket.send(JSON.stringify({ type: 'offer-ack', offerId: frame.offerId }));
      void talk(at, agentId, frame.callId, signal).catch(() => {}); // the caller may hang up first
    }
  });
  await once(socket, 'close');
  signal.removeEventListener('abort', hangUp);
};

const talk = async (at: Addresses, agentId: string, callId: string, signal: AbortSignal) => {
  await wait(4_000, undefined, { signal });
  await ask(at, agentId, 'POST', `/v1/calls/${callId}/accept`, {});
  await wait(12_000, undefined, { signal });
  await ask(at, agentId, 'POST', `/v1/calls/${callId}/end`, {});
};
