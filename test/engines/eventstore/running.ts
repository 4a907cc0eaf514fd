import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventData, EventStoreDBClient, type JSONEventType, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll } from 'vitest';
import { type RunningServer, type ServerOptions, startEventStore } from '../../../engines/eventstore/server.ts';

/** A temporary directory and what removes it. */
export async function temporaryDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'es-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A client of the server at the unix socket or address `endpoint`. */
export function clientOf(endpoint: string): EventStoreDBClient {
  return new EventStoreDBClient({ endpoint }, { insecure: true });
}

export interface Running {
  client: EventStoreDBClient;
  server: RunningServer;
  dir: string;
  socket: string;
}

/** Starts an event store for the tests of one file; it ends with them. */
export function runEventStore(options: Partial<ServerOptions> = {}): Running {
  const running = {} as Running;
  let remove = async () => {};
  beforeAll(async () => {
    const directory = await temporaryDirectory();
    remove = directory.remove;
    running.dir = join(directory.path, 'log');
    running.socket = join(directory.path, 'es.sock');
    running.server = await startEventStore({ dir: running.dir, socket: running.socket, port: 0, ...options });
    running.client = clientOf(`unix:${running.socket}`);
  });
  afterAll(async () => {
    await running.client.dispose();
    await running.server.stop();
    await remove();
  });
  return running;
}

/** A stream name that no other test uses. */
export function freshName(category = 'stream'): string {
  return `${category}-${randomUUID()}`;
}

/** An event for tests. */
export type Counted = JSONEventType<'Counted', { number: number }>;

/** Events of type `Counted` with the numbers given. */
export function counted(...numbers: number[]): EventData[] {
  return numbers.map((number) => jsonEvent({ type: 'Counted', data: { number } }));
}

/** All that `items` yields. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Waits until `isSo`; the test's own limit ends the wait. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((again) => setTimeout(again, 5));
}

/** What `work` fails with. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}
