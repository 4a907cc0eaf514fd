import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDocuments } from '../../store/documents.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';

type Checkpoint = { _id: string; position: bigint };

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

const checkpoints = () => open.db.collection<Checkpoint>('checkpoints');

test.each([0n, 1n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 63n - 1n])('keeps the position %s as it is', async (position) => {
  const _id = `p${position}`;
  await checkpoints().insertOne({ _id, position });
  expect(await checkpoints().findOne({ _id })).toEqual({ _id, position });
  expect(await checkpoints().countDocuments({ position: { $gte: position, $lte: position } })).toBe(1);
});

test('waits for a server that is not up yet', async () => {
  await stores.kill('documents');
  const connecting = connectDocuments(stores.mongodbUrl, stores.dbName);
  await stores.start('documents');
  const { db, close } = await connecting;
  expect(await db.command({ ping: 1 })).toMatchObject({ ok: 1 });
  await close();
});

test('still has what it acknowledged after a crash, and goes on by itself', async () => {
  await checkpoints().insertOne({ _id: 'before', position: 7n });
  await stores.kill('documents');
  const writing = checkpoints().insertOne({ _id: 'during', position: 8n });
  await stores.start('documents');
  await writing;
  expect(await checkpoints().countDocuments({ _id: { $in: ['before', 'during'] } })).toBe(2);
});
