import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPage } from '../support/page.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, openStore } from '../support/store.ts';

const asha = { sub: 'asha' };

let ringbook: Ringbook;

beforeAll(async () => {
  ringbook = await startRingbook();
  await openStore(ringbook, { mode: 'round_robin', agents: ['asha'] });
}, 60_000);

afterAll(() => ringbook?.stop());

test('after kill -9 WhatsApp’s side knows what Ringbook remembers: permissions and calls go on', {
  timeout: 120_000,
}, async () => {
  const [permitting, calling] = ['910000000051', '910000000052'];
  const lost = await openPage(ringbook.realtime, { token: await ringbook.token(asha) });
  await ringbook.customer(permitting, 'permission', { channelId, response: 'accept', source: 'profile' });
  const { metaCallId } = (await ringbook.customer(calling, 'call', { channelId, name: 'Esha' })).body;
  await lost.until(({ type }) => type === 'call.offer');
  await eventually(
    async () => (await ringbook.ask(asha, `/v1/channels/${channelId}/customers/${permitting}/permission`)).body,
    ({ state }) => state === 'permanent',
  );
  await eventually(
    () => readFile(join(ringbook.dir, 'simulator', 'world-1.json'), 'utf8'),
    (world) => world.includes(metaCallId) && world.includes('permanent'),
  );

  await ringbook.kill('SIGKILL');
  await ringbook.start();

  expect(await ringbook.customer(calling, 'call', { channelId })).toMatchObject({
    status: 409,
    body: { code: 'call.already_live' },
  });
  expect((await ringbook.customer(calling, 'hang-up', { channelId })).status).toBe(200);
  await eventually(
    async () => (await ringbook.ask(asha, `/v1/call-logs?metaCallId=${metaCallId}`)).body.items[0],
    (row) => row?.status === 'missed',
    30_000,
  );
  const page = await openPage(ringbook.realtime, { token: await ringbook.token(asha) });
  await eventually(
    () => ringbook.ask(asha, '/v1/calls', { body: { channelId, customer: permitting } }),
    ({ status }) => status === 201,
    30_000,
  );
  await ringbook.customer(permitting, 'decline', { channelId });
  await page.close();
});
