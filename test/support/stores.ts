import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { customerDirectory } from '../../store/directory.ts';
import { connectDocuments } from '../../store/documents.ts';
import { eventLog } from '../../store/event-log.ts';
import { randomId } from '../../store/ids.ts';
import { keyRing } from '../../store/keys.ts';

type Service = 'eventstore' | 'documents';

export type Stores = {
  eventstoreUrl: string;
  mongodbUrl: string;
  /** A name no other test uses. */
  dbName: string;
  /** A folder of this test's own. */
  dir: string;
  /** Ends a server, by default as a power cut would (SIGKILL). */
  kill(service: Service, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a server again on the same data and the same address. */
  start(service: Service): Promise<void>;
  stop(): Promise<void>;
};

/**
 * A pair of servers of this test's own: the embedded ones on unix sockets in a temporary folder, or the real ones that
 * `EVENTSTORE_URL` and `MONGODB_URL` name (those are never stopped). One pair per test file; call `stop` in `afterAll`.
 */
export const startStores = async (): Promise<Stores> => {
  const dir = await mkdtemp(join(tmpdir(), 'ringbook-'));
  const servers = { eventstore: await server('eventstore', dir), documents: await server('documents', dir) };
  const [eventstoreUrl, mongodbUrl] = await Promise.all([servers.eventstore.start(), servers.documents.start()]);
  return {
    eventstoreUrl,
    mongodbUrl,
    dbName: randomId('test').slice(0, 20),
    dir,
    kill: (service, signal = 'SIGKILL') => servers[service].kill(signal),
    start: async (service) => void (await servers[service].start()),
    async stop() {
      await Promise.all([servers.eventstore.kill('SIGTERM'), servers.documents.kill('SIGTERM')]);
      await rm(dir, { recursive: true, force: true });
    },
  };
};

/** The project's view of the two servers, opened once per process; `close` before the servers stop. */
export const openStores = async ({ eventstoreUrl, mongodbUrl, dbName }: Stores) => {
  const documents = await connectDocuments(mongodbUrl, dbName);
  const keys = keyRing(documents.db);
  const log = eventLog({ url: eventstoreUrl, keys });
  return {
    log,
    db: documents.db,
    keys,
    directory: await customerDirectory(documents.db, keys),
    async close() {
      await log.close();
      await documents.close();
    },
  };
};

const external: Record<Service, string | undefined> = {
  eventstore: process.env.EVENTSTORE_URL,
  documents: process.env.MONGODB_URL,
};

type Server = { start(): Promise<string>; kill(signal: NodeJS.Signals): Promise<void> };

const server = (service: Service, dir: string): Server => {
  const url = external[service];
  return url ? { start: async () => url, kill: async () => {} } : embedded(service, dir);
};

const root = fileURLToPath(new URL('../..', import.meta.url));

const embedded = (service: Service, dir: string): Server => {
  const main = join(root, 'engines', service, 'main.ts');
  const args = ['--import', 'tsx', main, '--dir', join(dir, service), '--socket', join(dir, `${service}.sock`)];
  let child: ChildProcess | null = null;
  return {
    async start() {
      child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
      return listening(child, service);
    },
    async kill(signal) {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    },
  };
};

/** The address in the line a server prints when it is ready; throws when it ends first. */
const listening = async (child: ChildProcess, service: Service): Promise<string> => {
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) {
    const { msg, url } = JSON.parse(line);
    if (msg !== 'listening') continue;
    child.stdout!.resume(); // whatever else it prints must not fill the pipe
    return url;
  }
  throw new Error(`the embedded ${service} server ended before it was ready: see its messages above`);
};
