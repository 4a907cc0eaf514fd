import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { DirectoryInUse } from '../../../engines/eventstore/lock.ts';
import { startEventStore } from '../../../engines/eventstore/server.ts';
import { all, clientOf, counted, failureOf, freshName, runEventStore, temporaryDirectory, until } from './running.ts';

const running = runEventStore();
const tcp = () => new URL(running.server.urls[1]!.replace('esdb:', 'http:'));

describe('the official client finds the server', () => {
  test.each([
    ['at its unix socket', () => clientOf(running.server.urls[0]!)],
    ['at its TCP port', () => EventStoreDBClient.connectionString(running.server.urls[1]!)],
    ['as a cluster of one', () => EventStoreDBClient.connectionString(`esdb+discover://${tcp().host}?tls=false`)],
  ])('%s', async (_title, connect) => {
    const client = connect();
    const stream = freshName();
    await client.appendToStream(stream, counted(1));
    expect(await all(client.readStream(stream))).toHaveLength(1);
    await client.dispose();
  });
});

describe('a stop', () => {
  test('cancels subscriptions, keeps every event and frees the addresses', async () => {
    const directory = await temporaryDirectory();
    const options = { dir: join(directory.path, 'log'), socket: join(directory.path, 's') };
    const server = await startEventStore(options);
    const client = clientOf(`unix:${options.socket}`);
    await client.appendToStream('kept', counted(1, 2, 3));
    const errors: unknown[] = [];
    const subscription = client.subscribeToAll().on('error', (error) => errors.push(error));
    await new Promise((resolve) => subscription.on('caughtUp', resolve).resume());
    await server.stop();
    await until(() => errors.length > 0);
    expect(errors).toEqual([expect.objectContaining({ type: 'cancelled' })]);
    const again = await startEventStore(options);
    expect(await all(client.readStream('kept'))).toHaveLength(3);
    await client.dispose();
    await again.stop();
    await directory.remove();
  });

  test('lets appends that are under way end', async () => {
    const directory = await temporaryDirectory();
    const options = { dir: join(directory.path, 'log'), socket: join(directory.path, 's') };
    const server = await startEventStore(options);
    const client = clientOf(`unix:${options.socket}`);
    await client.appendToStream('first', counted(1));
    const appends = counted(...Array(100).keys()).map((event) => failureOf(client.appendToStream('kept', event)));
    await until(() => appends.length === 100);
    await server.stop();
    const acknowledged = (await Promise.all(appends)).filter((failure) => failure === undefined).length;
    const again = await startEventStore(options);
    const kept = await all(client.readStream('kept')).catch(() => []);
    expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
    expect(kept.map(({ event }) => Number(event?.revision))).toEqual([...kept.keys()]);
    await client.dispose();
    await again.stop();
    await directory.remove();
  });
});

test('a second start on the directory in the same process is refused', async () => {
  const second = startEventStore({ dir: running.dir, port: 0, patience: 0 });
  expect(await failureOf(second)).toBeInstanceOf(DirectoryInUse);
});

test('a start on an address that is taken fails and leaves the directory free', async () => {
  const directory = await temporaryDirectory();
  const dir = join(directory.path, 'log');
  const port = Number(tcp().port);
  const attempt = startEventStore({ dir, socket: join(directory.path, 's'), port });
  expect(await failureOf(attempt)).toMatchObject({ code: 'EADDRINUSE' });
  const precious = join(directory.path, 'precious');
  await writeFile(precious, 'a file of somebody else');
  for (const socket of [running.socket, precious]) {
    expect(await failureOf(startEventStore({ dir, socket }))).toMatchObject({ code: 'EADDRINUSE' });
  }
  expect(await readFile(precious, 'utf8')).toBe('a file of somebody else');
  const long = startEventStore({ dir, socket: join(directory.path, 'x'.repeat(120)) });
  expect(await failureOf(long)).toMatchObject({ message: expect.stringContaining('choose a shorter one') });
  const server = await startEventStore({ dir, socket: join(directory.path, 's') });
  await Promise.all([server.stop(), server.stop()]);
  await directory.remove();
});
