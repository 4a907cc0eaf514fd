import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { deserialize, serialize } from 'bson';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import '../../store/driver-repair.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ringbook-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const hello = {
  ismaster: true,
  helloOk: true,
  minWireVersion: 0,
  maxWireVersion: 25,
  maxBsonObjectSize: 16_777_216,
  ok: 1,
};

/** OP_REPLY to the first message of a connection, OP_MSG to the others. */
const answerTo = (request: Buffer) => {
  const document = Buffer.from(serialize(hello));
  const isFirst = request.readInt32LE(12) === 2004;
  const prefix = isFirst ? Buffer.alloc(20) : Buffer.alloc(5);
  if (isFirst) prefix.writeInt32LE(1, 16);
  const header = Buffer.alloc(16);
  header.writeInt32LE(16 + prefix.length + document.length, 0);
  header.writeInt32LE(request.readInt32LE(4), 8);
  header.writeInt32LE(isFirst ? 1 : 2013, 12);
  return Buffer.concat([header, prefix, document]);
};

const commandOf = (request: Buffer) =>
  request.readInt32LE(12) === 2013
    ? Object.keys(deserialize(request.subarray(21, 21 + request.readInt32LE(21))))[0]
    : 'hello';

test('an operation on a connection that is just being closed fails or is repeated, and never waits for ever', async () => {
  const path = join(dir, 's.sock');
  // hangs up cleanly after every answer to a ping
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.on('data', (request) => {
      if (commandOf(request) === 'ping') socket.end(answerTo(request));
      else socket.write(answerTo(request));
    });
  }).listen(path);
  await once(server, 'listening');
  const client = new MongoClient(`mongodb://${encodeURIComponent(path)}/?directConnection=true`);
  const ping = () =>
    client
      .db('test')
      .command({ ping: 1 })
      .then(
        () => 'answered',
        (fault: Error) => fault.name,
      );

  const outcomes: string[] = [];
  for (let round = 0; round < 10; round++) {
    outcomes.push(await ping());
    for (let turn = 0; turn < round % 5; turn++) await setImmediate();
  }
  expect(new Set(outcomes)).toEqual(new Set(['answered', 'MongoNetworkError']));
  await client.close();
  server.close();
});
