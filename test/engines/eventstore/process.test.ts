import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  ANY,
  type AppendExpectedRevision,
  BACKWARDS,
  binaryEvent,
  END,
  NO_STREAM,
  STREAM_EXISTS,
} from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launch, listening, type ServerProcess } from './process.ts';
import { all, clientOf, counted, failureOf, temporaryDirectory } from './running.ts';

let path = '';
let remove = async () => {};
const started: ServerProcess[] = [];

beforeEach(async () => {
  const directory = await temporaryDirectory();
  path = directory.path;
  remove = directory.remove;
});

afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.splice(0).map(({ gone }) => gone));
  await remove();
});

function start(socket = 's', before = '', more: readonly string[] = []): ServerProcess {
  const server = launch(join(path, 'log'), join(path, socket), before, more);
  started.push(server);
  return server;
}

/** Appends `count` events of 20 kB to stream `kept`. */
async function appendLarge(count: number): Promise<void> {
  const client = clientOf(`unix:${join(path, 's')}`);
  for (let number = 0; number < count; number++) {
    await client.appendToStream('kept', binaryEvent({ type: 'Large', data: Buffer.alloc(20_000, number) }));
  }
  await client.dispose();
}

describe('the process', () => {
  test('says on standard output and to its parent where it listens', async () => {
    const server = start();
    const told = once(server.child, 'message');
    const message = { msg: 'listening', service: 'eventstore', url: `unix:${join(path, 's')}` };
    expect(await listening(server)).toEqual(message);
    expect((await told)[0]).toEqual(message);
  });

  test.each<[string, (server: ServerProcess) => void]>([
    ['SIGTERM', ({ child }) => child.kill('SIGTERM')],
    ['SIGINT', ({ child }) => child.kill('SIGINT')],
    ['the end of its parent', ({ child }) => child.disconnect()],
  ])('ends with code 0 on %s and keeps what was acknowledged', async (_title, end) => {
    const server = start();
    await listening(server);
    const client = clientOf(`unix:${join(path, 's')}`);
    await client.appendToStream('kept', counted(1));
    await client.dispose();
    end(server);
    expect(await server.gone).toBe(0);
    await listening(start());
    const again = clientOf(`unix:${join(path, 's')}`);
    expect(await all(again.readStream('kept'))).toHaveLength(1);
    await again.dispose();
  });

  test('refuses a directory that another process keeps open, and names that process', async () => {
    const first = start();
    await listening(first);
    const second = start('other');
    expect(await second.gone).toBe(2);
    expect(second.errors()).toContain(`in use by process ${first.child.pid}`);
    expect(second.errors().trim().split('\n')).toHaveLength(1);
  });

  test('starts after a kill, whose lock and socket it finds', async () => {
    const first = start();
    await listening(first);
    first.child.kill('SIGKILL');
    await first.gone;
    expect(JSON.parse(await readFile(join(path, 'log', 'lock'), 'utf8'))).toMatchObject({ pid: first.child.pid });
    expect(await listening(start())).toMatchObject({ msg: 'listening' });
  });

  test('starts although another program got the process id in the lock', async () => {
    const other = spawn('sleep', ['60']);
    await mkdir(join(path, 'log'));
    await writeFile(join(path, 'log', 'lock'), JSON.stringify({ pid: other.pid, since: 'an earlier boot/1' }));
    expect(await listening(start())).toMatchObject({ msg: 'listening' });
    other.kill();
  });

  test('ends with code 3 rather than lose acknowledged events to damage', async () => {
    const server = start();
    await listening(server);
    const client = clientOf(`unix:${join(path, 's')}`);
    for (const number of [1, 2, 3]) await client.appendToStream('kept', counted(number));
    await client.dispose();
    server.child.kill('SIGTERM');
    await server.gone;
    const segment = join(path, 'log', `${'0'.repeat(16)}.seg`);
    const bytes = await readFile(segment);
    bytes[120]! ^= 1;
    await writeFile(segment, bytes);
    const again = start();
    expect(await again.gone).toBe(3);
    expect(again.errors()).toContain('damaged at offset 64');
  });

  test('ends with code 3 when it is asked for an event that is damaged, and has given none out', async () => {
    const server = start('s', '', ['--segment-size', '100000']);
    await listening(server);
    await appendLarge(20);
    server.child.kill('SIGTERM');
    await server.gone;
    const segment = join(path, 'log', `${'0'.repeat(16)}.seg`);
    const bytes = await readFile(segment);
    bytes[30_000]! ^= 1;
    await writeFile(segment, bytes);
    const again = start();
    await listening(again);
    const client = clientOf(`unix:${join(path, 's')}`);
    const newest = await all(client.readStream('kept', { direction: BACKWARDS, fromRevision: END, maxCount: 3 }));
    expect(newest.map(({ event }) => event?.revision)).toEqual([19n, 18n, 17n]);
    const seen: unknown[] = [];
    const reading = client.readStream('kept').on('data', (event) => seen.push(event));
    expect(await failureOf(once(reading, 'end'))).toBeInstanceOf(Error);
    expect(await again.gone).toBe(3);
    expect(again.errors()).toContain(`${'0'.repeat(16)}.seg is damaged at offset`);
    expect(seen).toEqual([]);
    await client.dispose();
  });

  test.each<[string, AppendExpectedRevision]>([
    ['any', ANY],
    ['no_stream', NO_STREAM],
    ['stream_exists', STREAM_EXISTS],
    ['the revision it had', 0n],
  ])('recognises, after a kill, an append that is repeated expecting %s', async (_title, expectedRevision) => {
    const first = start();
    await listening(first);
    const client = clientOf(`unix:${join(path, 's')}`);
    const before = expectedRevision === NO_STREAM ? 0 : 1;
    if (before > 0) await client.appendToStream('kept', counted(0));
    const events = counted(1, 2);
    const answer = await client.appendToStream('kept', events, { expectedRevision });
    first.child.kill('SIGKILL');
    await first.gone;
    await listening(start());
    const again = clientOf(`unix:${join(path, 's')}`);
    expect(await again.appendToStream('kept', events, { expectedRevision })).toEqual(answer);
    const [known, other] = [events[0]!, ...counted(3)];
    const partly = again.appendToStream('kept', [known, other!], { expectedRevision });
    expect(await failureOf(partly)).toMatchObject({ type: 'wrong-expected-version' });
    expect(await all(again.readStream('kept'))).toHaveLength(before + 2);
    await Promise.all([client.dispose(), again.dispose()]);
  });

  test.each([
    [['--port', 'http'], '--port takes a whole number up to 65535'],
    [['--port', '65536'], '--port takes a whole number up to 65535'],
    [['--max-append-size', '16777217'], '--max-append-size takes a whole number up to 16777216'],
    [['--segment-size', '1.5'], '--segment-size takes a whole number'],
    [['--unknown'], "Unknown option '--unknown'"],
  ])('explains itself when it is given %j', async (args, words) => {
    const server = start('s', '', args);
    expect(await server.gone).toBe(1);
    expect(server.errors()).toContain(words);
    expect(server.errors()).toContain('usage: ');
    expect(server.errors()).not.toContain('    at ');
  });

  test('explains itself when it is asked', async () => {
    const server = launch(join(path, 'log'), join(path, 's'), '', ['--help']);
    const [usage] = await once(createInterface({ input: server.child.stdout! }), 'line');
    expect(usage).toContain('usage: ');
    expect(await server.gone).toBe(0);
  });

  test('says what is wrong with a directory that is none', async () => {
    await writeFile(join(path, 'log'), '');
    const server = start();
    expect(await server.gone).toBe(1);
    expect(server.errors()).toMatch(/^The event store cannot start: .*EEXIST.*\n$/);
  });

  test('leaves no files behind where it cannot even take the lock', async () => {
    const limited = start('s', "trap '' XFSZ; ulimit -f 0");
    expect(await limited.gone).toBe(1);
    expect(await readdir(join(path, 'log'))).toEqual([]);
    expect(await listening(start())).toMatchObject({ msg: 'listening' });
  });

  test('stops when the disk refuses a write, and keeps what it acknowledged', async () => {
    const limited = start('s', "trap '' XFSZ; ulimit -f 64");
    await listening(limited);
    const client = clientOf(`unix:${join(path, 's')}`);
    let acknowledged = 0;
    while ((await failureOf(client.appendToStream('kept', counted(acknowledged)))) === undefined) acknowledged++;
    expect(await limited.gone).toBe(1);
    expect(limited.errors()).toContain('its disk failed');
    await client.dispose();
    await listening(start());
    const again = clientOf(`unix:${join(path, 's')}`);
    expect(await all(again.readStream('kept'))).toHaveLength(acknowledged);
    expect(acknowledged).toBeGreaterThan(100);
    await again.dispose();
  });
});
