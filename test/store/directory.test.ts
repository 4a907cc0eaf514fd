import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Contact, customerDirectory } from '../../store/directory.ts';
import { keyRing } from '../../store/keys.ts';
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

const contact = (some: Partial<Contact>): Contact => ({ waId: null, bsuid: null, name: null, ...some });

test('gives a new person an opaque id and a key, and knows them again', async () => {
  const customer = await open.directory.identify('demo', contact({ waId: '919812345678', name: 'Asha' }));
  expect(customer).toMatchObject({ store: 'demo', waId: '919812345678', bsuid: null, name: 'Asha' });
  expect(customer.customerId).toMatch(/^cus_[a-z2-7]{26}$/);
  expect(await open.directory.identify('demo', contact({ waId: '+919812345678' }))).toEqual(customer);
  expect((await keyRing(open.db).keysFor([customer.customerId], false)).size).toBe(1);
});

test('enters a person once, however many processes meet them at the same moment', async () => {
  const processes = await Promise.all(Array.from({ length: 4 }, () => customerDirectory(open.db, keyRing(open.db))));
  const met = await Promise.all(
    Array.from({ length: 24 }, (_, i) => processes[i % 4]!.identify('demo', contact({ waId: '15550001111' }))),
  );
  expect(new Set(met.map(({ customerId }) => customerId)).size).toBe(1);
  expect(await open.db.collection('customers').countDocuments({ store: 'demo', waId: '15550001111' })).toBe(1);
});

test('knows a person by either id, and learns the other one and a new name', async () => {
  const { customerId } = await open.directory.identify('demo', contact({ bsuid: 'IN.1', name: 'A' }));
  const learnt = await open.directory.identify('demo', contact({ bsuid: 'IN.1', waId: '9111' }));
  expect(learnt).toMatchObject({ customerId, waId: '9111', name: 'A' });
  const renamed = await open.directory.identify('demo', contact({ waId: '9111', name: 'Asha' }));
  expect(renamed).toEqual({ customerId, store: 'demo', waId: '9111', bsuid: 'IN.1', name: 'Asha' });
  expect(await open.directory.find('demo', '9111')).toEqual(renamed);
});

test('leaves an id with the person who had it first', async () => {
  const byNumber = await open.directory.identify('demo', contact({ waId: '9222' }));
  const byBsuid = await open.directory.identify('demo', contact({ bsuid: 'IN.2' }));
  const both = await open.directory.identify('demo', contact({ waId: '9222', bsuid: 'IN.2', name: 'Ravi' }));
  expect(both).toEqual({ ...byNumber, name: 'Ravi' });
  expect(await open.directory.find('demo', byBsuid.customerId)).toEqual(byBsuid);
});

test('refuses a contact without any id', async () => {
  await expect(open.directory.identify('demo', contact({ name: 'Nobody' }))).rejects.toThrow(/number or a BSUID/);
});

test("finds a store's own customers only", async () => {
  const own = await open.directory.identify('demo', contact({ waId: '9333' }));
  const theirs = await open.directory.identify('other', contact({ waId: '9333' }));
  expect(theirs.customerId).not.toBe(own.customerId);
  for (const name of ['9333', '+9333', own.customerId]) expect(await open.directory.find('demo', name)).toEqual(own);
  expect(await open.directory.find('other', own.customerId)).toBeNull();
  expect(await open.directory.find('demo', '9334')).toBeNull();
  expect(await open.directory.find('demo', 'cus_unknown')).toBeNull();
});

test('finds people by index', async () => {
  const { queryPlanner } = await open.db.collection('customers').find({ store: 'demo', waId: '9333' }).explain();
  expect(JSON.stringify(queryPlanner.winningPlan)).toContain('IXSCAN');
});

test('makes one key per person, however many processes need it at the same moment', async () => {
  const rings = Array.from({ length: 8 }, () => keyRing(open.db));
  const keys = await Promise.all(rings.map((ring) => ring.keysFor(['cus_x', 'cus_y', 'cus_x'], true)));
  expect(keys[0]!.size).toBe(2);
  for (const one of keys) expect(one).toEqual(keys[0]);
  for (const key of keys[0]!.values()) expect(key).toHaveLength(32);
});

test('makes no key for whoever is only read about', async () => {
  expect((await open.keys.keysFor(['cus_never'], false)).size).toBe(0);
  expect(await open.db.collection<{ _id: string }>('keys').countDocuments({ _id: 'cus_never' })).toBe(0);
});

test('replaces a destroyed key by none, in every process that has not used it lately', async () => {
  const elsewhere = keyRing(open.db);
  await elsewhere.keysFor(['cus_z'], true);
  await open.keys.destroy('cus_z');
  expect((await elsewhere.keysFor(['cus_z'], false)).size).toBe(1);
  elsewhere.forget('cus_z');
  expect((await elsewhere.keysFor(['cus_z'], true)).size).toBe(0);
});
