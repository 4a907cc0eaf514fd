import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectDocuments } from '../store/documents.ts';
import { embeddedUrl, keepRunning, type Service } from '../store/embedded.ts';
import { type Context, eventLog } from '../store/event-log.ts';
import { keyRing } from '../store/keys.ts';

/** One figure beside the baseline it is held against, in the same unit; `ratio` is the figure over the baseline. */
export type Row = { name: string; value: number; unit: string; baseline: number; ratio: number };

/** Who everything in a benchmark is done by. */
export const context = (commandId: string): Context => ({
  store: 'bench',
  actor: { type: 'meta', id: 'whatsapp' },
  $correlationId: commandId,
  $causationId: commandId,
  commandId,
});

/** Both embedded stores in a folder of their own, for as long as the work takes. */
export const withStores = async <T>(
  work: (
    stores: { url: string; log: ReturnType<typeof eventLog>; keys: ReturnType<typeof keyRing> } & Awaited<
      ReturnType<typeof connectDocuments>
    >,
  ) => Promise<T>,
): Promise<T> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ringbook-bench-'));
  const run = (service: Service) => keepRunning({ service, dataDir, onStart() {}, onListening() {}, onEnd() {} });
  const servers = await Promise.all([run('eventstore'), run('documents')]);
  const documents = await connectDocuments(embeddedUrl(dataDir, 'documents'));
  const keys = keyRing(documents.db);
  const url = embeddedUrl(dataDir, 'eventstore');
  const log = eventLog({ url, keys });
  try {
    return await work({ ...documents, url, log, keys });
  } finally {
    await Promise.all([log.close(), documents.close()]);
    await Promise.all(servers.map((server) => server.stop()));
    await rm(dataDir, { recursive: true });
  }
};

/** Prints a benchmark's rows when its file is run by itself. */
export const printWhenRun = async (module: string, bench: () => Promise<readonly Row[]>) => {
  if (module === pathToFileURL(process.argv[1] ?? '').href) console.table(await bench());
};
