import { Decimal128, Double, Int32, Long } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

const max = Long.fromString('9223372036854775807');

describe('an update', () => {
  test.each<[string, object, object, object]>([
    ['$set a new field at the end', { a: 1 }, { $set: { b: 2 } }, { a: 1, b: 2 }],
    ['$set a nested field', {}, { $set: { 'a.b.c': 1 } }, { a: { b: { c: 1 } } }],
    ['$set an item by index', { a: [1, 2] }, { $set: { 'a.1': 9 } }, { a: [1, 9] }],
    ['$set beyond the end of an array', { a: [1] }, { $set: { 'a.3': 9 } }, { a: [1, null, null, 9] }],
    [
      '$set several, sorted by path',
      {},
      { $set: { c: 1, b: 2, 'a.10': 1, 'a.9': 1 } },
      { a: { 9: 1, 10: 1 }, b: 2, c: 1 },
    ],
    ['$unset', { a: 1, b: 2 }, { $unset: { a: '' } }, { b: 2 }],
    ['$unset an item leaves null', { a: [1, 2] }, { $unset: { 'a.0': 1 } }, { a: [null, 2] }],
    ['$unset what is missing', { a: 1 }, { $unset: { 'b.c': 1 } }, { a: 1 }],
    ['$inc', { a: 1 }, { $inc: { a: 2, b: 3 } }, { a: 3, b: 3 }],
    ['$mul a missing field', {}, { $mul: { a: 5 } }, { a: 0 }],
    ['$min', { a: 5, b: 5 }, { $min: { a: 3, b: 7 } }, { a: 3, b: 5 }],
    ['$max by type order', { a: 5 }, { $max: { a: 'x' } }, { a: 'x' }],
    ['$rename', { a: 1, b: 2 }, { $rename: { a: 'c.d' } }, { b: 2, c: { d: 1 } }],
    ['$rename of nothing', { b: 2 }, { $rename: { a: 'c' } }, { b: 2 }],
    ['$push', { a: [1] }, { $push: { a: 2, b: 1 } }, { a: [1, 2], b: [1] }],
    [
      '$push $each with $position',
      { a: [1, 4] },
      { $push: { a: { $each: [2, 3], $position: 1 } } },
      { a: [1, 2, 3, 4] },
    ],
    [
      '$push with $sort and $slice',
      { a: [3, 1] },
      { $push: { a: { $each: [2], $sort: -1, $slice: 2 } } },
      { a: [3, 2] },
    ],
    [
      '$push with $sort by a field',
      { a: [{ n: 2 }] },
      { $push: { a: { $each: [{ n: 1 }], $sort: { n: 1 } } } },
      { a: [{ n: 1 }, { n: 2 }] },
    ],
    ['$push with a negative $slice', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: -2 } } }, { a: [2, 3] }],
    ['$addToSet', { a: [1] }, { $addToSet: { a: { $each: [1, 2, 2] } } }, { a: [1, 2] }],
    [
      '$addToSet regards field order',
      { a: [{ x: 1, y: 2 }] },
      { $addToSet: { a: { y: 2, x: 1 } } },
      {
        a: [
          { x: 1, y: 2 },
          { y: 2, x: 1 },
        ],
      },
    ],
    ['$pop', { a: [1, 2, 3], b: [1, 2] }, { $pop: { a: 1, b: -1 } }, { a: [1, 2], b: [2] }],
    ['$pull a value', { a: [1, 2, 1] }, { $pull: { a: 1 } }, { a: [2] }],
    ['$pull by operator', { a: [1, 5, 9] }, { $pull: { a: { $gt: 4 } } }, { a: [1] }],
    ['$pull documents', { a: [{ x: 1, y: 1 }, { x: 2 }] }, { $pull: { a: { x: 1 } } }, { a: [{ x: 2 }] }],
    ['$pullAll', { a: [1, 2, 3] }, { $pullAll: { a: [1, 3] } }, { a: [2] }],
    ['$bit', { a: 5 }, { $bit: { a: { and: 4, or: 2 } } }, { a: 6 }],
    ['every item', { a: [1, 2] }, { $inc: { 'a.$[]': 10 } }, { a: [11, 12] }],
    ['a replacement', { a: 1 }, { b: 2 }, { b: 2 }],
    ['$setOnInsert without an insert', { a: 1 }, { $setOnInsert: { b: 1 } }, { a: 1 }],
  ])('does %s', async (_title, before, update, after) => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, ...before });
    const isReplacement = !Object.keys(update)[0]!.startsWith('$');
    await (isReplacement ? docs.replaceOne({ _id: 1 }, update) : docs.updateOne({ _id: 1 }, update));
    const found = await docs.findOne({ _id: 1 });
    expect(JSON.stringify(found)).toBe(JSON.stringify({ _id: 1, ...after }));
  });

  test.each<[string, unknown, unknown, unknown]>([
    ['int + int', new Int32(2147483647), new Int32(1), Long.fromString('2147483648')],
    ['long + int', Long.fromString('9007199254740993'), new Int32(1), Long.fromString('9007199254740994')],
    ['double + int', new Double(1), new Int32(1), new Double(2)],
    ['decimal + double', Decimal128.fromString('0.1'), new Double(0.2), Decimal128.fromString('0.300000000000000')],
  ])('keeps the types of %s', async (_title, start, by, result) => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: start });
    await docs.updateOne({ _id: 1 }, { $inc: { a: by } } as never);
    const found = await docs.findOne({ _id: 1 }, { promoteValues: false });
    expect(found).toMatchObject({ a: result });
  });

  test('changes the item the filter matched', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: [{ k: 1 }, { k: 2, v: 0 }] });
    await docs.updateOne({ _id: 1, 'a.k': 2 }, { $set: { 'a.$.v': 5 } });
    await docs.updateOne({ _id: 1, a: { $elemMatch: { k: 1 } } }, { $set: { 'a.$.w': 6 } });
    expect(await docs.findOne({})).toEqual({
      _id: 1,
      a: [
        { k: 1, w: 6 },
        { k: 2, v: 5 },
      ],
    });
  });

  test('changes the items its array filters choose', async () => {
    const docs = store.fresh();
    await docs.insertOne({
      _id: 1,
      a: [
        { k: 1, l: [1, 9] },
        { k: 2, l: [9] },
      ],
    });
    await docs.updateOne({}, { $set: { 'a.$[x].l.$[y]': 0 } }, { arrayFilters: [{ 'x.k': 1 }, { y: { $gt: 5 } }] });
    expect(await docs.findOne({})).toEqual({
      _id: 1,
      a: [
        { k: 1, l: [1, 0] },
        { k: 2, l: [9] },
      ],
    });
  });

  test('runs a pipeline', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: 2, b: 3 });
    await docs.updateOne({}, [{ $set: { c: { $multiply: ['$a', '$b'] } } }, { $unset: 'a' }]);
    expect(await docs.findOne({})).toEqual({ _id: 1, b: 3, c: 6 });
  });

  test('that changes nothing is matched but not modified', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: 1, t: [1], u: [1] });
    const result = await docs.updateOne({ _id: 1 }, { $set: { a: 1 }, $addToSet: { t: 1 }, $pull: { u: 7 } } as never);
    expect(result).toMatchObject({ matchedCount: 1, modifiedCount: 0 });
  });

  test.each<[string, object, object, number]>([
    ['$inc of a string', { a: 'x' }, { $inc: { a: 1 } }, 14],
    ['$inc by a string', { a: 1 }, { $inc: { a: 'x' } }, 14],
    ['$inc beyond 64 bits', { a: max }, { $inc: { a: 1 } }, 2],
    ['$push to a scalar', { a: 1 }, { $push: { a: 1 } }, 2],
    ['$addToSet to a scalar', { a: 1 }, { $addToSet: { a: 1 } }, 2],
    ['$pop of a scalar', { a: 1 }, { $pop: { a: 1 } }, 14],
    ['a path through a scalar', { a: 1 }, { $set: { 'a.b': 1 } }, 28],
    ['a name in an array', { a: [1] }, { $set: { 'a.b': 1 } }, 28],
    ['a conflict', {}, { $set: { a: 1, 'a.b': 1 } }, 40],
    ['a conflict between operators', {}, { $set: { a: 1 }, $inc: { a: 1 } }, 40],
    ['another _id', {}, { $set: { _id: 2 } }, 66],
    ['a positional operator without a match', { a: [1] }, { $set: { 'a.$': 1 } }, 2],
    ['an unknown operator', {}, { $foo: { a: 1 } }, 9],
    ['an unknown identifier', { a: [1] }, { $set: { 'a.$[x]': 1 } }, 2],
    ['an empty path', {}, { $set: { '': 1 } }, 56],
  ])('refuses %s', async (_title, before, update, code) => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, ...before });
    expect(await failureOf(docs.updateOne({ _id: 1 }, update))).toMatchObject({ code });
    expect(await docs.findOne({ _id: 1 }, { promoteLongs: false })).toEqual({ _id: 1, ...before });
  });

  test('refuses an array filter that it does not use', async () => {
    const work = store.fresh().updateOne({}, { $set: { a: 1 } }, { arrayFilters: [{ x: 1 }] });
    expect(await failureOf(work)).toMatchObject({ code: 9 });
  });
});

