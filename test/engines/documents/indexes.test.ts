import { type Document, MinKey } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type RunningStore, runStore, until } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore({ expiryMillis: 100 });
});
afterAll(() => store.stop());

const stages = (explained: Document): string[] => {
  const names: string[] = [];
  for (let plan = explained.queryPlanner.winningPlan; plan; plan = plan.inputStage) names.push(plan.stage);
  return names;
};

describe('a unique index', () => {
  test('refuses a second document with the message drivers parse', async () => {
    const docs = store.fresh();
    await docs.createIndex({ email: 1, n: -1 }, { unique: true });
    await docs.insertOne({ _id: 1, email: 'a"b', n: 1.5 });
    const failure = await failureOf(docs.insertOne({ _id: 2, email: 'a"b', n: 1.5 }));
    expect(failure).toMatchObject({
      code: 11000,
      keyPattern: { email: 1, n: -1 },
      keyValue: { email: 'a"b', n: 1.5 },
    });
    expect(failure.message).toBe(
      `E11000 duplicate key error collection: test.${docs.collectionName} index: email_1_n_-1 dup key: { email: "a\\"b", n: 1.5 }`,
    );
    await docs.insertOne({ _id: 3, email: 'other' });
    expect(await failureOf(docs.updateOne({ _id: 3 }, { $set: { email: 'a"b', n: 1.5 } }))).toMatchObject({
      code: 11000,
    });
    expect(await docs.findOne({ _id: 3 })).toEqual({ _id: 3, email: 'other' });
  });

  test('counts a missing field as null and a partial one only where its filter holds', async () => {
    const docs = store.fresh();
    await docs.createIndexes([
      { key: { a: 1 }, unique: true },
      { key: { b: 1 }, unique: true, partialFilterExpression: { b: { $exists: true } } },
      { key: { c: 1 }, unique: true, sparse: true },
    ]);
    await docs.insertOne({ _id: 1 });
    expect(await failureOf(docs.insertOne({ _id: 2, a: null }))).toMatchObject({ code: 11000, keyValue: { a: null } });
    await docs.insertOne({ _id: 3, a: 3, b: 1, c: 1 });
    await docs.insertOne({ _id: 4, a: 4 });
    expect(await failureOf(docs.insertOne({ _id: 5, a: 5, b: 1 }))).toMatchObject({ code: 11000 });
    expect(await failureOf(docs.insertOne({ _id: 6, a: 6, c: 1 }))).toMatchObject({ code: 11000 });
  });

  test('frees the values of removed and changed documents', async () => {
    const docs = store.fresh();
    await docs.createIndex({ a: 1 }, { unique: true });
    await docs.insertMany([
      { _id: 1, a: [1, 2] },
      { _id: 2, a: 3 },
    ]);
    expect(await failureOf(docs.insertOne({ a: 2 }))).toMatchObject({ code: 11000 });
    await docs.updateOne({ _id: 1 }, { $pull: { a: 2 } } as never);
    await docs.insertOne({ _id: 3, a: 2 });
    await docs.deleteOne({ _id: 2 });
    await docs.insertOne({ _id: 4, a: 3 });
    expect(await docs.countDocuments()).toBe(3);
  });

  test('cannot be built over documents that violate it', async () => {
    const docs = store.fresh();
    await docs.insertMany([{ a: 1 }, { a: 1 }]);
    expect(await failureOf(docs.createIndex({ a: 1 }, { unique: true }))).toMatchObject({ code: 11000 });
    expect(await docs.indexes()).toHaveLength(1);
  });

  test('keeps long values apart', async () => {
    const docs = store.fresh();
    await docs.createIndex({ a: 1 }, { unique: true });
    const long = 'x'.repeat(5000);
    await docs.insertMany([
      { _id: `${long}1`, a: `${long}1` },
      { _id: `${long}2`, a: `${long}2` },
    ]);
    expect(await failureOf(docs.insertOne({ a: `${long}1` }))).toMatchObject({ code: 11000 });
    expect(await docs.find({ a: `${long}2` }).toArray()).toMatchObject([{ _id: `${long}2` }]);
    expect(await docs.find({ a: { $gt: `${long}1` } }).toArray()).toHaveLength(1);
    expect((await docs.find().sort({ a: -1 }).toArray()).map(({ a }) => a.at(-1))).toEqual(['2', '1']);
    expect(await docs.findOne({ _id: `${long}2` })).not.toBeNull();
  });
});

