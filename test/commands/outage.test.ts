import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Service } from '../../store/embedded.ts';
import { startWorld as startReadSide } from '../read-api/world.ts';
import { fresh, openStore, type Reply, startWorld, type World } from './world.ts';

const away = { status: 503, body: { code: 'storage.unavailable', status: 503 } };
const worlds: World[] = [];
let readSide: Awaited<ReturnType<typeof startReadSide>>;
beforeAll(async () => {
  readSide = await startReadSide();
  worlds.push(await startWorld(), await startWorld());
});
afterAll(() => Promise.all([readSide, ...worlds].map((world) => world.stop())));

const services: readonly Service[] = ['eventstore', 'documents'];

// one after another: db-client keeps the pending appends of a process in one table, and drops all when one server breaks
describe('while a store is away', () => {
  test.for(services)('(the %s) a command is told so, and done once when repeated', async (service, { expect }) => {
    const world = worlds[services.indexOf(service)]!;
    const care = await openStore(world);
    const key = { headers: { 'idempotency-key': fresh.metaCallId() } };
    const configure = (priority: number): Promise<Reply> =>
      world.ask(care.owner, 'PUT /v1/journeys/j1', { name: 'J', priority, route: { team: 'care' } }, key);

    await world.stores.kill(service);
    const refused = await configure(1);
    expect(refused).toMatchObject(away);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    await world.stores.start(service);
    await expect.poll(async () => (await configure(1)).status, { timeout: 20_000 }).toBe(200);
    const again = await configure(1);
    expect(again).toMatchObject({ status: 200, body: (await configure(1)).body });
    expect(await configure(2)).toMatchObject({ status: 422, body: { code: 'idempotency.key_reused' } });
    const told = (await world.eventsOf(`routing-${care.store}`)).filter(({ type }) => type === 'JourneyDefined');
    expect(told).toHaveLength(1);
  });

  test('a read is told so, and answered after', async ({ expect }) => {
    const ask = () => readSide.ask('/v1/call-logs');
    expect(await ask()).toMatchObject({ status: 200 });
    await readSide.servers.kill('documents');
    const refused = await ask();
    expect(refused).toMatchObject(away);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await readSide.servers.start('documents');
    await expect.poll(async () => (await ask()).status, { timeout: 20_000 }).toBe(200);
  });
}, 90_000);