describe('an upsert', () => {
  test.each<[string, object, object, object]>([
    [
      'the fields the filter fixes',
      { a: 1, 'b.c': 2, $and: [{ d: { $eq: 3 } }], e: { $gt: 1 } },
      { $set: { f: 4 } },
      { a: 1, b: { c: 2 }, d: 3, f: 4 },
    ],
    ['a single $in', { a: { $in: [7] } }, { $setOnInsert: { b: 1 } }, { a: 7, b: 1 }],
    ['what $inc starts from', { a: 1 }, { $inc: { a: 4 } }, { a: 5 }],
  ])('inserts %s', async (_title, filter, update, after) => {
    const docs = store.fresh();
    const result = await docs.updateOne({ _id: 9, ...filter }, update, { upsert: true });
    expect(result).toMatchObject({ upsertedCount: 1, upsertedId: 9, matchedCount: 0 });
    expect(await docs.findOne({})).toEqual({ _id: 9, ...after });
  });

  test('replaces with the _id of the filter in front', async () => {
    const docs = store.fresh();
    await docs.replaceOne({ _id: 'k', x: 1 }, { y: 2 }, { upsert: true });
    expect(JSON.stringify(await docs.findOne({}))).toBe('{"_id":"k","y":2}');
  });

  test('happens once however many ask at once', async () => {
    const docs = store.fresh();
    const ask = () => docs.updateOne({ key: 'same' }, { $inc: { n: 1 } }, { upsert: true });
    await Promise.all(Array.from({ length: 40 }, ask));
    expect(await docs.find({}).toArray()).toMatchObject([{ key: 'same', n: 40 }]);
  });
});

