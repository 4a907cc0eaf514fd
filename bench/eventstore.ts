import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { END, EventStoreDBClient, type JSONEventType, jsonEvent } from '@eventstore/db-client';
import { EventStore } from '../engines/eventstore/store.ts';
import { printWhenRun, type Row } from './rig.ts';

/** How many events the log holds for the figures that grow with it; 100000 take a tenth of the time. */
const EVENTS = Number(process.env.BENCH_EVENTS ?? 1_000_000);
const BATCH = 100;
const MAIN = new URL('../engines/eventstore/main.ts', import.meta.url).pathname;

type Measured = JSONEventType<'Measured', { n: number; text: string }>;

/** An event that takes about 400 bytes in the log. */
function event(n: number) {
  return jsonEvent<Measured>({ type: 'Measured', data: { n, text: 'x'.repeat(130) } });
}

function row(name: string, value: number, unit: string, baseline: number): Row {
  const rounded = (figure: number) => Number(figure.toPrecision(4));
  return { name, value: rounded(value), unit, baseline: rounded(baseline), ratio: rounded(value / baseline) };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

/** Does `work` for the numbers below `count`, so many at once, and gives how many were done per second. */
async function rate(count: number, inFlight: number, work: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const startedAt = performance.now();
  const workers = Array.from({ length: inFlight }, async () => {
    while (next < count) await work(next++);
  });
  await Promise.all(workers);
  return (count * 1000) / (performance.now() - startedAt);
}

/** How many milliseconds each of `count` bare durable writes of `size` bytes takes. */
function bareWrites(dir: string, size: number, count: number): number[] {
  const file = openSync(
    join(dir, 'bare'),
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC,
  );
  const bytes = Buffer.alloc(size, 1);
  const times = Array.from({ length: count }, () => {
    const startedAt = performance.now();
    writeSync(file, bytes);
    return performance.now() - startedAt;
  });
  closeSync(file);
  return times;
}

function perSecond(times: readonly number[]): number {
  return (times.length * 1000) / times.reduce((sum, time) => sum + time, 0);
}

/** Milliseconds to read these files of `dir`, and nothing more. */
function bareRead(dir: string, names: readonly string[]): number {
  const startedAt = performance.now();
  for (const name of names) readFileSync(join(dir, name));
  return performance.now() - startedAt;
}

function namesIn(dir: string, ending: '.seg' | '.idx'): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith(ending))
    .sort();
}

async function start(dir: string, socket: string): Promise<ChildProcess> {
  const child = fork(MAIN, ['--dir', dir, '--socket', socket], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

/** MiB of memory a process holds; 0 where the system does not say. */
function memoryOf({ pid }: ChildProcess): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return 0;
  }
}

async function appendRows(client: EventStoreDBClient, scratch: string): Promise<Row[]> {
  const append = (n: number) => client.appendToStream(`single-${n % 100}`, event(n));
  const batch = (n: number) =>
    client.appendToStream(
      `batch-${n % 1000}`,
      Array.from({ length: BATCH }, (_, place) => event(BATCH * n + place)),
    );
  await rate(500, 10, append);
  const bare = (events: number) => events * perSecond(bareWrites(scratch, 420 * events, 300));
  return [
    row('durable appends, 1 at a time', await rate(1000, 1, append), 'events/s', bare(1)),
    row('durable appends, 50 at a time', await rate(10_000, 50, append), 'events/s', bare(50)),
    row(
      'appends of 100 events, 10 at a time',
      BATCH * (await rate(EVENTS / BATCH, 10, batch)),
      'events/s',
      bare(10 * BATCH),
    ),
  ];
}

async function readRows(client: EventStoreDBClient, dir: string): Promise<Row[]> {
  let count = 0;
  const startedAt = performance.now();
  for await (const _ of client.readAll()) count++;
  const read = (count * 1000) / (performance.now() - startedAt);
  const bare = (count * 1000) / bareRead(dir, namesIn(dir, '.seg'));
  return [row(`catch-up read of ${count} events`, read, 'events/s', bare)];
}

/** From the call of append until a subscriber has the event. */
async function latencyRow(client: EventStoreDBClient, scratch: string): Promise<Row> {
  const subscription = client.subscribeToAll({ fromPosition: END }, { highWaterMark: 1000 });
  await new Promise((live) => subscription.on('caughtUp', live).resume());
  const times: number[] = [];
  for (let n = 0; n < 300; n++) {
    const startedAt = performance.now();
    const seen = once(subscription, 'data');
    await Promise.all([seen, client.appendToStream('live', event(n))]);
    times.push(performance.now() - startedAt);
  }
  await subscription.unsubscribe();
  return row('append to live subscriber, median', median(times), 'ms', median(bareWrites(scratch, 420, 300)));
}

function openRow(name: string, dir: string, needed: readonly string[]): Row {
  const bare = bareRead(dir, needed);
  const startedAt = performance.now();
  const store = new EventStore(dir);
  const took = performance.now() - startedAt;
  store.log.close();
  return row(name, took, 'ms', bare);
}

/** With its indexes the last segment only is read, to check it. */
function openRows(dir: string): Row[] {
  const [segments, indexes] = [namesIn(dir, '.seg'), namesIn(dir, '.idx')];
  const byIndex = openRow('open after a stop, by the index', dir, [...indexes, ...segments.slice(-1)]);
  for (const name of indexes) rmSync(join(dir, name));
  return [byIndex, openRow('open without an index, by reading', dir, segments)];
}

/** Measures the embedded event store through the official client, in a process of its own on a temporary directory. */
export async function benchEventStore(): Promise<Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-es-'));
  const dir = join(scratch, 'log');
  const socket = join(scratch, 's');
  const server = await start(dir, socket);
  const empty = memoryOf(server);
  const client = new EventStoreDBClient({ endpoint: `unix:${socket}` }, { insecure: true });
  const rows = [
    ...(await appendRows(client, scratch)),
    ...(await readRows(client, dir)),
    await latencyRow(client, scratch),
  ];
  rows.push(row(`memory of the server at ${EVENTS} events`, memoryOf(server), 'MiB', empty));
  await client.dispose();
  server.kill('SIGTERM');
  await once(server, 'exit');
  rows.push(...openRows(dir));
  rmSync(scratch, { recursive: true });
  return rows;
}

await printWhenRun(import.meta.url, benchEventStore);
