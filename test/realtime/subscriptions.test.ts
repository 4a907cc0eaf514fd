import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agents, callLogs, missedCalls } from '../../projections/index.ts';
import { connect } from './client.ts';
import { Replica } from './replica.ts';
import { openWorld, token } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

let stores = 0;
/** A store of a test's own, so that tests do not see each other's documents. */
const ownStore = () => `store${++stores}`;

const callDoc = (callId: string, more: object = {}) => ({
  callId,
  direction: 'incoming',
  status: 'ongoing',
  startedAt: 1_000 + stores,
  agentId: null,
  ...more,
});
const call = (store: string, key: string, more?: object) => ({
  projection: callLogs,
  store,
  key,
  doc: callDoc(key, more),
});

const page = async (url: string, store: string, role: 'agent' | 'analyst' = 'agent') => {
  const client = await connect(url);
  await client.hello({ token: await token({ store, role }) });
  return client;
};

describe('a subscription', () => {
  test('is answered by a snapshot, then caught-up, then every change in a chain', async () => {
    const store = ownStore();
    const { url } = await world.serve();
    await world.writer.write(call(store, 'a'), call(store, 'b'));
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'call-logs');
    await world.writer.write(call(store, 'c', { status: 'missed' }));
    await client.until(() => replica.rows.has('c'));
    await world.writer.write(call(store, 'c', { status: 'completed' }));
    await client.until(() => replica.rows.get('c')?.status === 'completed');

    const [snapshot, caughtUp, first, second] = client.frames.filter(({ id }) => id === 's1');
    expect(snapshot).toMatchObject({ type: 'snapshot', last: true, epoch: expect.stringMatching(/^call_logs@/) });
    expect(snapshot.items.map(({ key }: { key: string }) => key).toSorted()).toEqual(['a', 'b']);
    expect(caughtUp).toEqual({ type: 'caught-up', id: 's1', position: snapshot.position });
    expect(first).toMatchObject({ type: 'change', ops: [{ op: 'upsert', key: 'c', doc: { status: 'missed' } }] });
    expect(BigInt(first.prev)).toBeLessThanOrEqual(BigInt(snapshot.position));
    expect(second.prev).toBe(first.position);
    expect(replica).toMatchObject({ gaps: 0, repeats: 0 });
  });

  test('shows nothing of another store', async () => {
    const [store, other] = [ownStore(), ownStore()];
    const { url } = await world.serve();
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'call-logs');
    await world.writer.write(call(other, 'theirs'));
    await world.writer.write(call(store, 'ours'));
    await client.until(() => replica.rows.has('ours'));
    expect(JSON.stringify(client.frames)).not.toContain('theirs');
  });
});
