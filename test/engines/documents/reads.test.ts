import type { Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

describe('find', () => {
  test.each<[string, object, object, object]>([
    ['chosen fields, _id first', { a: 1 }, { b: 1, a: 2 }, { _id: 1, a: 2 }],
    ['without _id', { a: 1, _id: 0 }, { a: 2 }, { a: 2 }],
    ['without a field', { a: 0 }, { a: 2, b: 1 }, { _id: 1, b: 1 }],
    ['nested fields through arrays', { 'a.x': 1 }, { a: [{ x: 1, y: 2 }, 5, { y: 1 }] }, { _id: 1, a: [{ x: 1 }, {}] }],
    ['without a nested field', { 'a.x': 0 }, { a: [{ x: 1, y: 2 }, 5] }, { _id: 1, a: [{ y: 2 }, 5] }],
    ['a slice of an array', { a: { $slice: 2 } }, { a: [1, 2, 3], b: 1 }, { _id: 1, a: [1, 2], b: 1 }],
    ['a slice from the end', { a: { $slice: [-2, 1] } }, { a: [1, 2, 3] }, { _id: 1, a: [2] }],
    [
      'the first item that matches',
      { a: { $elemMatch: { x: 2 } } },
      { a: [{ x: 1 }, { x: 2, y: 1 }] },
      { _id: 1, a: [{ x: 2, y: 1 }] },
    ],
    ['a computed field', { a: 1, s: { $add: ['$a', '$b'] } }, { a: 1, b: 2 }, { _id: 1, a: 1, s: 3 }],
    ['only _id', { _id: 1 }, { a: 1 }, { _id: 1 }],
  ])('shows %s', async (_title, projection, doc, shown) => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, ...doc });
    expect(JSON.stringify(await docs.findOne({}, { projection }))).toBe(JSON.stringify(shown));
  });

  test('shows the item the filter matched', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: [5, 8, 9] });
    expect(await docs.findOne({ a: { $gt: 6 } }, { projection: { 'a.$': 1 } })).toEqual({ _id: 1, a: [8] });
  });

  test('gives batches of the size asked for, and everything in the end', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 1000 }, (_, i) => ({ _id: i })));
    const batches: number[] = [];
    const cursor = docs.find({}, { batchSize: 300 });
    while (await cursor.hasNext()) batches.push(cursor.readBufferedDocuments().length);
    expect(batches).toEqual([300, 300, 300, 100]);
    expect(await docs.find({}, { batchSize: 0 } as never).toArray()).toHaveLength(1000);
  });

  test('keeps a batch below 16 MB', async () => {
    const docs = store.fresh();
    const pad = 'x'.repeat(1_000_000);
    for (let i = 0; i < 40; i += 10) {
      await docs.insertMany(Array.from({ length: 10 }, (_, k) => ({ _id: i + k, pad })));
    }
    expect(await docs.find({}, { batchSize: 40 }).toArray()).toHaveLength(40);
  });

  test('skips, limits and sorts, with an array by its smallest or largest item', async () => {
    const docs = store.fresh();
    await docs.insertMany([
      { _id: 1, a: [5, 1] },
      { _id: 2, a: 3 },
      { _id: 3, a: [] },
      { _id: 4 },
      { _id: 5, a: [2, 4] },
    ]);
    const ids = async (direction: 1 | -1) => (await docs.find().sort({ a: direction }).toArray()).map(({ _id }) => _id);
    expect(await ids(1)).toEqual([3, 4, 1, 5, 2]);
    expect(await ids(-1)).toEqual([1, 5, 2, 4, 3]);
    expect(await docs.find().sort({ _id: -1 }).skip(1).limit(2).toArray()).toMatchObject([{ _id: 4 }, { _id: 3 }]);
    expect(await docs.find({}, { limit: -2 } as never).toArray()).toHaveLength(2);
  });

  test('refuses what it cannot do, with a code', async () => {
    const docs = store.fresh();
    await docs.insertOne({ a: 1 });
    expect(await failureOf(docs.find({}, { collation: { locale: 'de' } }).toArray())).toMatchObject({ code: 238 });
    expect(await failureOf(docs.find({}).hint('nope').toArray())).toMatchObject({ code: 2 });
    expect(await failureOf(docs.find({ a: 1 }, { projection: { a: 1, b: 0 } }).toArray())).toMatchObject({
      code: 31254,
    });
    expect(await failureOf(store.db.command({ find: 5 }))).toMatchObject({ code: 73 });
    expect(await failureOf(store.db.command({ getMore: 5n, collection: 'x' }))).toMatchObject({ code: 43 });
  });
});