describe('findAndModify', () => {
  test('returns the document before, after or removed, projected', async () => {
    const docs = store.fresh();
    await docs.insertMany([
      { _id: 1, a: 3, b: 1 },
      { _id: 2, a: 1, b: 1 },
    ] as never);
    const before = await docs.findOneAndUpdate({ b: 1 }, { $set: { b: 2 } }, { sort: { a: 1 } });
    expect(before).toEqual({ _id: 2, a: 1, b: 1 });
    const after = await docs.findOneAndReplace({ _id: 2 }, { c: 1 }, { returnDocument: 'after' });
    expect(after).toEqual({ _id: 2, c: 1 });
    const removed = await docs.findOneAndDelete({ _id: 1 }, { projection: { a: 1, _id: 0 } });
    expect(removed).toEqual({ a: 3 });
    expect(await docs.findOneAndUpdate({ _id: 99 }, { $set: { a: 1 } })).toBeNull();
  });

  test('tells an upsert from an update', async () => {
    const docs = store.fresh();
    const ask = () =>
      docs.findOneAndUpdate(
        { _id: 5 },
        { $inc: { n: 1 } },
        { upsert: true, returnDocument: 'after', includeResultMetadata: true },
      );
    expect(await ask()).toMatchObject({
      value: { _id: 5, n: 1 },
      lastErrorObject: { n: 1, updatedExisting: false, upserted: 5 },
    });
    expect(await ask()).toMatchObject({ value: { _id: 5, n: 2 }, lastErrorObject: { n: 1, updatedExisting: true } });
  });

  test('gives each waiting document to one taker', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 30 }, (_, i) => ({ _id: i, state: 'waiting', rank: i % 5 })) as never);
    const take = () => docs.findOneAndUpdate({ state: 'waiting' }, { $set: { state: 'taken' } }, { sort: { rank: 1 } });
    const taken = await Promise.all(Array.from({ length: 40 }, take));
    expect(new Set(taken.flatMap((doc) => (doc ? [doc._id] : []))).size).toBe(30);
  });
});
