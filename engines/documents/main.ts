import { parseArgs } from 'node:util';
import { DirectoryInUse } from './lock.ts';
import { startDocuments } from './server.ts';

const usage = 'usage: main.ts --dir DIR --socket PATH [--port N]';

const readOptions = () => {
  const { values } = parseArgs({
    options: { dir: { type: 'string' }, socket: { type: 'string' }, port: { type: 'string' } },
  });
  const { dir, socket, port } = values;
  if (!dir || !socket || (port !== undefined && !/^\d{1,5}$/.test(port))) throw new Error(usage);
  return { dir, socket, port: port === undefined ? undefined : Number(port) };
};

/** A parent that has gone is noticed by the end of its channel, not by a failed message. */
const ignoreGoneParent = (): void => {};

const announce = (url: string): void => {
  const line = { msg: 'listening', service: 'documents', url };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (process.connected) process.send?.(line, undefined, {}, ignoreGoneParent);
};

/** Runs the document store as a process of its own, until a signal or the end of its parent. */
const run = async (): Promise<void> => {
  const isForked = process.connected;
  const running = await startDocuments(readOptions());
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    await running.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  process.on('disconnect', () => void stop());
  running.urls.forEach(announce);
  if (isForked && !process.connected) await stop();
};

run().catch((error: Error) => {
  process.stderr.write(`documents: ${error.message}\n`);
  process.exit(error instanceof DirectoryInUse ? 2 : 1);
});
