import { afterAll, beforeAll, expect, test } from 'vitest';
import { tickets } from '../../projections/index.ts';
import { connect } from './client.ts';
import { openWorld, token } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const ticket = (key: string) => ({
  projection: tickets,
  store: 'acme',
  key,
  doc: { ticketId: key, status: 'open', lastActivityAt: 1 },
});

test('sockets live through a crash of the document store, and miss nothing of what comes after', async () => {
  const { url } = await world.serve();
  const client = await connect(url);
  await client.hello({ token: await token() });
  const replica = await client.subscribe('s1', 'tickets');
  await world.writer.write(ticket('before'));
  await client.until(() => replica.rows.has('before'));

  await world.stores.kill('documents');
  await world.stores.start('documents');
  await world.writer.write(ticket('after'));
  await client.until(() => replica.rows.has('after'), 15_000);
  expect([...replica.rows.keys()].toSorted()).toEqual(['after', 'before']);
  expect(replica).toMatchObject({ snapshots: 1, gaps: 0, repeats: 0 });
});
