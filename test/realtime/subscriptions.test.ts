import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  activities,
  agents,
  callbackRequests,
  callLogs,
  channels,
  inbox,
  missedCalls,
  permissions,
} from '../../projections/index.ts';
import { connect } from './client.ts';
import { Replica } from './replica.ts';
import { openWorld, token } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
let url: string;
beforeAll(async () => {
  world = await openWorld();
  ({ url } = await world.serve());
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
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'call-logs');
    await world.writer.write(call(other, 'theirs'));
    await world.writer.write(call(store, 'ours'));
    await client.until(() => replica.rows.has('ours'));
    expect(JSON.stringify(client.frames)).not.toContain('theirs');
  });
});

describe('what a client missed', () => {
  const away = async (then: (store: string) => Promise<unknown>) => {
    const store = ownStore();
    const first = await world.serve();
    await world.writer.write(call(store, 'kept'), call(store, 'changed'), call(store, 'leaves'));
    const client = await page(first.url, store);
    const replica = await client.subscribe('s1', 'call-logs', { direction: 'incoming' });
    await client.close();
    await first.stop();
    await then(store);
    const second = await world.serve();
    const again = await page(second.url, store);
    await again.subscribe('s1', 'call-logs', { direction: 'incoming' }, replica);
    return { store, replica, client: again };
  };

  test('is told once, also by another process, and nothing else is told again', async () => {
    const { client, replica } = await away((store) =>
      world.writer.write(
        call(store, 'changed', { status: 'missed' }),
        call(store, 'leaves', { direction: 'outgoing' }),
        call(store, 'new'),
      ),
    );
    const [change, caughtUp] = client.frames.filter(({ id }) => id === 's1');
    expect(change).toMatchObject({ type: 'change', resumed: true });
    expect(change.ops.map(({ op, key }: { op: string; key: string }) => `${op} ${key}`)).toEqual([
      'upsert changed',
      'remove leaves',
      'upsert new',
    ]);
    expect(caughtUp).toMatchObject({ type: 'caught-up', position: change.position });
    expect([...replica.rows.keys()].toSorted()).toEqual(['changed', 'kept', 'new']);
    expect(replica).toMatchObject({ snapshots: 1, resumed: 1, gaps: 0, repeats: 0 });
  });

  test('may be nothing', async () => {
    const { client } = await away(async () => {});
    expect(client.frames.find(({ id }) => id === 's1')).toMatchObject({ type: 'change', resumed: true, ops: [] });
  });

  test('of documents from before that leave later is a removal', async () => {
    const { client, store, replica } = await away(async () => {});
    await world.writer.write(call(store, 'kept', { direction: 'outgoing' }));
    await client.until(() => !replica.rows.has('kept'));
  });

  test('is a fresh snapshot when the read model was built anew', async () => {
    const { replica } = await away(() => world.writer.restart(callLogs, 'call_logs@1.rebuilt'));
    expect(replica).toMatchObject({ snapshots: 2, resumed: 0 });
    expect(replica.place?.epoch).toBe('call_logs@1.rebuilt');
  });

  test('is a fresh snapshot when the place is older than what is kept of removed documents', async () => {
    const store = ownStore();
    await world.writer.write(call(store, 'a'));
    const client = await page(url, store);
    const { place } = await client.subscribe('s1', 'call-logs');
    const replica = new Replica();
    replica.place = { epoch: place!.epoch, position: '1' };
    await client.subscribe('s2', 'call-logs', {}, replica);
    expect(replica).toMatchObject({ snapshots: 1, resumed: 0 });
  });
});

