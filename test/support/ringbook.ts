import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { signToken } from '../../http/caller.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const secret = 'a secret of the tests, long enough for HS256';

type Role = 'agent' | 'team_manager' | 'admin' | 'auditor' | 'analyst';
type Who = { sub: string; store?: string; role?: Role };
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by tests, each in its own way
type Json = any;
type Reply = { status: number; headers: Headers; body: Json };

/** A Ringbook of this test's own: the whole program as a process, in a folder and on ports of its own. */
export type Ringbook = {
  readonly http: string;
  readonly realtime: string;
  readonly simulator: string;
  readonly dir: string;
  token(who: Who): Promise<string>;
  /** Asks as somebody; `body` makes it a POST unless a method is given. */
  ask(
    who: Who,
    path: string,
    request?: { method?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Reply>;
  /** Tells the simulator's customer what to do. */
  customer(waId: string, action: string, body?: object): Promise<Reply>;
  simulate(path: string, body?: object): Promise<Reply>;
  /** The process ids of the embedded servers. */
  engine(service: 'eventstore' | 'documents'): number;
  kill(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts the program and waits until it is ready. `stop` in `afterAll`. */
export const startRingbook = async (env: Record<string, string> = {}): Promise<Ringbook> => {
  const dir = await mkdtemp(join(tmpdir(), 'ringbook-'));
  const urls = new Map<string, string>();
  const engines = new Map<string, number>();
  let child: ChildProcess | null = null;

  const launch = async () => {
    child = spawn(process.execPath, ['--import', 'tsx', 'main.ts'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        DATA_DIR: dir,
        HTTP_PORT: '0',
        REALTIME_PORT: '0',
        WHATSAPP_API_URL: 'http://127.0.0.1:0',
        AUTH_SECRET: secret,
        DEMO: 'off',
        ...env,
      },
    });
    for await (const line of createInterface({ input: child.stdout! })) {
      const entry = JSON.parse(line) as { msg: string; service?: string; url?: string; pid?: number };
      if (entry.msg === 'listening') urls.set(entry.service!, entry.url!);
      if (entry.msg === 'engine started') engines.set(entry.service!, entry.pid!);
      if (entry.msg !== 'ready') continue;
      watch(child, engines);
      return;
    }
    throw new Error('the program ended before it was ready; its messages stand above');
  };

  const end = async (signal: NodeJS.Signals) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };

  await launch();
  const token = ({ sub, store = 'acme', role = 'agent' }: Who) => signToken(secret, { sub, store, role });
  const url = (service: string) => urls.get(service) ?? '';
  return {
    get http() {
      return url('http');
    },
    get realtime() {
      return url('realtime');
    },
    get simulator() {
      return url('simulator');
    },
    dir,
    token,
    ask: async (who, path, { method, body, headers } = {}) =>
      request(`${url('http')}${path}`, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { authorization: `Bearer ${await token(who)}`, 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    customer: (waId, action, body = {}) => post(`${url('simulator')}/simulator/customers/${waId}/${action}`, body),
    simulate: (path, body) =>
      body ? post(`${url('simulator')}/simulator${path}`, body) : request(`${url('simulator')}/simulator${path}`, {}),
    engine: (service) => engines.get(service)!,
    kill: (signal = 'SIGKILL') => end(signal),
    start: launch,
    async stop() {
      await end('SIGTERM');
      await rm(dir, { recursive: true, force: true });
    },
  };
};

/** Goes on reading what the program prints, and learns of engines that were started again. */
const watch = async (child: ChildProcess, engines: Map<string, number>) => {
  for await (const line of createInterface({ input: child.stdout! })) {
    const entry = JSON.parse(line) as { msg: string; service?: string; pid?: number };
    if (entry.msg === 'engine started') engines.set(entry.service!, entry.pid!);
  }
};

const post = (url: string, body: object) =>
  request(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const request = async (url: string, init: RequestInit): Promise<Reply> => {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
};

/** Waits until the answer satisfies; fails with the last answer seen. */
export const eventually = async <T>(
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  withinMs = 15_000,
): Promise<T> => {
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await ask().catch((error: unknown) => error as T);
    if (!(answer instanceof Error) && holds(answer)) return answer;
    if (performance.now() > until)
      throw new Error(
        `still not so after ${withinMs} ms: ${(JSON.stringify(answer) ?? String(answer)).slice(0, 2_000)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