describe('an aggregation', () => {
  const orders = [
    { _id: 1, who: 'a', sum: 5, tags: ['x', 'y'] },
    { _id: 2, who: 'b', sum: 7, tags: [] },
    { _id: 3, who: 'a', sum: 2.5, tags: ['x'] },
    { _id: 4, who: 'c' },
  ];

  test.each<[string, Document[], unknown]>([
    [
      '$match, $sort, $skip and $limit',
      [{ $match: { sum: { $gt: 1 } } }, { $sort: { sum: -1 } }, { $skip: 1 }, { $limit: 1 }, { $project: { sum: 1 } }],
      [{ _id: 1, sum: 5 }],
    ],
    [
      '$limit before $match',
      [{ $limit: 2 }, { $match: { who: 'a' } }, { $project: { who: 1 } }],
      [{ _id: 1, who: 'a' }],
    ],
    [
      '$limit before $sort',
      [{ $limit: 2 }, { $sort: { _id: -1 } }, { $project: { _id: 1 } }],
      [{ _id: 2 }, { _id: 1 }],
    ],
    ['$skip after $limit', [{ $limit: 3 }, { $skip: 2 }, { $project: { _id: 1 } }], [{ _id: 3 }]],
    ['two limits', [{ $limit: 3 }, { $limit: 1 }, { $project: { _id: 1 } }], [{ _id: 1 }]],
    [
      '$group',
      [
        { $group: { _id: '$who', n: { $sum: 1 }, sum: { $sum: '$sum' }, avg: { $avg: '$sum' } } },
        { $sort: { _id: 1 } },
      ],
      [
        { _id: 'a', n: 2, sum: 7.5, avg: 3.75 },
        { _id: 'b', n: 1, sum: 7, avg: 7 },
        { _id: 'c', n: 1, sum: 0, avg: null },
      ],
    ],
    [
      '$group of everything',
      [{ $group: { _id: null, all: { $push: '$sum' }, most: { $max: '$sum' }, first: { $first: '$who' } } }],
      [{ _id: null, all: [5, 7, 2.5], most: 7, first: 'a' }],
    ],
    [
      '$unwind',
      [{ $unwind: '$tags' }, { $project: { tags: 1 } }],
      [
        { _id: 1, tags: 'x' },
        { _id: 1, tags: 'y' },
        { _id: 3, tags: 'x' },
      ],
    ],
    [
      '$unwind that keeps the empty',
      [
        { $unwind: { path: '$tags', preserveNullAndEmptyArrays: true, includeArrayIndex: 'i' } },
        { $match: { i: null } },
        { $project: { _id: 1, tags: 1 } },
      ],
      [{ _id: 2 }, { _id: 4 }],
    ],
    ['$count', [{ $match: { who: 'a' } }, { $count: 'n' }], [{ n: 2 }]],
    ['$count of nothing', [{ $match: { who: 'z' } }, { $count: 'n' }], []],
    [
      '$facet',
      [{ $facet: { n: [{ $count: 'n' }], top: [{ $sort: { sum: -1 } }, { $limit: 1 }, { $project: { _id: 1 } }] } }],
      [{ n: [{ n: 4 }], top: [{ _id: 2 }] }],
    ],
    ['$sortByCount', [{ $sortByCount: '$who' }, { $limit: 1 }], [{ _id: 'a', count: 2 }]],
    [
      '$addFields',
      [{ $match: { _id: 1 } }, { $addFields: { 'x.y': { $multiply: ['$sum', 2] }, tags: { $size: '$tags' } } }],
      [{ _id: 1, who: 'a', sum: 5, tags: 2, x: { y: 10 } }],
    ],
    ['$replaceRoot', [{ $match: { _id: 1 } }, { $replaceRoot: { newRoot: { w: '$who' } } }], [{ w: 'a' }]],
    [
      'expressions',
      [
        { $match: { _id: 1 } },
        {
          $project: {
            _id: 0,
            c: { $cond: [{ $gt: ['$sum', 4] }, 'much', 'little'] },
            m: { $map: { input: '$tags', as: 't', in: { $concat: ['$$t', '!'] } } },
            f: { $filter: { input: '$tags', cond: { $eq: ['$$this', 'y'] } } },
            s: { $ifNull: ['$none', 0] },
          },
        },
      ],
      [{ c: 'much', m: ['x!', 'y!'], f: ['y'], s: 0 }],
    ],
    [
      'only the branch that is taken',
      [
        { $match: { _id: 1 } },
        { $project: { _id: 0, c: { $cond: [true, 1, { $divide: [1, 0] }] }, o: { $or: [true, { $divide: [1, 0] }] } } },
      ],
      [{ c: 1, o: true }],
    ],
    [
      'conversions, totals and sets',
      [
        { $match: { _id: 1 } },
        {
          $project: {
            _id: 0,
            i: { $toInt: '7' },
            d: { $dateToString: { date: new Date(0), format: '%Y-%m-%d' } },
            s: { $sum: [1, 2, '$none'] },
            m: { $max: ['$sum', 9] },
            u: { $setIntersection: ['$tags', ['y', 'z']] },
          },
        },
      ],
      [{ i: 7, d: '1970-01-01', s: 3, m: 9, u: ['y'] }],
    ],
    [
      'a missing collection of fields',
      [{ $match: { _id: 4 } }, { $project: { _id: 0, t: { $type: '$sum' }, s: '$sum' } }],
      [{ t: 'missing' }],
    ],
  ])('does %s', async (_title, pipeline, result) => {
    const docs = store.fresh();
    await docs.insertMany(orders);
    expect(await docs.aggregate(pipeline).toArray()).toEqual(result);
  });

  test.each<[string, Document[], number]>([
    ['an unknown stage', [{ $foo: 1 }], 40324],
    ['$lookup', [{ $lookup: { from: 'x', localField: 'a', foreignField: 'b', as: 'c' } }], 40324],
    ['$out', [{ $out: 'x' }], 40324],
    ['an unknown accumulator', [{ $group: { _id: 1, a: { $foo: 1 } } }], 15952],
    ['a group without _id', [{ $group: { a: { $sum: 1 } } }], 15955],
    ['a limit of zero', [{ $limit: 0 }], 15958],
    ['a limit that is negative', [{ $limit: -1 }], 5107201],
    ['a limit that is a text', [{ $limit: 'x' }], 5107201],
    ['a skip that is a fraction', [{ $skip: 1.5 }], 5107200],
    ['a match that is no filter', [{ $match: 1 }], 15959],
    ['a sort that is none', [{ $sort: 1 }], 15973],
    ['a count without a name', [{ $count: '' }], 40157],
    ['a count by a path', [{ $count: 'a.b' }], 40160],
    ['a count by a dollar', [{ $count: '$a' }], 40158],
    ['a count by a number', [{ $count: 1 }], 40156],
    ['a sort by the count of a text', [{ $sortByCount: 'a' }], 40148],
    ['a sort by the count of a document', [{ $sortByCount: { a: 1 } }], 40147],
    ['a sort by the count of a number', [{ $sortByCount: 1 }], 40149],
    ['an unwind of a number', [{ $unwind: 1 }], 15981],
    ['an unwind without a path', [{ $unwind: {} }], 28812],
    ['an unwind of a path without a dollar', [{ $unwind: 'a' }], 28818],
    ['an unwind with an option', [{ $unwind: { path: '$a', x: 1 } }], 28811],
    ['an unwind that keeps 1', [{ $unwind: { path: '$a', preserveNullAndEmptyArrays: 1 } }], 28809],
    ['an unwind that numbers with a dollar', [{ $unwind: { path: '$a', includeArrayIndex: '$i' } }], 28822],
    ['a facet of nothing', [{ $facet: {} }], 40169],
    ['a facet of no pipeline', [{ $facet: { a: 1 } }], 40170],
    ['a facet within a facet', [{ $facet: { a: [{ $facet: { b: [] } }] } }], 40600],
    ['a sample of nothing', [{ $sample: {} }], 28749],
    ['a sample of 0', [{ $sample: { size: 0 } }], 28747],
    ['a stage that must be first', [{ $match: {} }, { $indexStats: {} }], 40602],
    ['two stages in one', [{ $limit: 1, $skip: 1 }], 40323],
    ['a division by zero', [{ $project: { a: { $divide: [1, 0] } } }], 2],
    ['a size of no array', [{ $project: { a: { $size: '$who' } } }], 17124],
    ['an unknown expression', [{ $match: { $expr: { $foo: 1 } } }], 168],
  ])('refuses %s', async (_title, pipeline, code) => {
    const docs = store.fresh();
    await docs.insertMany(orders);
    expect(await failureOf(docs.aggregate(pipeline).toArray())).toMatchObject({ code });
  });
});

