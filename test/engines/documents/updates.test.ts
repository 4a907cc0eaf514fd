import { Decimal128, Double, Int32, Long, Timestamp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type Loose, type RunningStore, runStore, typed } from './running-store.ts';

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
    ['$rename over another field', { a: 1, b: 2, c: 3 }, { $rename: { a: 'b' } }, { b: 1, c: 3 }],
    ['$rename in the order of its target', { a: 1 }, { $rename: { a: 'z' }, $set: { b: 1 } }, { b: 1, z: 1 }],
    ['$rename of an array', { a: [1] }, { $rename: { a: 'b' } }, { b: [1] }],
    ['$push of nothing makes an array', {}, { $push: { a: { $each: [] } } }, { a: [] }],
    ['$push with $slice 0', { a: [1] }, { $push: { a: { $each: [2], $slice: 0 } } }, { a: [] }],
    [
      '$push with a negative $position',
      { a: [1, 3] },
      { $push: { a: { $each: [2], $position: -1 } } },
      { a: [1, 2, 3] },
    ],
    [
      '$push sorts arrays as a whole',
      { a: [{ n: [3, 1] }] },
      { $push: { a: { $each: [{ n: [2] }], $sort: { n: 1 } } } },
      { a: [{ n: [2] }, { n: [3, 1] }] },
    ],
    [
      '$push of a document with a modifier but no $each',
      { a: [] },
      { $push: { a: { $slice: 1 } } },
      { a: [{ $slice: 1 }] },
    ],
    ['$pull of arrays by their items', { a: [[1, 9], [1]] }, { $pull: { a: { $gt: 5 } } }, { a: [[1]] }],
    ['$pull of a whole array', { a: [[1, 2], 1] }, { $pull: { a: [1, 2] } }, { a: [1] }],
    ['$pull by a pattern', { a: ['x', 'ay'] }, { $pull: { a: /^a/ } }, { a: ['x'] }],
    ['$pull by $in', { a: [1, 2, 3] }, { $pull: { a: { $in: [1, 3] } } }, { a: [2] }],
    [
      '$pull by $or',
      { a: [{ x: 1 }, { y: 1 }, { z: 1 }] },
      { $pull: { a: { $or: [{ x: 1 }, { y: 1 }] } } },
      { a: [{ z: 1 }] },
    ],
    ['$pull of a missing field', { b: 1 }, { $pull: { 'a.c': 1 } }, { b: 1 }],
    ['$unset below a scalar', { a: 1 }, { $unset: { 'a.b': 1 } }, { a: 1 }],
    ['$unset by a name in an array', { a: [1] }, { $unset: { 'a.b': 1 } }, { a: [1] }],
    ['$mul keeps the type of a missing field', {}, { $mul: { a: 2.5 } }, { a: 0 }],
    ['$bit of a missing field', {}, { $bit: { a: { or: 5 } } }, { a: 5 }],
    ['$set of a nested dollar', {}, { $set: { 'a.$b': 1 } }, { a: { $b: 1 } }],
    ['$set of nothing', { a: 1 }, { $set: {} }, { a: 1 }],
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

  test.each<[string, object[], number]>([
    ['a stage on many documents', [{ $match: {} }], 72],
    ['a stage that is unknown', [{ $foo: 1 }], 40324],
    ['another _id', [{ $set: { _id: 2 } }], 66],
  ])('refuses a pipeline with %s', async (_title, pipeline, code) => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1 });
    expect(await failureOf(docs.updateOne({}, pipeline))).toMatchObject({ code });
  });

  test('of many that fails midway keeps what it did, and tells of none', async () => {
    const docs = store.fresh();
    await docs.insertMany([
      { _id: 1, a: 1 },
      { _id: 2, a: 'x' },
      { _id: 3, a: 1 },
    ] as Loose[]);
    const updates = [{ q: {}, u: { $inc: { a: 1 } }, multi: true }];
    const reply = await store.db.command({ update: docs.collectionName, updates });
    expect(reply).toMatchObject({ n: 0, nModified: 0, writeErrors: [{ index: 0, code: 14 }] });
    expect((await docs.find().toArray()).map(({ a }) => a)).toEqual([2, 'x', 1]);
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
    ['an empty name in a path', {}, { $set: { 'a..b': 1 } }, 56],
    ['a positional operator first', {}, { $set: { '$.a': 1 } }, 2],
    ['a placeholder first', {}, { $set: { '$[].a': 1 } }, 2],
    ['a field with a dollar', {}, { $set: { $a: 1 } }, 52],
    ['a field among operators', {}, { $set: { a: 1 }, b: 1 }, 9],
    ['an operator of no document', {}, { $set: 1 }, 9],
    ['names beside placeholders', { a: [1] }, { $set: { 'a.$[]': 1, 'a.0': 2 } }, 40],
    ['every item of a scalar', { a: 1 }, { $set: { 'a.$[]': 1 } }, 2],
    ['every item of nothing', {}, { $set: { 'a.$[]': 1 } }, 2],
    ['$rename to itself', { a: 1 }, { $rename: { a: 'a' } }, 2],
    ['$rename into itself', { a: 1 }, { $rename: { a: 'a.b' } }, 2],
    ['$rename to a number', { a: 1 }, { $rename: { a: 1 } }, 2],
    ['$rename from an item', { a: [{ b: 1 }] }, { $rename: { 'a.0.b': 'c' } }, 2],
    ['$rename of an item', { a: [1] }, { $rename: { 'a.0': 'c' } }, 2],
    ['$rename into an item', { a: [{ b: 1 }], c: 1 }, { $rename: { c: 'a.0.b' } }, 2],
    ['$rename to a new item', { a: [1], c: 1 }, { $rename: { c: 'a.1' } }, 2],
    ['$rename to a name in an array', { a: [1], c: 1 }, { $rename: { c: 'a.b' } }, 2],
    ['$rename from a name in an array', { a: [{ b: 1 }] }, { $rename: { 'a.b': 'c' } }, 28],
    ['$rename from below a scalar', { a: 1 }, { $rename: { 'a.b': 'c' } }, 28],
    ['$rename by position', { a: [1] }, { $rename: { 'a.$': 'c' } }, 2],
    ['$rename to a position', { a: 1 }, { $rename: { a: 'b.$[]' } }, 2],
    ['$rename of _id', {}, { $rename: { _id: 'a' } }, 66],
    ['$unset of _id', {}, { $unset: { _id: 1 } }, 66],
    ['a path through null', { a: null }, { $set: { 'a.b': 1 } }, 28],
    ['$pull below a scalar', { a: 1 }, { $pull: { 'a.b': 1 } }, 28],
    ['$pop below a scalar', { a: 1 }, { $pop: { 'a.b': 1 } }, 28],
    ['$pull of a scalar', { a: 1 }, { $pull: { a: 1 } }, 2],
    ['$pullAll of a number', { a: [1] }, { $pullAll: { a: 1 } }, 2],
    ['$pop by 2', { a: [1] }, { $pop: { a: 2 } }, 9],
    ['$pop by a text', { a: [1] }, { $pop: { a: 'x' } }, 9],
    ['$push with an unknown modifier', { a: [] }, { $push: { a: { $each: [], $foo: 1 } } }, 2],
    ['$push with $each of a number', { a: [] }, { $push: { a: { $each: 1 } } }, 2],
    ['$push with $slice by a fraction', { a: [] }, { $push: { a: { $each: [], $slice: 1.5 } } }, 2],
    ['$push with $sort by 2', { a: [] }, { $push: { a: { $each: [], $sort: 2 } } }, 2],
    ['$push with $sort by a text', { a: [] }, { $push: { a: { $each: [], $sort: { a: 'x' } } } }, 2],
    ['$push with $sort by nothing', { a: [] }, { $push: { a: { $each: [], $sort: {} } } }, 2],
    ['$addToSet with $each of a number', { a: [] }, { $addToSet: { a: { $each: 1 } } }, 14],
    ['$addToSet with more than $each', { a: [] }, { $addToSet: { a: { $each: [], $slice: 1 } } }, 2],
    ['$bit of a double', { a: 1.5 }, { $bit: { a: { or: 1 } } }, 2],
    ['$bit by a double', { a: 1 }, { $bit: { a: { or: 1.5 } } }, 2],
    ['$bit without an operation', { a: 1 }, { $bit: { a: {} } }, 2],
    ['$bit by an unknown operation', { a: 1 }, { $bit: { a: { not: 1 } } }, 2],
    ['$currentDate of a number', {}, { $currentDate: { a: 1 } }, 2],
    ['$currentDate of an unknown type', {}, { $currentDate: { a: { $type: 'year' } } }, 2],
    ['$currentDate with an option', {}, { $currentDate: { a: { $type: 'date', x: 1 } } }, 2],
    ['$inc below a scalar', { a: 'x' }, { $inc: { 'a.b': 1 } }, 28],
    ['an _id that cannot be one', {}, { $set: { _id: [1] } }, 66],
  ])('refuses %s', async (_title, before, update, code) => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, ...before });
    expect(await failureOf(docs.updateOne({ _id: 1 }, update))).toMatchObject({ code });
    expect(await docs.findOne({ _id: 1 }, { promoteLongs: false })).toEqual({ _id: 1, ...before });
  });

  test.each<[string, object, object[], number]>([
    ['that is not used', { $set: { a: 1 } }, [{ x: 1 }], 9],
    ['for an unknown identifier', { $set: { 'a.$[y]': 1 } }, [], 2],
    ['that is empty', { $set: { 'a.$[x]': 1 } }, [{}], 9],
    ['about two identifiers', { $set: { 'a.$[x]': 1, 'b.$[y]': 1 } }, [{ x: 1, y: 1 }], 9],
    ['with two identifiers in its branches', { $set: { 'a.$[x]': 1 } }, [{ $or: [{ x: 1 }, { y: 1 }] }], 9],
    ['with a capital identifier', { $set: { 'a.$[X]': 1 } }, [{ X: 1 }], 2],
    ['given twice', { $set: { 'a.$[x]': 1 } }, [{ x: 1 }, { x: 2 }], 9],
  ])('refuses an array filter %s, whether or not there are documents', async (_title, update, arrayFilters, code) => {
    expect(await failureOf(store.fresh().updateOne({}, update, { arrayFilters }))).toMatchObject({ code });
  });

  test('lets an array filter have branches about one identifier', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: [1, 2, 3] });
    await docs.updateOne({}, { $set: { 'a.$[x]': 0 } }, { arrayFilters: [{ $or: [{ x: 1 }, { x: 3 }] }] });
    expect(await docs.findOne({})).toEqual({ _id: 1, a: [0, 2, 0] });
  });

  test('refuses array filters that choose one item for two changes', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: [1, 2] });
    const update = { $set: { 'a.$[x]': 0, 'a.$[y]': 9 } };
    const arrayFilters = (y: number) => ({ arrayFilters: [{ x: 1 }, { y }] });
    expect(await failureOf(docs.updateOne({}, update, arrayFilters(1)))).toMatchObject({ code: 40 });
    await docs.updateOne({}, update, arrayFilters(2));
    expect(await docs.findOne({})).toEqual({ _id: 1, a: [0, 9] });
  });

  test('refuses array filters for anything but operators', async () => {
    const run = (u: unknown) =>
      store.db.command({ update: store.fresh().collectionName, updates: [{ q: {}, u, arrayFilters: [] }] });
    expect(await run({ a: 1 })).toMatchObject({ writeErrors: [{ code: 9 }] });
    expect(await run([{ $set: { a: 1 } }])).toMatchObject({ writeErrors: [{ code: 9 }] });
  });

  test('reports the first thing that is wrong', async () => {
    const docs = store.fresh();
    const codeOf = async (update: object) => (await failureOf(docs.updateOne({}, update))).code;
    expect(await codeOf({ $inc: { '': 1 }, $set: { a: 1, 'a.b': 1 } })).toBe(56);
    expect(await codeOf({ $set: { a: 1, 'a.b': 1 }, $inc: { '': 1 } })).toBe(40);
    expect(await codeOf({ $set: { '': 1 }, $nope: { a: 1 } })).toBe(56);
  });

  test('says which _id it would have had, and which array filter has no use', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: [1] });
    expect(await failureOf(docs.replaceOne({ a: 1 }, { _id: 2 } as never))).toMatchObject({
      message: expect.stringContaining("the (immutable) field '_id' was found to have been altered to _id: 2"),
    });
    const unused = docs.updateOne({}, { $set: { a: 5 } }, { arrayFilters: [{ x: 1 }] });
    expect(await failureOf(unused)).toMatchObject({
      message: "The array filter for identifier 'x' was not used in the update { $set: { a: 5 } }",
    });
  });

  test('may replace an _id by an equal one of another type', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: 1 });
    await docs.replaceOne({ _id: 1 }, { _id: new Double(1), b: 1 } as never);
    expect(typed(await docs.findOne({}, { promoteValues: false }))).toBe(
      typed({ _id: new Double(1), b: new Int32(1) }),
    );
    expect(await docs.countDocuments({ _id: 1 })).toBe(1);
  });

  test('fills in empty timestamps at the top of what is inserted or replaced', async () => {
    const docs = store.fresh();
    const empty = new Timestamp({ t: 0, i: 0 });
    await docs.insertOne({ _id: 1, at: empty, in: { at: empty } });
    const [found] = await docs.find({}).toArray();
    expect(found!.at.getHighBits()).toBeGreaterThan(1_600_000_000);
    expect(found!.in.at).toEqual(empty);
    await docs.replaceOne({ _id: 1 }, { at: empty });
    expect((await docs.findOne({}))!.at.getHighBits()).toBeGreaterThan(1_600_000_000);
    await docs.updateOne({ _id: 1 }, { $set: { at: empty } });
    expect((await docs.findOne({}))!.at).toEqual(empty);
  });

  test('refuses documents that are too large or too deep', async () => {
    const docs = store.fresh();
    const half = 'x'.repeat(9_000_000);
    await docs.insertOne({ _id: 1, a: half });
    expect(await failureOf(docs.updateOne({ _id: 1 }, { $set: { b: half } }))).toMatchObject({ code: 17419 });
    expect(
      await failureOf(docs.updateOne({ _id: 2 }, [{ $set: { a: half } }, { $set: { b: '$a' } }], { upsert: true })),
    ).toMatchObject({ code: 17420 });
    const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });
    await docs.insertOne({ _id: 3, ...deep(179) });
    expect(await failureOf(docs.insertOne({ _id: 4, ...deep(180) }))).toMatchObject({ code: 15 });
    expect(await docs.countDocuments()).toBe(2);
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
    ['an $or of one branch', { $or: [{ a: 1, $and: [{ b: 2 }] }] }, { $set: { c: 3 } }, { a: 1, b: 2, c: 3 }],
    ['nothing of an $or of two', { $or: [{ a: 1 }, { b: 2 }] }, { $set: { c: 3 } }, { c: 3 }],
    [
      'nothing of patterns and ranges',
      { a: /x/, b: { $gt: 1 }, c: { $in: [1, 2] }, d: { $ne: 1 } },
      { $set: { e: 1 } },
      { e: 1 },
    ],
    ['a single $all', { a: { $all: [1] } }, { $set: { b: 1 } }, { a: 1, b: 1 }],
    ['null', { a: null }, { $set: { b: 1 } }, { a: null, b: 1 }],
    ['numbers in a path as names', { 'a.0': 1 }, { $set: { b: 1 } }, { a: { 0: 1 }, b: 1 }],
    [
      'fields in the order of their paths',
      { z: 1, 'y.b': 1, 'y.a': 2 },
      { $set: { b: 1 } },
      { y: { a: 2, b: 1 }, z: 1, b: 1 },
    ],
  ])('inserts %s', async (_title, filter, update, after) => {
    const docs = store.fresh();
    const result = await docs.updateOne({ _id: 9, ...filter }, update, { upsert: true });
    expect(result).toMatchObject({ upsertedCount: 1, upsertedId: 9, matchedCount: 0 });
    expect(JSON.stringify(await docs.findOne({}))).toBe(JSON.stringify({ _id: 9, ...after }));
  });

  test('builds an _id from its parts, but not for a replacement', async () => {
    const docs = store.fresh();
    await docs.updateOne({ '_id.a': 1, '_id.b': 2 } as never, { $set: { c: 3 } }, { upsert: true });
    expect(await docs.findOne({})).toEqual({ _id: { a: 1, b: 2 }, c: 3 });
    const replacement = docs.replaceOne({ '_id.a': 5 } as never, { c: 1 }, { upsert: true });
    expect(await failureOf(replacement)).toMatchObject({ code: 111 });
  });

  test.each<[string, object, object, number]>([
    ['a field fixed twice', { a: { $all: [1, 2] } }, { $set: { b: 1 } }, 54],
    ['a field fixed within another', { a: { b: 1 }, 'a.b': 1 }, { $set: { c: 1 } }, 54],
    ['a path through a fixed scalar', { a: 1 }, { $set: { 'a.b': 1 } }, 28],
    ['another _id', { _id: 1 }, { $set: { _id: 2 } }, 66],
    ['another _id in a replacement', { _id: 1 }, { _id: 2 }, 66],
    ['an _id that is a list', {}, { $setOnInsert: { _id: [1] } }, 53],
    ['a position', { a: 1 }, { $set: { 'b.$': 1 } }, 2],
  ])('refuses %s', async (_title, q, u, code) => {
    const reply = await store.db.command({ update: store.fresh().collectionName, updates: [{ q, u, upsert: true }] });
    expect(reply).toMatchObject({ n: 0, writeErrors: [{ code }] });
  });

  test('inserts a replacement with a dollar as it is, where an update refuses it', async () => {
    const name = store.fresh().collectionName;
    const update = { update: name, updates: [{ q: { _id: 1 }, u: { a: 1, $b: 2 }, upsert: true }] };
    expect(await store.db.command(update)).toMatchObject({ n: 1, upserted: [{ _id: 1 }] });
    expect(await store.db.command(update)).toMatchObject({ n: 0, writeErrors: [{ code: 52 }] });
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
