import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customerDirectory } from '../../store/directory.ts';
import { connectDocuments } from '../../store/documents.ts';
import { embeddedUrl, launch, listening, type Service } from '../../store/embedded.ts';
import { eventLog } from '../../store/event-log.ts';
import { randomId } from '../../store/ids.ts';
import { keyRing } from '../../store/keys.ts';

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
  const servers = { eventstore: server('eventstore', dir), documents: server('documents', dir) };
  const stop = async () => {
    await Promise.all([servers.eventstore.kill('SIGTERM'), servers.documents.kill('SIGTERM')]);
    await rm(dir, { recursive: true, force: true });
  };
  const starting = Promise.all([servers.eventstore.start(), servers.documents.start()]);
  const [eventstoreUrl, mongodbUrl] = await starting.catch(async (fault) => {
    await stop();
    throw fault;
  });
  return {
    eventstoreUrl,
    mongodbUrl,
    dbName: randomId('test').slice(0, 20),
    dir,
    kill: (service, signal = 'SIGKILL') => servers[service].kill(signal),
    start: async (service) => void (await servers[service].start()),
    stop,
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

const embedded = (service: Service, dataDir: string): Server => {
  const options = { service, dataDir, onStart() {}, onListening() {}, onEnd() {} };
  let child: ChildProcess | null = null;
  return {
    async start() {
      child = launch(options);
      await listening(child, options);
      return embeddedUrl(dataDir, service);
    },
    async kill(signal) {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    },
  };
};
