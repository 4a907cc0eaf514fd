import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Config, readConfig } from '../config.ts';
import { connectDocuments, type Documents } from '../store/documents.ts';
import { embeddedUrl, launch, listening, type Service, socketOf } from '../store/embedded.ts';
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

/** Whether the embedded server of this data directory takes connections. */
export const isListening = (dataDir: string, service: Service): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(socketOf(dataDir, service), () => {
      socket.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });

/** Works with the documents of a data directory: through the server that runs there, else one started for the while. */
export const withDocuments = async <T>(dataDir: string, use: (documents: Documents) => Promise<T>): Promise<T> => {
  const stop = (await isListening(dataDir, 'documents')) ? async () => {} : await serveDocuments(dataDir);
  try {
    const documents = await connectDocuments(embeddedUrl(dataDir, 'documents'));
    return await use(documents).finally(documents.close);
  } finally {
    await stop();
  }
};

const serveDocuments = async (dataDir: string) => {
  const options = { service: 'documents', dataDir, onStart() {}, onListening() {}, onEnd() {} } as const;
  const child = launch(options);
  await listening(child, options);
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  };
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
