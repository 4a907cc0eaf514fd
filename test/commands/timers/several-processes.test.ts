import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { days } from '../../../domain/time.ts';
import { openStores, type Stores, startStores } from '../../support/stores.ts';
import { allOf, at, firedOf, oweTimers, waiting } from './backlog.ts';

const count = 10_000;
const now = at + days(1);

let stores: Stores;
let opened: Awaited<ReturnType<typeof openStores>>;
const children: ChildProcess[] = [];

beforeAll(async () => {
  stores = await startStores();
  opened = await openStores(stores);
}, 60_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await opened?.close();
  await stores?.stop();
});

const startProcess = () => {
  const { eventstoreUrl, mongodbUrl, dbName } = stores;
  const words = [{ eventstoreUrl, mongodbUrl, dbName }, now].map((word) => JSON.stringify(word));
  const script = fileURLToPath(new URL('timer-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  return child;
};

const timersSet = () => opened.db.collection('checkpoints').countDocuments({ _id: 'timers' as never, at: { $gt: 0 } });
const left = () => waiting({ db: opened.db, now: () => now });
const fewerThan = (n: number) => expect.poll(left, { timeout: 200_000, interval: 100 }).toBeLessThan(n);

test('10,000 timers of a day of downtime fire once each and in order, though who fires them hangs, comes back and dies', {
  timeout: 600_000,
}, async () => {
  await oweTimers(opened.log, count, 'cus_');
  const first = startProcess();
  await expect.poll(timersSet, { timeout: 60_000, interval: 50 }).toBe(1);
  await expect.poll(left, { timeout: 60_000, interval: 50 }).toBeGreaterThan(9_000);
  await fewerThan(9_500);
  const second = startProcess();
  await fewerThan(8_500);
  first.kill('SIGSTOP'); // with timers in hand
  await fewerThan((await left()) - 500); // the second has taken over
  first.kill('SIGCONT'); // and believes that it leads
  await fewerThan((await left()) - 1_000);
  second.kill('SIGKILL'); // in the middle of it
  await once(second, 'exit');
  expect(await left()).toBeGreaterThan(0);
  await fewerThan(1);
  expect(await firedOf(opened.log, 'cus_')).toEqual(allOf(count, 'cus_'));
});
