import { firstValueFrom, take, timeout, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sort } from '../../projections/filters/listing.ts';
import { headSignal } from '../../projections/head-signal.ts';
import { activities, missedCalls } from '../../projections/index.ts';
import type { MissedCalls } from '../../projections/missed-calls.ts';
import { type ReadModel, readModel } from '../../projections/reader.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';
import { happened } from './events.ts';
import { append, running } from './running.ts';

let servers: Stores;
let stores: Awaited<ReturnType<typeof openStores>>;
let projections: ReturnType<typeof running>;
let model: ReadModel<MissedCalls>;

const { signal } = new AbortController();
const newest: Sort = { path: 'doc.lastAt', direction: -1 };
const missed = (customerId: string, minute: number) =>
  happened.missed(minute, { customerId, callId: `c_${customerId}_${minute}` });

const reach = async (position: bigint) =>
  expect(await model.waitFor(position, { timeoutMs: 15_000, signal })).toBe(true);

beforeAll(async () => {
  servers = await startStores();
  stores = await openStores(servers);
  projections = running({ ...stores, readModels: [missedCalls, activities] });
  model = readModel(stores.db, missedCalls);
  const customers = Array.from({ length: 25 }, (_, i) =>
    missed(`cus_${String(i).padStart(2, '0')}`, Math.floor(i / 2)),
  );
  await append(stores.log, customers);
  await reach(await append(stores.log, [missed('cus_theirs', 1)], 'other'));
});
afterAll(async () => {
  await projections?.stop();
  await stores?.close();
  await servers?.stop();
});

const customers = (found: readonly { doc: { customer: { customerId: string } } }[]) =>
  found.map(({ doc }) => doc.customer.customerId);

describe('a page', () => {
  test('goes on right behind the last row, although rows with the same value follow and new ones arrive', async () => {
    const pages: string[] = [];
    for (let after = null as { value: unknown; id: string } | null, round = 0; round < 10; round++) {
      const page = await model.find('demo', {}, { sort: newest, limit: 3, after });
      pages.push(...customers(page));
      const last = page.at(-1);
      if (!last) break;
      after = { value: last.doc.lastAt, id: last._id };
      if (round === 2) await reach(await append(stores.log, [missed('cus_arrived', 50)]));
    }
    const all = Array.from({ length: 25 }, (_, i) => `cus_${String(i).padStart(2, '0')}`);
    expect(pages.toSorted()).toEqual(all);
    expect(pages).toHaveLength(25);
  });

  test('holds what matches, of this store alone', async () => {
    const filter = { 'doc.customer.customerId': { $in: ['cus_03', 'cus_theirs'] } };
    expect(customers(await model.find('demo', filter, { sort: newest, limit: 9 }))).toEqual(['cus_03']);
    expect(await model.count('other', {})).toBe(1);
    expect(await model.get('demo', 'ch1.cus_theirs')).toBeNull();
    expect(customers(await model.matching('demo', ['ch1.cus_03', 'ch1.cus_theirs', 'nothing'], {}))).toEqual([
      'cus_03',
    ]);
  });

  test('can be a stream of the whole list', async () => {
    const all: string[] = [];
    for await (const one of model.stream('other', {}, newest)) all.push(one._id);
    expect(all).toEqual(['ch1.cus_theirs']);
  });

  test('can be counted by fields', async () => {
    expect(await model.groups('other', {}, ['state', 'channelId'])).toEqual([
      { _id: { state: 'pending', channelId: 'ch1' }, count: 1 },
    ]);
  });
});

describe('changes', () => {
  test('are told in the order of the log, removed documents included', async () => {
    const before = (await model.checkpoint())!.at;
    const first = await append(stores.log, [missed('cus_x', 60)]);
    const second = await append(stores.log, [missed('cus_y', 61)], 'other');
    const third = await append(stores.log, [happened.dismissed(62, { customerId: 'cus_x' })]);
    await reach(third);
    expect(await model.changes(before, third, 10)).toEqual([
      { _id: 'ch1.cus_y', at: second, store: 'other' },
      { _id: 'ch1.cus_x', at: third, store: 'demo' },
    ]);
    expect(await model.changed('demo', before, third, 10)).toEqual([{ _id: 'ch1.cus_x', at: third, store: 'demo' }]);
    expect(await model.changes(first, second, 10)).toHaveLength(1);
    expect(await model.matching('demo', ['ch1.cus_x'], {})).toEqual([]);
    expect(await model.get('demo', 'ch1.cus_x')).toBeNull();
  });

  test('come no more than asked for', async () => {
    expect(await model.changes(0n, 10n ** 15n, 4)).toHaveLength(4);
  });
});

describe('waiting for a position', () => {
  test('is over at once when it has been reached', async () => {
    const { at } = (await model.checkpoint())!;
    expect(await model.waitFor(at, { timeoutMs: 0, signal })).toBe(true);
  });

  test('gives up after its time, or when nobody wants to know any more', async () => {
    expect(await model.waitFor(10n ** 15n, { timeoutMs: 50, signal })).toBe(false);
    expect(await model.waitFor(10n ** 15n, { timeoutMs: 60_000, signal: AbortSignal.timeout(50) })).toBe(false);
  });
});

test('the signal fires when a read model moves', async () => {
  let fired = 0;
  const listening = headSignal(stores.db, 60_000).subscribe(() => fired++);
  for (let minute = 70; fired === 0; minute++) await reach(await append(stores.log, [missed('cus_z', minute)]));
  listening.unsubscribe();
  expect(fired).toBeGreaterThan(0);
});

test('without change streams the signal still fires', async () => {
  const ticks = headSignal(stores.db, 20).pipe(take(3), toArray(), timeout(5_000));
  expect(await firstValueFrom(ticks)).toHaveLength(3);
});