describe('a sample', () => {
  test('holds so many documents, each once', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 100 }, (_, _id) => ({ _id })));
    const found = await docs.aggregate([{ $sample: { size: 10 } }]).toArray();
    expect(new Set(found.map(({ _id }) => _id)).size).toBe(10);
    expect(await docs.aggregate([{ $sample: { size: 500 } }]).toArray()).toHaveLength(100);
  });
});

test('a document too large for a reply is refused', async () => {
  const docs = store.fresh();
  await docs.insertMany([{ a: 'x'.repeat(9_000_000) }, { a: 'x'.repeat(9_000_000) }]);
  const work = docs.aggregate([{ $group: { _id: null, all: { $push: '$a' } } }]).toArray();
  expect(await failureOf(work)).toMatchObject({ code: 10334, codeName: 'BSONObjectTooLarge' });
});

describe('counting', () => {
  test('counts, estimates and tells distinct values', async () => {
    const docs = store.fresh();
    await docs.insertMany([{ a: 1, t: ['x', 'y'] }, { a: 1.0, t: 'x' }, { a: 2 }]);
    expect(await docs.countDocuments({ a: 1 })).toBe(2);
    expect(await docs.countDocuments({}, { skip: 1, limit: 1 })).toBe(1);
    expect(await docs.estimatedDocumentCount()).toBe(3);
    expect(await docs.distinct('t')).toEqual(['x', 'y']);
    expect(await docs.distinct('a', { t: 'x' })).toEqual([1]);
    await docs.deleteMany({ a: 1 });
    expect(await docs.estimatedDocumentCount()).toBe(1);
  });
});