describe('an index', () => {
  test('serves equality, range and order, and tells so', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 500 }, (_, i) => ({ _id: i, s: i % 5, at: i })));
    await docs.createIndex({ s: 1, at: -1 });
    const explained = await docs
      .find({ s: 2, at: { $lt: 100 } })
      .sort({ at: -1 })
      .limit(5)
      .explain('executionStats');
    expect(stages(explained)).toEqual(['LIMIT', 'FETCH', 'IXSCAN']);
    expect(explained.executionStats).toMatchObject({ nReturned: 5, totalKeysExamined: 5, totalDocsExamined: 5 });
    const scan = await docs.find({ at: { $lt: 100 } }).explain('executionStats');
    expect(stages(scan)).toEqual(['COLLSCAN']);
    expect(scan.executionStats).toMatchObject({ nReturned: 100, totalDocsExamined: 500 });
    expect(stages(await docs.find({ _id: 5 }).explain())).toEqual(['IDHACK']);
    expect(stages(await docs.find({ s: 1 }).sort({ x: 1 }).explain())).toEqual(['SORT', 'FETCH', 'IXSCAN']);
  });

  test.each<[string, Document, string[], Document]>([
    [
      'an update',
      { update: '', updates: [{ q: { s: 1 }, u: { $set: { x: 1 } }, multi: true }] },
      ['UPDATE', 'FETCH', 'IXSCAN'],
      { nMatched: 2 },
    ],
    [
      'an update of one',
      { update: '', updates: [{ q: { s: 1 }, u: { s: 2 } }] },
      ['UPDATE', 'FETCH', 'IXSCAN'],
      { nMatched: 1 },
    ],
    ['a deletion', { delete: '', deletes: [{ q: { _id: 1 }, limit: 1 }] }, ['DELETE', 'IDHACK'], { nWouldDelete: 1 }],
    [
      'a findAndModify',
      { findAndModify: '', query: { s: 1 }, sort: { x: 1 }, remove: true },
      ['DELETE', 'SORT', 'FETCH', 'IXSCAN'],
      { nWouldDelete: 1 },
    ],
    ['a count', { count: '', query: { x: 1 } }, ['COUNT', 'COLLSCAN'], { nCounted: 1 }],
    [
      'a projection',
      { find: '', filter: { s: 1 }, projection: { s: 1 } },
      ['PROJECTION_DEFAULT', 'FETCH', 'IXSCAN'],
      { nReturned: 2 },
    ],
  ])('is told of by the explanation of %s, which changes nothing', async (_title, command, wanted, counted) => {
    const docs = store.fresh();
    const all = [1, 2, 3].map((_id) => ({ _id, s: _id % 2, x: _id }));
    await docs.insertMany(all);
    await docs.createIndex({ s: 1 });
    const [name] = Object.keys(command);
    const explained = await store.db.command({ explain: { ...command, [name!]: docs.collectionName } });
    expect(stages(explained)).toEqual(wanted);
    expect(explained.executionStats.executionStages).toMatchObject(counted);
    expect(await docs.find().toArray()).toEqual(all);
  });

  test('never lets two items of an array be one bound', async () => {
    const docs = store.fresh();
    await docs.createIndex({ a: 1 });
    await docs.insertOne({ a: [1, 9] });
    expect(await docs.countDocuments({ a: { $gt: 5, $lt: 3 } })).toBe(1);
  });

  test('refuses two arrays side by side', async () => {
    const docs = store.fresh();
    await docs.createIndex({ a: 1, b: 1 });
    expect(await failureOf(docs.insertOne({ a: [1], b: [2] }))).toMatchObject({ code: 171 });
    expect(await docs.countDocuments()).toBe(0);
  });

  test('is built while documents change, without a gap', async () => {
    const docs = store.fresh();
    for (let i = 0; i < 6000; i += 1000) {
      await docs.insertMany(Array.from({ length: 1000 }, (_, k) => ({ _id: i + k, a: (i + k) % 97, b: 0 })));
    }
    let isBuilt = false;
    const build = docs.createIndex({ a: 1, b: 1 }).then(() => {
      isBuilt = true;
    });
    for (let i = 0; !isBuilt; i = (i + 7) % 6000) {
      await docs.updateOne({ _id: i }, { $set: { b: i } });
      await docs.deleteOne({ _id: i + 1 });
      await docs.insertOne({ a: 5, b: i });
    }
    await build;
    for (const a of [0, 5, 42, 96]) {
      const [planned, scanned] = await Promise.all([
        docs.find({ a }).hint('a_1_b_1').toArray(),
        docs.find({ a }).hint({ $natural: 1 }).toArray(),
      ]);
      expect(planned.map(({ _id }) => String(_id)).sort()).toEqual(scanned.map(({ _id }) => String(_id)).sort());
      expect(planned.map(({ b }) => b)).toEqual(planned.map(({ b }) => b).toSorted((x, y) => x - y));
    }
  });

  test('with an expiry deletes what is due', async () => {
    const docs = store.fresh();
    await docs.createIndex({ at: 1 }, { expireAfterSeconds: 10 });
    const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);
    await docs.insertMany([
      { _id: 1, at: ago(20) },
      { _id: 2, at: ago(1) },
      { _id: 3, at: 'never' },
      { _id: 4 },
      { _id: 5, at: [ago(99), ago(1)] },
    ]);
    await until(async () => (await docs.countDocuments()) === 3);
    expect((await docs.find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id)).toEqual([2, 3, 4]);
  });

  test('survives a restart with its options', async () => {
    const docs = store.fresh();
    await docs.createIndex(
      { a: 1, 'b.c': -1 },
      { name: 'mine', unique: true, partialFilterExpression: { a: { $gt: 1 } } },
    );
    const before = await docs.indexes();
    await store.restart();
    const after = store.db.collection(docs.collectionName);
    expect(await after.indexes()).toEqual(before);
    await after.insertOne({ a: 2 });
    expect(await failureOf(after.insertOne({ a: 2 }))).toMatchObject({ code: 11000 });
  });

  test.each<[string, Document, Document, number]>([
    ['the same name for another key', { b: 1 }, { name: 'a_1' }, 86],
    ['the same name, but unique', { a: 1 }, { unique: true }, 86],
    ['the same name, but sparse', { a: 1 }, { sparse: true }, 86],
    ['the same name, but partial', { a: 1 }, { partialFilterExpression: { a: 1 } }, 86],
    ['the same index with an expiry', { a: 1 }, { expireAfterSeconds: 1 }, 85],
    ['the same index, but hidden', { a: 1 }, { hidden: true }, 85],
    ['another name for the same key', { a: 1 }, { name: 'other' }, 85],
    ['another name and an expiry', { a: 1 }, { name: 'other', expireAfterSeconds: 1 }, 85],
    ['text', { a: 'text' }, {}, 238],
    ['a wildcard', { '$**': 1 }, {}, 238],
    ['an unknown type', { a: 'foo' }, {}, 67],
    ['a direction of zero', { a: 0 }, {}, 67],
    ['a direction that is a flag', { a: true }, {}, 67],
    ['no field', {}, {}, 67],
    ['an empty field', { 'a..b': 1 }, {}, 67],
    ['a field with a dollar', { $a: 1 }, {}, 67],
    ['too many fields', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, 1])), {}, 13103],
    ['an unknown option', { b: 1 }, { foo: 1 }, 197],
    ['an option of the _id index', { _id: 1 }, { unique: true }, 197],
    ['a flag that is none', { b: 1 }, { unique: 'yes' }, 14],
    ['another version', { b: 1 }, { v: 3 }, 67],
    ['a collation', { b: 1 }, { collation: { locale: 'de' } }, 238],
    ['a name that is none', { b: 1 }, { name: '' }, 67],
    ['the name of all indexes', { b: 1 }, { name: '*' }, 2],
    ['the name of another index', { b: 1 }, { name: '_id_' }, 2],
    ['a compound expiry', { a: 1, b: 1 }, { expireAfterSeconds: 1 }, 67],
    ['a negative expiry', { b: 1 }, { expireAfterSeconds: -1 }, 67],
    ['an expiry that is a text', { b: 1 }, { expireAfterSeconds: 'x' }, 67],
    ['a partial filter that is none', { b: 1 }, { partialFilterExpression: 1 }, 14],
    ['a partial filter with $ne', { b: 1 }, { partialFilterExpression: { b: { $ne: 1 } } }, 67],
    ['a partial filter with $exists: false', { b: 1 }, { partialFilterExpression: { b: { $exists: false } } }, 67],
    ['a partial filter with a pattern', { b: 1 }, { partialFilterExpression: { b: /x/ } }, 67],
    ['a partial and sparse index', { b: 1 }, { partialFilterExpression: { b: 1 }, sparse: true }, 67],
  ])('refuses %s', async (_title, key, options, code) => {
    const docs = store.fresh();
    await docs.createIndex({ a: 1 });
    expect(await docs.createIndex({ a: 1 })).toBe('a_1');
    const name = Object.keys(key)
      .map((field) => `${field}_${key[field]}`)
      .join('_');
    const indexes = [{ key, name, ...options }];
    const work = store.db.command({ createIndexes: docs.collectionName, indexes });
    expect(await failureOf(work)).toMatchObject({ code });
    expect(await docs.indexes()).toHaveLength(2);
  });

  test('is the last when it is the 64th', async () => {
    const docs = store.fresh();
    await docs.createIndexes(Array.from({ length: 62 }, (_, i) => ({ key: { [`f${i}`]: 1 } })));
    expect(await failureOf(docs.createIndexes([{ key: { a: 1 } }, { key: { b: 1 } }]))).toMatchObject({ code: 67 });
    await docs.createIndex({ a: 1 });
    expect(await docs.createIndex({ a: 1 })).toBe('a_1');
    expect(await failureOf(docs.createIndex({ b: 1 }))).toMatchObject({ code: 67 });
    expect(await docs.indexes()).toHaveLength(64);
  });

  test('may differ from another in what it holds alone', async () => {
    const docs = store.fresh();
    await docs.createIndex({ a: 1 });
    await docs.createIndex({ a: 1 }, { name: 'unique', unique: true });
    await docs.createIndex({ a: 1 }, { name: 'sparse', sparse: true });
    await docs.createIndex({ a: 1 }, { name: 'partial', partialFilterExpression: { a: { $gt: 1 } } });
    await docs.createIndex({ _id: -1 });
    expect((await docs.indexes()).map(({ name }) => name)).toEqual([
      '_id_',
      'a_1',
      'unique',
      'sparse',
      'partial',
      '_id_-1',
    ]);
    expect(await failureOf(store.db.command({ dropIndexes: docs.collectionName, index: { a: 1 } }))).toMatchObject({
      code: 181,
    });
  });

  test('that is hidden is not used until it is shown again', async () => {
    const docs = store.fresh();
    await docs.insertMany([{ a: 1 }, { a: 2 }]);
    await docs.createIndex({ a: 1 }, { hidden: true });
    expect(stages(await docs.find({ a: 1 }).explain())).toEqual(['COLLSCAN']);
    expect(await failureOf(docs.find({ a: 1 }).hint('a_1').toArray())).toMatchObject({ code: 2 });
    const show = { collMod: docs.collectionName, index: { name: 'a_1', hidden: false } };
    expect(await store.db.command(show)).toMatchObject({ hidden_old: true, hidden_new: false });
    const hideId = { collMod: docs.collectionName, index: { name: '_id_', hidden: true } };
    expect(await failureOf(store.db.command(hideId))).toMatchObject({ code: 2 });
    expect(stages(await docs.find({ a: 1 }).explain())).toEqual(['FETCH', 'IXSCAN']);
  });

  test('that is sparse is not used for what may be missing', async () => {
    const docs = store.fresh();
    await docs.insertMany([{ a: 1 }, { b: 1 }]);
    await docs.createIndex({ a: 1 }, { sparse: true });
    expect(await docs.countDocuments({ a: { $gt: new MinKey() } } as never)).toBe(2);
    expect(await docs.countDocuments({ a: { $gte: null } } as never)).toBe(1);
    expect(await docs.countDocuments({ a: { $gt: 0 } })).toBe(1);
  });

  test('that is partial cannot be asked for what it does not hold', async () => {
    const docs = store.fresh();
    await docs.insertMany([{ a: 1 }, { a: 5 }]);
    await docs.createIndex({ a: 1 }, { partialFilterExpression: { a: { $gt: 3 } } });
    expect(await docs.find({ a: 5 }).hint('a_1').toArray()).toHaveLength(1);
    expect(await failureOf(docs.find({ a: 1 }).hint('a_1').toArray())).toMatchObject({ code: 291 });
  });

  test.each<[string, Document, number]>([
    ['an unknown name', { name: 'foo', hidden: true }, 27],
    ['an unknown key', { keyPattern: { b: 1 }, hidden: true }, 27],
    ['neither name nor key', { hidden: true }, 72],
    ['both name and key', { name: 'a_1', keyPattern: { a: 1 }, hidden: true }, 72],
    ['no change', { name: 'a_1' }, 72],
    ['a negative expiry', { name: 'a_1', expireAfterSeconds: -1 }, 72],
    ['another change', { name: 'a_1', unique: true }, 238],
  ])('cannot be modified with %s', async (_title, index, code) => {
    const docs = store.fresh();
    await docs.createIndex({ a: 1 });
    expect(await failureOf(store.db.command({ collMod: docs.collectionName, index }))).toMatchObject({ code });
  });

  test('can be dropped by name or all at once', async () => {
    const docs = store.fresh();
    await docs.createIndexes([{ key: { a: 1 } }, { key: { b: 1 } }, { key: { c: 1 } }]);
    await docs.dropIndex('b_1');
    expect((await docs.indexes()).map(({ name }) => name)).toEqual(['_id_', 'a_1', 'c_1']);
    expect(await failureOf(docs.dropIndex('b_1'))).toMatchObject({ code: 27 });
    expect(await failureOf(docs.dropIndex('_id_'))).toMatchObject({ code: 72 });
    expect(await failureOf(store.db.command({ dropIndexes: docs.collectionName, index: { b: 1 } }))).toMatchObject({
      code: 27,
    });
    await docs.dropIndexes();
    expect(await docs.indexes()).toHaveLength(1);
  });
});