describe('a live subscription', () => {
  test('gets a fresh snapshot when the read model is built anew', async () => {
    const store = ownStore();
    const agent = { projection: agents, store, key: `${store}.asha`, doc: { agentId: 'asha', active: true } };
    await world.writer.write(agent);
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'agents');
    await world.writer.restart(agents, 'agents@1.rebuilt');
    await client.until(() => replica.place?.epoch === 'agents@1.rebuilt');
    expect([...replica.rows.keys()]).toEqual([`${store}.asha`]);
  });

  test('that is told nothing of what it never held', async () => {
    const store = ownStore();
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'call-logs', { status: 'missed' });
    await world.writer.write(call(store, 'never'));
    await world.writer.write(call(store, 'held', { status: 'missed' }));
    await client.until(() => replica.rows.has('held'));
    await world.writer.write(call(store, 'held', { status: 'completed' }));
    await client.until(() => !replica.rows.has('held'));
    expect(JSON.stringify(client.frames)).not.toContain('never');
  });

  test('in several pieces is one snapshot', async () => {
    const store = ownStore();
    const rows = Array.from({ length: 150 }, (_, i) => call(store, `c${i}`, { note: 'x'.repeat(1_000) }));
    await world.writer.write(...rows);
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'call-logs');
    const pieces = client.frames.filter(({ type }) => type === 'snapshot');
    expect(pieces.map(({ last }) => last)).toEqual([false, false, true]);
    expect(pieces.every((piece) => JSON.stringify(piece).length < 66_000)).toBe(true);
    expect(replica.rows.size).toBe(150);
  });

  test('that is begun again under its name goes on', async () => {
    const store = ownStore();
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'call-logs');
    replica.askAgain();
    await client.until(() => replica.isCaughtUp);
    await world.writer.write(call(store, 'a'));
    await client.until(() => replica.rows.has('a'));
  });

  test('ends when the client says so', async () => {
    const store = ownStore();
    const client = await page(url, store);
    await client.subscribe('s1', 'call-logs');
    const other = await client.subscribe('s2', 'call-logs');
    client.send({ type: 'unsubscribe', id: 's1' });
    client.send({ type: 'unsubscribe', id: 's1' });
    await client.frame(({ type, re, code }) => type === 'error' && re === 's1' && code === 'subscription.unknown');
    await world.writer.write(call(store, 'a'));
    await client.until(() => other.rows.has('a'));
    expect(client.frames.some(({ type, id }) => type === 'change' && id === 's1')).toBe(false);
  });

  test('is one of at most twenty', async () => {
    const client = await page(url, ownStore());
    for (let i = 1; i <= 20; i++) await client.subscribe(`s${i}`, 'call-logs');
    await client.subscribe('s20', 'tickets');
    client.send({ type: 'subscribe', id: 's21', topic: 'call-logs' });
    expect(await client.frame(({ re }) => re === 's21')).toMatchObject({ code: 'subscription.too_many' });
  });
});

