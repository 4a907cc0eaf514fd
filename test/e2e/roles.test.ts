import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliver, incomingConnect, incomingTerminate } from '../support/meta.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, openStore, owner } from '../support/store.ts';

let front: Ringbook;
let workers: Ringbook[];

beforeAll(async () => {
  front = await startRingbook({ ROLES: 'engines,commands,read-api,simulator' });
  const shared = { DATA_DIR: front.dir, WHATSAPP_API_URL: front.simulator, ROLES: 'projections,timers' };
  workers = await Promise.all([startRingbook(shared), startRingbook(shared)]);
  await openStore(front, { mode: 'unassigned' });
}, 60_000);

afterAll(async () => {
  await Promise.all((workers ?? []).map((worker) => worker.stop()));
  await front?.stop();
}, 60_000);

const missedCalls = async () => (await front.ask(owner, '/v1/missed-calls')).body.badge;

const missOne = async (n: number) => {
  const call = { channelId, metaCallId: `wacid.ROLES-${n}`, waId: `91000055500${n}`, at: Date.now() };
  expect(await deliver(front.http, incomingConnect(call))).toBe(200);
  expect(await deliver(front.http, incomingTerminate(call))).toBe(200);
};

describe('parts in processes of their own', () => {
  test('share the work, and one of a kind takes over when another dies', { timeout: 60_000 }, async () => {
    await missOne(1);
    await eventually(missedCalls, (badge) => badge === 1, 30_000);
    await workers[0]!.kill('SIGKILL');
    await missOne(2);
    await eventually(missedCalls, (badge) => badge === 2, 45_000);
  });

  test('answer a read that must see a write only when they do', async () => {
    const connected = await front.ask(owner, '/v1/channels/800000000000002', {
      method: 'PUT',
      body: { name: 'Care', displayPhoneNumber: '+910000000002', wabaId: '9' },
    });
    const read = await front.ask(owner, `/v1/channels?minPosition=${connected.body.position}`);
    expect(read.body.items.map((one: { channelId: string }) => one.channelId)).toContain('800000000000002');
    expect(BigInt(read.headers.get('x-position')!)).toBeGreaterThanOrEqual(BigInt(connected.body.position));
  });

  test('share the clock that the simulator moves', async () => {
    const routing = { mode: 'only_if_available', onlyIfAvailable: true, queueSeconds: 50 };
    await front.ask(owner, '/v1/routing', { method: 'PUT', body: routing });
    const { body } = await front.customer('910000555777', 'call', { channelId });
    const rows = async () => (await front.ask(owner, `/v1/call-logs?metaCallId=${body.metaCallId}`)).body.items;
    await eventually(rows, (items) => items.length === 1);
    await front.simulate('/clock', { advance: 'PT51S' });
    const [row] = await eventually(rows, ([{ status }]) => status === 'missed');
    expect(row.missReason).toBe('queue_timeout');
  });

  test('a second start on the same data is refused with a clear message', async () => {
    await expect(startRingbook({ DATA_DIR: front.dir, ROLES: 'engines' })).rejects.toThrowError(
      /ended before it was ready/,
    );
  });
});
