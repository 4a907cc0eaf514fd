import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { startSimulator } from '../../simulator/start-simulator.ts';

export const appSecret = 'app-secret';
export const accessToken = 'access-token';
export const channelId = '800000000000001';
export const waId = '910000000042';

/** When every test begins. */
export const start = Date.parse('2026-11-22T10:00:00Z');

export const seconds = (n: number) => n * 1_000;
export const hours = (n: number) => n * 3_600_000;
export const days = (n: number) => hours(n * 24);

/** A clock that moves only when told. */
export function stoppedClock() {
  let now = start;
  return {
    now: () => now,
    advance: async (ms: number) => {
      now += ms;
    },
  };
}

/** A webhook as it arrived, and its one change. */
export type Received = { raw: Buffer; signature: string; at: number; field: string; value: Value };
type Value = Record<string, unknown> & {
  calls?: Record<string, unknown>[];
  statuses?: Record<string, unknown>[];
  messages?: Record<string, unknown>[];
};

type Reply = {
  code: number;
  body: Record<string, unknown> & { error: { code: number; error_data: { details: string } } };
};

/** The place webhooks arrive at: a real server that answers what `answer` says and keeps what it got. */
async function startReceiver(now: () => number) {
  const received: Received[] = [];
  const receiver = { received, answer: () => 200, url: '' };
  const server = createServer(async (request, response) => {
    const raw = await bytes(request);
    const [change] = JSON.parse(raw.toString('latin1')).entry[0].changes;
    received.push({ raw, signature: String(request.headers['x-hub-signature-256']), at: now(), ...change });
    response.writeHead(receiver.answer()).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/whatsapp`;
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return receiver;
}

/** The clock, the receiver and the folder of a simulator that was stopped, for one that goes on where it ended. */
type Options = {
  settle?: (now: number) => Promise<void>;
  clock?: ReturnType<typeof stoppedClock>;
  receiver?: Awaited<ReturnType<typeof startReceiver>>;
  dir?: string | undefined;
};

/** A simulator on a clock of its own that talks to a real receiver, and short ways to use both over HTTP. */
export async function running({
  settle = async (_now: number) => {},
  clock = stoppedClock(),
  receiver: known,
  dir,
}: Options = {}) {
  const receiver = known ?? (await startReceiver(clock.now));
  const simulator = await startSimulator({
    host: '127.0.0.1',
    port: 0,
    webhookUrl: receiver.url,
    appSecret,
    accessToken,
    clock,
    settle,
    dir,
  });
  onTestFinished(simulator.stop);

  const send = async (method: string, path: string, body?: unknown, token = accessToken): Promise<Reply> => {
    const response = await fetch(simulator.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Reply['body'];
    await simulator.delivered();
    return { code: response.status, body: answer };
  };

  const graph = (action: string, body: object) =>
    send('POST', `/v23.0/${channelId}/${action}`, { messaging_product: 'whatsapp', ...body });
  const act = (what: string, body: object = {}) =>
    send('POST', `/simulator/customers/${waId}/${what}`, { channelId, ...body });
  const place = (body: object = {}) => graph('calls', { action: 'connect', to: waId, session: offer, ...body });
  const requestPermission = () => graph('messages', permissionTemplate);
  const tell = (path: string, body: object = {}) => send('POST', `/simulator${path}`, body);
  const permit = () => act('permission', { response: 'accept', permanent: true, source: 'profile' });

  /** The webhooks that came since the last time. */
  const webhooks = () => receiver.received.splice(0);

  return { ...simulator, clock, receiver, send, graph, act, tell, place, permit, requestPermission, webhooks };
}

export const offer = { sdp_type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n' };
export const answer = { sdp_type: 'answer', sdp: 'v=0\r\no=- 3 4 IN IP4 127.0.0.1\r\n' };

export const permissionTemplate = {
  to: waId,
  type: 'template',
  template: { name: 'may_we_call', language: { code: 'en' } },
};

export const permissionRequest = {
  to: waId,
  type: 'interactive',
  interactive: { type: 'call_permission_request', action: { name: 'call_permission_request' } },
};

/** One word for each webhook, in the order they came. */
export const summary = ({ field, value }: Received): string => {
  const call = value.calls?.[0]?.event;
  const message = value.messages?.[0]?.type;
  return String(call ?? value.statuses?.[0]?.status ?? message ?? field);
};

async function bytes(request: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