describe('a collection', () => {
  test('that is dropped under a cursor makes it fail, not end', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 50 }, (_, i) => ({ _id: i })));
    const cursor = docs.find({}, { batchSize: 10 });
    await cursor.next();
    await docs.drop();
    expect(await failureOf(cursor.toArray())).toMatchObject({ code: 175 });
  });

  test('is renamed over another in one step', async () => {
    const [from, to] = [store.fresh(), store.fresh()];
    await from.insertOne({ _id: 1, v: 'new' });
    await from.createIndex({ v: 1 });
    await to.insertOne({ _id: 2, v: 'old' });
    expect(await failureOf(from.rename(to.collectionName))).toMatchObject({ code: 48 });
    await from.rename(to.collectionName, { dropTarget: true });
    expect(await to.find().toArray()).toEqual([{ _id: 1, v: 'new' }]);
    expect(await to.indexes()).toHaveLength(2);
    expect(await from.countDocuments()).toBe(0);
    expect(await failureOf(from.rename('elsewhere'))).toMatchObject({ code: 26 });
  });

  test('is listed until it is dropped', async () => {
    const docs = store.fresh();
    const isListed = async () => (await store.db.listCollections({ name: docs.collectionName }).toArray()).length === 1;
    await store.db.createCollection(docs.collectionName);
    expect(await isListed()).toBe(true);
    expect(await failureOf(store.db.createCollection(docs.collectionName))).toMatchObject({ code: 48 });
    expect(await docs.drop()).toBe(true);
    expect(await isListed()).toBe(false);
    await docs.insertOne({ _id: 1 });
    expect(await docs.countDocuments()).toBe(1);
  });
});
