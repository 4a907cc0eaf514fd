import { afterAll, beforeAll, expect, test } from 'vitest';
import { incomingCallId } from '../../../commands/whatsapp/record-call.ts';
import { fresh, openStore, startWorld, type World } from '../world.ts';
import { delivery, incoming } from './samples.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

test('a delivery that could not be stored is answered 503, and recorded once when Meta sends it again', async () => {
  const { channelId } = await openStore(world, []);
  const [known, fallen] = [fresh.metaCallId(), fresh.metaCallId()];
  const callOf = (metaCallId: string) => incoming.connect({ channelId, waId: fresh.number(), metaCallId });
  const lost = delivery(callOf(fallen));
  await world.deliver(delivery(callOf(known)));

  await world.stores.kill('eventstore');
  expect(await world.deliver(lost)).toMatchObject({ status: 503, body: { code: 'webhook.not_durable' } });
  await world.stores.start('eventstore');

  await expect.poll(async () => (await world.deliver(lost)).status, { timeout: 15_000 }).toBe(200);
  expect(await world.typesIn(`call-${incomingCallId(channelId, fallen)}`)).toEqual(['CallReceived']);
}, 60_000);
