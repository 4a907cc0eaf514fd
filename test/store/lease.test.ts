import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withLease } from '../../store/lease.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';

let stores: Stores;
let open: Awaited<ReturnType<typeof openStores>>;
beforeAll(async () => {
  stores = await startStores();
  open = await openStores(stores);
});
afterAll(async () => {
  await open?.close();
  await stores?.stop();
});

const options = (name: string, holder: string, signal = new AbortController().signal) => ({
  db: open.db,
  name,
  holder,
  ttlMs: 1_000,
  signal,
});
const aborted = (signal: AbortSignal) => (signal.aborted ? Promise.resolve() : once(signal, 'abort'));
const collection = () => open.db.collection<{ _id: string; holder: string | null }>('leases');

test('lets only one of many lead at a time, each in turn', async () => {
  let leading = 0;
  const led: number[] = [];
  const contenders = Array.from({ length: 5 }, (_, i) =>
    withLease(options('turns', `${i}`), async () => {
      expect(++leading).toBe(1);
      await collection().findOne({ _id: 'turns' });
      leading--;
      led.push(i);
    }),
  );
  await Promise.all(contenders);
  expect(led.sort()).toEqual([0, 1, 2, 3, 4]);
});

test('keeps leading for as long as the work takes', async () => {
  const stop = new AbortController();
  let second = false;
  const first = withLease(options('long', 'first'), () => setTimeout(1_500));
  const other = withLease(options('long', 'second', stop.signal), async () => {
    second = true;
  });
  await first;
  expect(second).toBe(false);
  await other;
  expect(second).toBe(true);
});

test('takes over from a process that was killed, after its time to live', async () => {
  const script = fileURLToPath(new URL('lease-holder.ts', import.meta.url));
  const args = ['--import', 'tsx', script, stores.mongodbUrl, stores.dbName, 'killed', '1000'];
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  let tookOverAt = 0;
  const waiting = withLease(options('killed', 'heir'), async () => {
    tookOverAt = performance.now();
  });
  const killedAt = performance.now();
  holder.kill('SIGKILL');
  await waiting;
  expect(tookOverAt - killedAt).toBeGreaterThan(600); // a beat may be a fifth of the time old
});

test('stops the work of a leader whose lease was taken, and leads again later', async () => {
  const stop = new AbortController();
  let terms = 0;
  await withLease(options('taken', 'first', stop.signal), async (signal) => {
    if (++terms === 2) return stop.abort();
    await collection().updateOne({ _id: 'taken' }, { $set: { holder: 'a thief' } });
    await aborted(signal);
  });
  expect(terms).toBe(2);
});

test('stops the work when the document store is gone for long, and leads again when it is back', async () => {
  const stop = new AbortController();
  let terms = 0;
  await withLease(options('outage', 'first', stop.signal), async (signal) => {
    if (++terms === 2) return stop.abort();
    await stores.kill('documents');
    await aborted(signal);
    await stores.start('documents');
  });
  expect(terms).toBe(2);
});

test('gives the lease up at once when the work ends, or fails', async () => {
  const failing = withLease(options('given up', 'first'), async () => {
    throw new Error('broken');
  });
  await expect(failing).rejects.toThrow('broken');
  expect((await collection().findOne({ _id: 'given up' }))?.holder).toBeNull();
});

test('waits no longer when it is told to stop', async () => {
  const stop = new AbortController();
  await withLease(options('busy', 'first'), async () => {
    const waiting = withLease(options('busy', 'second', stop.signal), async () => expect.unreachable());
    stop.abort();
    await waiting;
  });
  expect(stop.signal.aborted).toBe(true);
});
