import { request } from 'node:http';
import { join } from 'node:path';
import { EventStoreDBClient, persistentSubscriptionToStreamSettingsFromDefaults } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { DirectoryInUse } from '../../../engines/eventstore/lock.ts';
import { startEventStore } from '../../../engines/eventstore/server.ts';
import { framed, rawCall } from './raw.ts';
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

test.each([
  ['GET', '/health/live', 204],
  ['HEAD', '/health/live', 204],
  ['POST', '/health/live', 404],
  ['PUT', '/health/live', 404],
  ['GET', '/', 404],
])('%s %s is answered with %i, on both addresses', async (method, path, status) => {
  const addresses = [{ socketPath: running.socket }, { host: tcp().hostname, port: tcp().port }];
  for (const address of addresses) {
    const answered = new Promise<number | undefined>((resolve, reject) => {
      request({ ...address, method, path }, ({ statusCode }) => resolve(statusCode))
        .on('error', reject)
        .end();
    });
    expect(await answered).toBe(status);
  }
});

describe('what is not covered is refused with the name of the server that covers it', () => {
  const named = { message: expect.stringContaining('EventStoreDB or KurrentDB') };

  test('persistent subscriptions', async () => {
    const settings = persistentSubscriptionToStreamSettingsFromDefaults();
    expect(await failureOf(running.client.createPersistentSubscriptionToStream('a', 'b', settings))).toMatchObject(
      named,
    );
    const subscription = running.client.subscribeToPersistentSubscriptionToStream('a', 'b');
    expect(await failureOf(all(subscription))).toMatchObject(named);
  });

  test('projections', async () => {
    expect(await failureOf(running.client.createProjection('p', 'fromAll()'))).toMatchObject(named);
  });
});

const bytes = (...values: number[]) => framed(Uint8Array.from(values));

test.each([
  ['no message', Buffer.alloc(0), 3],
  ['a field that never ends', bytes(0x0a, 0x7f), 3],
  ['a number where a message belongs', bytes(0x08, 0x01), 3],
  ['field number 0', bytes(0x02, 0x00), 3],
  ['neither a count nor a subscription', bytes(0x0a, 0x02, 0x12, 0x00), 3],
  ['a compressed message', Buffer.from([1, 0, 0, 0, 1, 0]), 12],
  ['a message beyond every limit', Buffer.from([0, 0x7f, 0, 0, 0, 0]), 8],
])('a read with %s is refused, and the server goes on', async (_title, body, code) => {
  const call = rawCall(running.server.urls[1]!, 'streams.Streams/Read');
  call.stream.write(body);
  expect(await call.outcome()).toMatchObject({ 'grpc-status': String(code) });
  const other = rawCall(running.server.urls[1]!, 'nobody.Nobody/Knows');
  expect(await other.outcome()).toMatchObject({ 'grpc-status': '12' });
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
  const taken = startEventStore({ dir, socket: running.socket });
  expect(await failureOf(taken)).toMatchObject({ code: 'EADDRINUSE' });
  const long = startEventStore({ dir, socket: join(directory.path, 'x'.repeat(120)) });
  expect(await failureOf(long)).toMatchObject({ message: expect.stringContaining('choose a shorter one') });
  const server = await startEventStore({ dir, socket: join(directory.path, 's') });
  await Promise.all([server.stop(), server.stop()]);
  await directory.remove();
});
