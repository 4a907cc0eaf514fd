import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { backOff, pause } from './back-off.ts';

export type Service = 'eventstore' | 'documents';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Longer paths are cut by the system calls that bind a unix socket. */
const longestSocketPath = 100;

/** Where an embedded server of this data directory listens, also for other processes on this machine. */
export const socketOf = (dataDir: string, service: Service): string => {
  const beside = join(dataDir, `${service}.sock`);
  if (Buffer.byteLength(beside) <= longestSocketPath) return beside;
  const short = join(tmpdir(), `ringbook-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  return join(short, `${service}.sock`);
};

/** The address under which the official client reaches an embedded server. */
export const embeddedUrl = (dataDir: string, service: Service): string =>
  service === 'eventstore'
    ? `unix:${socketOf(dataDir, service)}`
    : `mongodb://${encodeURIComponent(socketOf(dataDir, service))}/?directConnection=true`;

/** An embedded server refused to start; it has said why on its own error stream. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted';
}

export type Embedded = {
  readonly service: Service;
  readonly dataDir: string;
  /** Also listen on this TCP port of the loopback; 0 takes a free one. */
  readonly port?: number | undefined;
  readonly onStart: (pid: number) => void;
  readonly onListening: (url: string) => void;
  /** Told of every unexpected end; a new start follows. */
  readonly onEnd: (how: string) => void;
};

/**
 * Runs an embedded server as a process of its own and starts it again whenever it ends unexpectedly. Resolves when it
 * first listens; rejects when it refuses to start (another process holds the directory, the files are damaged).
 */
export const keepRunning = async (options: Embedded): Promise<{ stop(): Promise<void> }> => {
  const stopping = new AbortController();
  let child = launch(options);
  await listening(child, options);

  const supervise = async () => {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (stopping.signal.aborted) return;
      options.onEnd(child.signalCode ?? `exit code ${child.exitCode}`);
      await pause(backOff(failures), stopping.signal);
      child = launch(options);
      await listening(child, options)
        .then(() => (failures = 0))
        .catch(() => {});
    }
  };
  const supervised = supervise();

  return {
    async stop() {
      stopping.abort();
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        await exit;
      }
      await supervised;
    },
  };
};

// detached: a Ctrl-C reaches us alone, and we stop the servers when the clients are done; if we die, they see the channel close
/** Starts an embedded server as a process that ends when this one does; it is ready once `listening` resolves. */
export const launch = ({ service, dataDir, port }: Embedded): ChildProcess =>
  spawn(
    process.execPath,
    [
      ...['--import', 'tsx', join(root, 'engines', service, 'main.ts')],
      ...['--dir', join(dataDir, service), '--socket', socketOf(dataDir, service)],
      ...(port === undefined ? [] : ['--port', String(port)]),
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit', 'ipc'], detached: true },
  );

/** Resolves when a launched server listens everywhere it was asked to; rejects when it ends before that. */
export const listening = async (child: ChildProcess, { service, port, onStart, onListening }: Embedded) => {
  if (child.pid !== undefined) onStart(child.pid);
  let awaited = port === undefined ? 1 : 2;
  for await (const line of createInterface({ input: child.stdout! })) {
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (msg !== 'listening') continue;
    onListening(url);
    awaited -= 1;
    if (awaited > 0) continue;
    child.stdout!.resume(); // whatever else it prints must not fill the pipe
    return;
  }
  throw new NotStarted(`the embedded ${service} server did not start: its own message stands above`);
};