describe('the topic', () => {
  test('missed-calls counts customers under the key badge', async () => {
    const store = ownStore();
    const miss = (customer: string, doc: object | null = { lastAt: 1, channelId: 'ch', state: 'pending' }) => ({
      projection: missedCalls,
      store,
      key: `${store}.${customer}`,
      doc,
    });
    await world.writer.write(miss('c1'));
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'missed-calls');
    expect(replica.rows.get('badge')).toBe(1);
    await world.writer.write(miss('c2'), miss('c3'));
    await client.until(() => replica.rows.get('badge') === 3);
    await world.writer.write(miss('c1', null), miss('c2', null));
    await client.until(() => replica.rows.get('badge') === 1);
    expect([...replica.rows.keys()].toSorted()).toEqual(['badge', `${store}.c3`].toSorted());
  });

  test('callback-requests has those that its filters let through, whoever has waited longest first', async () => {
    const store = ownStore();
    const request = (key: string, requestedAt: number, state = 'requested') => ({
      projection: callbackRequests,
      store,
      key: `${store}.${key}`,
      doc: { id: key, state, channelId: 'ch', requestedAt },
    });
    await world.writer.write(request('late', 9), request('early', 3), request('over', 1, 'fulfilled'));
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'callback-requests', { state: ['requested', 'claimed'] });
    const ids = () => [...replica.rows.values()].map(({ id }) => id);
    expect(ids()).toEqual(['early', 'late']);
    await world.writer.write(request('early', 3, 'claimed'));
    await client.until(() => replica.rows.get(`${store}.early`)?.state === 'claimed');
    await world.writer.write(request('early', 3, 'fulfilled'));
    await client.until(() => replica.rows.size === 1);
    expect(ids()).toEqual(['late']);
  });

  test('ticket has the activities of that ticket', async () => {
    const store = ownStore();
    const activity = (key: string, ticketId: string) => ({
      projection: activities,
      store,
      key,
      doc: { activityId: key, ticketId, at: 86_400_000, type: 'Ticket Opened' },
    });
    await world.writer.write(activity('e1', 't1'), activity('e2', 't2'));
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'ticket', { ticketId: 't1' });
    await world.writer.write(activity('e3', 't2'), activity('e4', 't1'));
    await client.until(() => replica.rows.has('e4'));
    expect([...replica.rows.keys()]).toEqual(['e1', 'e4']);
    expect(replica.rows.get('e4')).toMatchObject({ at: '1970-01-02T00:00:00.000Z', position: expect.any(String) });
  });

  test('inbox has the own calls, without SDP', async () => {
    const store = ownStore();
    const doc = {
      state: 'connected',
      direction: 'incoming',
      startedAt: 1,
      sdpOffer: 'v=0 offer',
      sdpAnswer: 'v=0 answer',
    };
    const of = (key: string, agentId: string) => ({
      projection: inbox,
      store,
      key,
      doc: { ...doc, callId: key, agentId },
    });
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'inbox');
    await world.writer.write(of('theirs', 'ben'));
    await world.writer.write(of('mine', 'asha'));
    await client.until(() => replica.rows.has('mine'));
    expect([...replica.rows.keys()]).toEqual(['mine']);
    expect(JSON.stringify(client.frames)).not.toContain('v=0');
  });

  test('permission has the one document', async () => {
    const store = ownStore();
    const of = (key: string) => ({ projection: permissions, store, key, doc: { state: 'temporary' } });
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'permission', { channelId: 'ch', customer: 'cus_one' });
    await world.writer.write(of('ch.cus_two'));
    await world.writer.write(of('ch.cus_one'));
    await client.until(() => replica.rows.get('ch.cus_one')?.state === 'temporary');
    expect(replica.rows.size).toBe(1);
  });

  describe('permission of a customer named by number', () => {
    const of = (store: string, customerId: string, state: string) => ({
      ...{ projection: permissions, store, key: `ch.${customerId}` },
      doc: { channelId: 'ch', customerId, state },
    });
    const enter = async (store: string, waId: string) =>
      (await world.directory.identify(store, { waId, bsuid: null, name: null })).customerId;

    test.each(['910000000042', '+910000000042'])('has their one document: %s', async (customer) => {
      const store = ownStore();
      const customerId = await enter(store, '910000000042');
      await world.writer.write(of(store, customerId, 'none'), of(store, await enter(store, '910000000043'), 'none'));
      const client = await page(url, store);
      const replica = await client.subscribe('s1', 'permission', { channelId: 'ch', customer });
      expect([...replica.rows.keys()]).toEqual([`ch.${customerId}`]);
      await world.writer.write(of(store, customerId, 'temporary'));
      await client.until(() => replica.rows.get(`ch.${customerId}`)?.state === 'temporary');
    });

    test('begins when they are met, and goes on after a reconnection', async () => {
      const store = ownStore();
      const params = { channelId: 'ch', customer: '910000000044' };
      const [first, other] = [await page(url, store), await page(url, store)];
      const before = await first.subscribe('s1', 'permission', params);
      const stranger = await other.subscribe('s1', 'permission', { ...params, customer: '910000000045' });
      await world.writer.write(of(store, await enter(store, '910000000046'), 'none'));
      const customerId = await enter(store, '910000000044');
      await world.writer.write(of(store, customerId, 'none'));
      await first.until(() => before.rows.get(`ch.${customerId}`)?.state === 'none');
      await world.writer.write(of(store, customerId, 'revoked'));
      await first.until(() => before.rows.get(`ch.${customerId}`)?.state === 'revoked');
      expect([before.rows.size, before.gaps, before.repeats, stranger.rows.size]).toEqual([1, 0, 0, 0]);

      await first.close();
      await world.writer.write(of(store, customerId, 'temporary'));
      const again = await page(url, store);
      await again.subscribe('s1', 'permission', params, before);
      expect(before.rows.get(`ch.${customerId}`)?.state).toBe('temporary');
      expect([before.resumed, before.snapshots]).toEqual([1, 1]);
    });

    test('is not another store’s', async () => {
      const [theirs, ours] = [ownStore(), ownStore()];
      await world.writer.write(of(theirs, await enter(theirs, '910000000047'), 'temporary'));
      const client = await page(url, ours);
      const replica = await client.subscribe('s1', 'permission', { channelId: 'ch', customer: '910000000047' });
      expect(replica.rows.size).toBe(0);
    });
  });

  test('channels are all of the store’s', async () => {
    const store = ownStore();
    const channel = (key: string, restrictions: object[]) => ({
      ...{ projection: channels, store, key },
      doc: { channelId: key, name: key, restrictions },
    });
    await world.writer.write(channel('ch1', []), { ...channel('ch2', []), store: ownStore() });
    const client = await page(url, store);
    const replica = await client.subscribe('s1', 'channels');
    expect([...replica.rows.keys()]).toEqual(['ch1']);
    await world.writer.write(channel('ch1', [{ restriction: 'outgoing' }]));
    await client.until(() => replica.rows.get('ch1')?.restrictions.length === 1);
  });

  test.each([
    ['nonsense', {}, 'topic.unknown'],
    ['constructor', {}, 'topic.unknown'],
    ['projections', {}, 'topic.unknown'],
    ['call-logs', { statsu: 'missed' }, 'topic.params'],
    ['call-logs', { status: 'nonsense' }, 'topic.params'],
    ['callback-requests', { state: 'open' }, 'topic.params'],
    ['ticket', {}, 'topic.params'],
    ['permission', { channelId: 'ch', customer: { $ne: null } }, 'topic.params'],
    ['permission', { channelId: 'ch', customer: 'Asha' }, 'topic.params'],
  ])('%s with %j is refused: %s', async (topic, params, code) => {
    const client = await page(url, ownStore());
    client.send({ type: 'subscribe', id: 's1', topic, params, from: null });
    expect(await client.frame(({ type }) => type === 'error')).toMatchObject({
      re: 's1',
      code,
      detail: expect.any(String),
    });
  });

  test('inbox is not for those who only read, call-logs is', async () => {
    const client = await page(url, ownStore(), 'analyst');
    await client.subscribe('s1', 'call-logs');
    client.send({ type: 'subscribe', id: 's2', topic: 'inbox' });
    expect(await client.frame(({ re }) => re === 's2')).toMatchObject({ type: 'error', code: 'topic.forbidden' });
  });
});
