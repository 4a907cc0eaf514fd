import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callLogs } from '../../projections/index.ts';
import { connect } from './client.ts';
import { openWorld, token } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const rows = 40;
const bytes = 50_000;
const flood = async (rounds: number) => {
  for (let round = 1; round <= rounds; round++) {
    const doc = { direction: 'incoming', startedAt: 1, round, note: 'x'.repeat(bytes) };
    const writes = Array.from({ length: rows }, (_, i) => ({ projection: callLogs, store: 'acme', key: `c${i}`, doc }));
    await world.writer.write(...writes);
  }
};

const page = async (url: string) => {
  const client = await connect(url);
  await client.hello({ token: await token() });
  return { client, replica: await client.subscribe('s1', 'call-logs') };
};

describe('a client that does not read', () => {
  test('gets what it missed conflated per key once it reads again', async () => {
    const { url } = await world.serve({ heartbeatMs: 60_000 });
    const slow = await page(url);
    const quick = await page(url);
    slow.client.socket.pause();
    const rounds = 10; // 20 MB, beyond what the kernel takes
    await flood(rounds);
    const isThere = ({ replica }: typeof slow) =>
      [...replica.rows.values()].filter(({ round }) => round === rounds).length === rows;
    await quick.client.until(() => isThere(quick), 15_000);
    slow.client.socket.resume();
    await slow.client.until(() => isThere(slow), 15_000);

    const ops = slow.client.frames.flatMap((frame) => frame.ops ?? []).length;
    expect(ops).toBeLessThan(rounds * rows);
    expect(slow.client.frames.some(({ resumed }) => resumed)).toBe(true);
    expect(slow.replica).toMatchObject({ snapshots: 1, gaps: 0, repeats: 0 });
    expect(quick.replica).toMatchObject({ snapshots: 1, resumed: 0, gaps: 0, repeats: 0 });
  });

  test('while it gets its snapshot is told what changed meanwhile', async () => {
    const { url } = await world.serve({ heartbeatMs: 60_000 });
    const doc = { direction: 'incoming', startedAt: 1, note: 'x'.repeat(bytes) };
    const row = (key: string) => ({ projection: callLogs, store: 'large', key, doc });
    for (let from = 0; from < 200; from += 40)
      await world.writer.write(...Array.from({ length: 40 }, (_, i) => row(`c${from + i}`)));
    const [slow, quick] = [await connect(url), await connect(url)];
    for (const client of [slow, quick]) await client.hello({ token: await token({ store: 'large' }) });
    const subscribing = slow.subscribe('s1', 'call-logs');
    slow.socket.pause();
    const quicks = await quick.subscribe('s1', 'call-logs');
    await world.writer.write({ ...row('meanwhile'), doc: { direction: 'incoming', startedAt: 2 } });
    await quick.until(() => quicks.rows.has('meanwhile'));
    slow.socket.resume();
    const replica = await subscribing;
    await slow.until(() => replica.rows.has('meanwhile'));
    expect(replica).toMatchObject({ snapshots: 1, gaps: 0, repeats: 0 });
  });

  test('for too long is sent away with 4102, and the others notice nothing', async () => {
    const { url } = await world.serve({ heartbeatMs: 60_000, limits: { maxLagMs: 50 } });
    const slow = await page(url);
    const quick = await page(url);
    slow.client.socket.pause();
    await flood(6);
    await quick.client.until(() => quick.replica.rows.get('c0')?.round === 6, 15_000);
    slow.client.socket.resume();
    expect(await slow.client.closed).toEqual({ code: 4102, reason: 'tooSlow' });
    expect(quick.client.socket.readyState).toBe(quick.client.socket.OPEN);
  });
});
