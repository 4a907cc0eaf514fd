import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryInUse, lockDirectory } from '../../../engines/eventstore/lock.ts';
import { failureOf, temporaryDirectory } from './running.ts';

let dir = '';
let remove = async () => {};

beforeEach(async () => {
  const directory = await temporaryDirectory();
  dir = directory.path;
  remove = directory.remove;
});
afterEach(() => remove());

test('a lock is held until it is given back, and leaves nothing behind', async () => {
  const unlock = await lockDirectory(dir, 0);
  expect(await failureOf(lockDirectory(dir, 0))).toBeInstanceOf(DirectoryInUse);
  expect(await readdir(dir)).toEqual(['lock']);
  unlock();
  const again = await lockDirectory(dir, 0);
  again();
  expect(await readdir(dir)).toEqual([]);
});

test('who asks for a lock that is held waits for it', async () => {
  const unlock = await lockDirectory(dir, 0);
  const waiting = lockDirectory(dir, 5000);
  unlock();
  (await waiting)();
});

test('a lock of a process that is gone is taken over, by one of many', async () => {
  const other = spawn('true');
  await once(other, 'exit');
  await writeFile(join(dir, 'lock'), JSON.stringify({ pid: other.pid, since: '' }));
  const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => lockDirectory(dir, 0)));
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(JSON.parse(await readFile(join(dir, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  expect(await readdir(dir)).toEqual(['lock']);
});

test.each(['', 'rubbish', 'null', '{"pid":"1"}', '{"pid":-1,"since":""}'])(
  'a lock of which only "%s" is left is taken over',
  async (content) => {
    await writeFile(join(dir, 'lock'), content);
    (await lockDirectory(dir, 0))();
    expect(await readdir(dir)).toEqual([]);
  },
);
