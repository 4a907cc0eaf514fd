import { parseArgs } from 'node:util';
import { DirectoryInUse } from './lock.ts';
import { DamagedLog } from './recovery.ts';
import { startEventStore } from './server.ts';

const EXIT = { failed: 1, inUse: 2, damaged: 3 };
const USAGE = `usage: node --import tsx engines/eventstore/main.ts --dir DIR --socket PATH
         [--port N] [--max-append-size BYTES] [--segment-size BYTES]`;
const LARGEST = { port: 65_535, 'max-append-size': 16 * 2 ** 20, 'segment-size': 2 ** 30 };

function end(code: number, message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

function codeOf(error: unknown): number {
  if (error instanceof DirectoryInUse) return EXIT.inUse;
  return error instanceof DamagedLog ? EXIT.damaged : EXIT.failed;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function textsGiven() {
  const text = { type: 'string' } as const;
  const numbers = { port: text, 'max-append-size': text, 'segment-size': text };
  const options = { dir: text, socket: text, ...numbers, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return end(EXIT.failed, `${messageOf(error)}\n${USAGE}`);
  }
}

const given = textsGiven();
if (given.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

function numberGiven(option: keyof typeof LARGEST): number | undefined {
  const text = given[option];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) <= LARGEST[option]) return Number(text);
  return end(EXIT.failed, `--${option} takes a whole number up to ${LARGEST[option]}.\n${USAGE}`);
}

function numbersGiven() {
  const numbers = {
    port: numberGiven('port'),
    maxAppendSize: numberGiven('max-append-size'),
    segmentSize: numberGiven('segment-size'),
  };
  return Object.fromEntries(Object.entries(numbers).filter(([, number]) => number !== undefined));
}

const { dir, socket } = given;
if (dir === undefined || socket === undefined) end(EXIT.failed, USAGE);

const server = await startEventStore({
  dir,
  socket,
  ...numbersGiven(),
  onNotice: (notice) => process.stderr.write(`${notice}\n`),
  onFailure: (error) => end(codeOf(error), `The event store stops, as its disk failed: ${error.message}`),
}).catch((error: unknown) => end(codeOf(error), `The event store cannot start: ${messageOf(error)}`));

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
