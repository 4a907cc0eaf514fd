import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

describe('what would be answered wrongly is refused', () => {
  test.each([
    ['backwards', { $natural: -1 }, 238],
    ['beside another field', { $natural: 1, a: 1 }, 2],
  ] as const)('a sort by $natural %s', async (_, sort, code) => {
    expect(await failureOf(store.fresh().find({}, { sort }).toArray())).toMatchObject({ code });
  });

  test('a sort by $natural forwards is the order of a scan', async () => {
    const docs = store.fresh();
    await docs.insertMany([{ _id: 1 }, { _id: 2 }]);
    expect(await docs.find().sort({ $natural: 1 }).toArray()).toEqual([{ _id: 1 }, { _id: 2 }]);
  });

  test('two positional operators in one path', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, v: [{ b: [1, 2] }] });
    const update = docs.updateOne({ _id: 1, 'v.b': 2 }, { $set: { 'v.$.b.$': 99 } });
    expect(await failureOf(update)).toMatchObject({ code: 2 });
  });

  test('an _id with a field that begins with a dollar, unless it is a reference', async () => {
    const docs = store.fresh();
    expect(await failureOf(docs.insertOne({ _id: { $a: 1 } as never }))).toMatchObject({ code: 52 });
    await docs.insertOne({ _id: { $ref: 'other', $id: 1 } as never });
    expect(await docs.countDocuments()).toBe(1);
  });
});
