import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

function start(socket = 's', before = ''): ServerProcess {
  const server = launch(join(path, 'log'), join(path, socket), before);
  started.push(server);
  return server;
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

  test('stops when the disk refuses a write, and keeps what it acknowledged', async () => {
    const limited = start('s', "trap '' XFSZ; ulimit -f 64");
    await listening(limited);
    const client = clientOf(`unix:${join(path, 's')}`);
    let acknowledged = 0;
    while ((await failureOf(client.appendToStream('kept', counted(acknowledged)))) === undefined) acknowledged++;
    expect(await limited.gone).toBe(1);
    expect(limited.errors()).toContain('The disk failed');
    await client.dispose();
    await listening(start());
    const again = clientOf(`unix:${join(path, 's')}`);
    expect(await all(again.readStream('kept'))).toHaveLength(acknowledged);
    expect(acknowledged).toBeGreaterThan(100);
    await again.dispose();
  });
});
