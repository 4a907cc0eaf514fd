import { serialize } from 'bson';
import fc from 'fast-check';
import type { Collection, Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesOf, documentAt, type Value } from '../../../engines/documents/bson/value.ts';
import { type Item, listRun, SortedRuns } from '../../../engines/documents/query/sorted-runs.ts';
import { Spool } from '../../../engines/documents/query/spool.ts';
import { failureOf, type Loose, type RunningStore, runStore } from './running-store.ts';

describe('a sort of more than the memory holds', () => {
  const count = 110;
  let store: RunningStore;
  let docs: Collection<Loose>;
  beforeAll(async () => {
    store = await runStore();
    docs = store.fresh();
    const text = 'x'.repeat(1 << 20);
    for (let at = 0; at < count; at += 10) {
      await docs.insertMany(Array.from({ length: 10 }, (_, i) => ({ _id: at + i, n: ((at + i) * 37) % count, text })));
    }
  });
  afterAll(() => store.stop());

  const inOrder = Array.from({ length: count }, (_, n) => n);
  const onlyN = { projection: { _id: 0, n: 1 } };
  const numbers = (found: readonly Document[]) => found.map(({ n }) => n);

  test('goes to the disk', async () => {
    expect(numbers(await docs.find({}, onlyN).sort({ n: 1 }).toArray())).toEqual(inOrder);
    const pipeline = [{ $sort: { n: -1 } }, { $match: { n: { $gte: 0 } } }, { $project: onlyN.projection }];
    expect(numbers(await docs.aggregate(pipeline).toArray())).toEqual(inOrder.toReversed());
  });

  test('fails where the disk may not be used', async () => {
    const sorted = docs.find({}, onlyN).sort({ n: 1 });
    expect(await failureOf(sorted.clone().allowDiskUse(false).toArray())).toMatchObject({
      code: 292,
      codeName: 'QueryExceededMemoryLimitNoDiskUseAllowed',
    });
    expect(numbers(await sorted.limit(3).allowDiskUse(false).toArray())).toEqual([0, 1, 2]);
  });
});

test('a sort gives the same order from memory and from the disk', () => {
  const itemOf = (bytes: number[], at: number): Item<Value> => {
    const doc = Buffer.from(serialize({ at, text: 'x'.repeat((at * 7919) % 200_000) }));
    return { key: Buffer.from(bytes), value: documentAt(doc) };
  };
  const keys = fc.array(fc.array(fc.nat({ max: 3 }), { maxLength: 3 }), { maxLength: 60 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 20 }), (given, runLength) => {
      const spool = new Spool({ toBytes: bytesOf, fromBytes: documentAt });
      let kept = 0;
      const runs = new SortedRuns<Value>(undefined, (items) => {
        kept += 1;
        return kept % 3 === 0 ? listRun(items) : spool.write(items);
      });
      const items = given.map(itemOf);
      items.forEach(({ key, value }, i) => {
        runs.add(key, value);
        if (i % runLength === 0) runs.flush();
      });
      runs.finish();
      const expected = items.toSorted((a, b) => a.key.compare(b.key));
      for (const { key, value } of expected) {
        const next = runs.next()!;
        expect(next.key.equals(key)).toBe(true);
        expect(next.value.buf.compare(value.buf, 0, value.end, next.value.start, next.value.end)).toBe(0);
      }
      expect(runs.next()).toBeUndefined();
    }),
    { numRuns: 100, seed: 1 },
  );
});
