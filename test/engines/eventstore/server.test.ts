import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { DirectoryInUse } from '../../../engines/eventstore/lock.ts';
import { DamagedLog } from '../../../engines/eventstore/recovery.ts';
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

test('a server that finds its log damaged answers nothing any more, is not healthy, and can be stopped', async () => {
  const directory = await temporaryDirectory();
  const dir = join(directory.path, 'log');
  const first = await startEventStore({ dir, port: 0, segmentSize: 4096 });
  const writer = EventStoreDBClient.connectionString(first.urls[0]!);
  for (const number of Array(60).keys()) await writer.appendToStream('kept', counted(number));
  await writer.dispose();
  await first.stop();
  const segment = join(dir, `${'0'.repeat(16)}.seg`);
  const bytes = await readFile(segment);
  bytes[1000]! ^= 1;
  await writeFile(segment, bytes);

  const failures: Error[] = [];
  const server = await startEventStore({ dir, port: 0, onFailure: (error) => failures.push(error) });
  const health = async () => (await fetch(`http://${new URL(server.urls[0]!).host}/health/live`)).status;
  const client = EventStoreDBClient.connectionString(server.urls[0]!);
  expect(await health()).toBe(204);
  expect(await failureOf(all(client.readStream('kept')))).toMatchObject({ code: 13 });
  expect(failures).toEqual([expect.any(DamagedLog)]);
  expect(await health()).toBe(503);
  expect(await failureOf(all(client.readStream('kept')))).toMatchObject({ type: 'unavailable' });
  expect(await failureOf(client.appendToStream('kept', counted(60)))).toBeInstanceOf(Error);
  await client.dispose();
  await server.stop();
  await directory.remove();
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
