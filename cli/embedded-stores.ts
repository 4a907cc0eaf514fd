import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Db } from 'mongodb';
import { type Config, readConfig } from '../config.ts';
import { connectDocuments, type Documents } from '../store/documents.ts';
import { embeddedUrl, launch, listening, type Service, socketOf } from '../store/embedded.ts';
import { type EventLog, eventLog } from '../store/event-log.ts';
import { keyRing } from '../store/keys.ts';
import { byteProgress } from './progress.ts';

export const services: readonly Service[] = ['eventstore', 'documents'];

/** The configuration, if both stores are the embedded ones; throws, naming the tools of the real ones, if not. */
export const embeddedConfig = (): Config => {
  const config = readConfig(process.env);
  if (config.EVENTSTORE_URL !== 'embedded')
    throw new Error('EVENTSTORE_URL names a server: copy and restore it with the tools of EventStoreDB/KurrentDB.');
  if (config.MONGODB_URL !== 'embedded')
    throw new Error(
      'MONGODB_URL names a server: copy and restore it with mongodump and mongorestore, or its snapshots.',
    );
  return config;
};

/** Throws when a data directory does not hold the files of these stores. */
export const requireFiles = (dataDir: string, wanted: readonly Service[]) => {
  if (!wanted.every((service) => namesIn(join(dataDir, service)).length > 0))
    throw new Error(`${dataDir} holds no stores: set DATA_DIR to the directory that Ringbook runs on.`);
};

/** Whether the embedded server of this data directory takes connections. */
export const isListening = (dataDir: string, service: Service): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(socketOf(dataDir, service), () => {
      socket.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });

/** Lets an embedded store be used: through the server that runs there, else one started for the while. */
const served = async <T>(dataDir: string, service: Service, use: (url: string) => Promise<T>): Promise<T> => {
  const stop = (await isListening(dataDir, service)) ? async () => {} : await serve(dataDir, service);
  return use(embeddedUrl(dataDir, service)).finally(stop);
};

const serve = async (dataDir: string, service: Service) => {
  const options = { service, dataDir, onStart() {}, onListening() {}, onEnd() {} } as const;
  const child = launch(options);
  await listening(child, options);
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  };
};

/** Works with the documents at this address. */
const connected =
  <T>(use: (documents: Documents) => Promise<T>) =>
  async (url: string): Promise<T> => {
    const documents = await connectDocuments(url);
    return use(documents).finally(documents.close);
  };

/** Works with the documents of a data directory. */
export const withDocuments = <T>(dataDir: string, use: (documents: Documents) => Promise<T>): Promise<T> =>
  served(dataDir, 'documents', connected(use));

/** Works with the stores that are configured, real or embedded. */
export const withStores = async <T>(
  { dataDir, EVENTSTORE_URL, MONGODB_URL }: Config,
  use: (stores: { db: Db; log: EventLog }) => Promise<T>,
): Promise<T> => {
  const at = <R>(service: Service, url: string, work: (url: string) => Promise<R>) => {
    if (url !== 'embedded') return work(url);
    requireFiles(dataDir, [service]);
    return served(dataDir, service, work);
  };
  return at('eventstore', EVENTSTORE_URL, (eventstore) =>
    at(
      'documents',
      MONGODB_URL,
      connected(async ({ db }) => {
        const log = eventLog({ url: eventstore, keys: keyRing(db) });
        return use({ db, log }).finally(log.close);
      }),
    ),
  );
};

/** The bytes of all files in a folder, at any depth; 0 if there is none. Files that go away meanwhile do not count. */
export const bytesIn = (folder: string): number =>
  namesIn(folder)
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false }))
    .reduce((sum, found) => sum + (found?.isFile() ? found.size : 0), 0);

/** The names of all that is in a folder, at any depth; none if there is no such folder. */
export const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

/** Tells how a folder grows towards a number of bytes while something is copied there. */
export const whileCopying = async (doing: string, folder: string, total: number, copied: Promise<unknown>) => {
  const bar = byteProgress(doing, total);
  const watch = setInterval(() => bar.at(bytesIn(folder)), 500);
  await copied.finally(() => clearInterval(watch));
  bar.end();
};
