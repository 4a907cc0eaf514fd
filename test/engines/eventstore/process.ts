import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const MAIN = new URL('../../../engines/eventstore/main.ts', import.meta.url).pathname;

export interface ServerProcess {
  child: ChildProcess;
  /** What it said on standard error. */
  errors: () => string;
  /** Resolves with the exit code when the process is gone. */
  gone: Promise<number | null>;
}

/** Starts the event store as a process of its own; `before` is shell code that runs first. */
export function launch(dir: string, socket: string, before = '', more: readonly string[] = []): ServerProcess {
  const args = ['--import', 'tsx', MAIN, '--dir', dir, '--socket', socket, ...more];
  const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const;
  const child =
    before === ''
      ? spawn(process.execPath, args, { stdio: [...stdio] })
      : spawn('bash', ['-c', `${before}; exec "$0" "$@"`, process.execPath, ...args], { stdio: [...stdio] });
  let errors = '';
  child.stderr?.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  return { child, errors: () => errors, gone: once(child, 'exit').then(([code]) => code as number | null) };
}

/** Waits until the process says that it listens, and gives the messages it sent; fails if it ends instead. */
export async function listening(server: ServerProcess): Promise<unknown> {
  const lines = createInterface({ input: server.child.stdout! });
  const line = once(lines, 'line').then(([text]) => JSON.parse(text as string) as unknown);
  const gone = server.gone.then((code) => {
    throw new Error(`the event store ended with ${code}: ${server.errors()}`);
  });
  return Promise.race([line, gone]);
}
