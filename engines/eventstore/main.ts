import { parseArgs } from 'node:util';
import { DirectoryInUse } from './lock.ts';
import { DamagedLog } from './recovery.ts';
import { startEventStore } from './server.ts';

const EXIT = { failed: 1, inUse: 2, damaged: 3 };

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    socket: { type: 'string' },
    port: { type: 'string' },
    'max-append-size': { type: 'string' },
    'segment-size': { type: 'string' },
  },
});

function end(code: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

function codeOf(error: unknown): number {
  if (error instanceof DirectoryInUse) return EXIT.inUse;
  return error instanceof DamagedLog ? EXIT.damaged : EXIT.failed;
}

function numbers() {
  const given = { port: values.port, maxAppendSize: values['max-append-size'], segmentSize: values['segment-size'] };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, Number(value)]));
}

const { dir, socket } = values;
if (dir === undefined || socket === undefined) {
  end(EXIT.failed, 'usage: node --import tsx engines/eventstore/main.ts --dir DIR --socket PATH [--port N]');
}

const server = await startEventStore({
  dir,
  socket,
  ...numbers(),
  onNotice: (notice) => process.stderr.write(`${notice}\n`),
  onFailure: (error) => end(EXIT.failed, `The disk failed, so the event store stops: ${error.message}`),
}).catch((error: unknown) => end(codeOf(error), error instanceof Error ? error.message : String(error)));

async function stop(): Promise<void> {
  await server.stop();
  process.exit(0);
}

process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);

for (const url of server.urls) {
  const message = { msg: 'listening', service: 'eventstore', url };
  process.stdout.write(`${JSON.stringify(message)}\n`);
  process.send?.(message);
}
