import { Decimal128, type Document, Long, MongoClient, Timestamp, UUID } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

const run = (command: Document) => store.db.command(command);
const admin = (command: Document) => store.client.db('admin').command(command);

describe('a command is refused', () => {
  test.each<[string, Document, number, string]>([
    ['with an unknown field', { find: 'c', foo: 1 }, 40415, 'IDLUnknownField'],
    ['without a field it needs', { distinct: 'c' }, 40414, 'IDLFailedToParse'],
    ['with a filter that is none', { find: 'c', filter: 1 }, 14, 'TypeMismatch'],
    ['with a sort that is none', { find: 'c', sort: 'a' }, 14, 'TypeMismatch'],
    ['with a projection that is none', { find: 'c', projection: 'a' }, 14, 'TypeMismatch'],
    ['with a limit that is none', { find: 'c', limit: 'a' }, 14, 'TypeMismatch'],
    ['with a negative limit', { find: 'c', limit: -1 }, 51024, 'Location51024'],
    ['with a negative skip', { find: 'c', skip: -1 }, 51024, 'Location51024'],
    ['with a negative batch size', { find: 'c', batchSize: -1 }, 51024, 'Location51024'],
    ['with a flag that is none', { find: 'c', singleBatch: 'x' }, 14, 'TypeMismatch'],
    ['with a hint that is none', { find: 'c', hint: 1 }, 9, 'FailedToParse'],
    ['with awaitData alone', { find: 'c', awaitData: true }, 9, 'FailedToParse'],
    ['for a tailable cursor', { find: 'c', tailable: true }, 2, 'BadValue'],
    ['with bounds of an index', { find: 'c', min: { a: 1 } }, 238, 'NotImplemented'],
    ['with variables', { find: 'c', let: { a: 1 } }, 238, 'NotImplemented'],
    ['with a negative time', { ping: 1, maxTimeMS: -1 }, 51024, 'Location51024'],
    ['with too long a time', { ping: 1, maxTimeMS: 2 ** 31 }, 51024, 'Location51024'],
    ['with a fraction of a time', { ping: 1, maxTimeMS: 1.5 }, 9, 'FailedToParse'],
    ['with a decimal fraction', { ping: 1, maxTimeMS: Decimal128.fromString('0.5') }, 9, 'FailedToParse'],
    ['with a time that is none', { ping: 1, maxTimeMS: 'x' }, 14, 'TypeMismatch'],
    ['with an unknown read concern', { find: 'c', readConcern: { level: 'foo' } }, 2, 'BadValue'],
    ['with a snapshot', { find: 'c', readConcern: { level: 'snapshot' } }, 238, 'NotImplemented'],
    ['with a negative write concern', { insert: 'c', documents: [{}], writeConcern: { w: -1 } }, 9, 'FailedToParse'],
    ['with another API version', { ping: 1, apiVersion: '2' }, 322, 'APIVersionError'],
    ['outside a strict API', { distinct: 'c', key: 'a', apiVersion: '1', apiStrict: true }, 323, 'APIStrictError'],
    ['without statements', { insert: 'c', documents: [] }, 16, 'InvalidLength'],
    ['with statements that are none', { insert: 'c', documents: [1] }, 14, 'TypeMismatch'],
    ['without a filter for an update', { update: 'c', updates: [{ u: {} }] }, 40414, 'IDLFailedToParse'],
    ['without a limit for a delete', { delete: 'c', deletes: [{ q: {} }] }, 40414, 'IDLFailedToParse'],
    [
      'with an unknown field of a statement',
      { update: 'c', updates: [{ q: {}, u: {}, x: 1 }] },
      40415,
      'IDLUnknownField',
    ],
    ['with nothing to do', { findAndModify: 'c' }, 9, 'FailedToParse'],
    ['with an update and a removal', { findAndModify: 'c', update: {}, remove: true }, 9, 'FailedToParse'],
    ['with an upsert of a removal', { findAndModify: 'c', remove: true, upsert: true }, 9, 'FailedToParse'],
    ['without a cursor', { aggregate: 'c', pipeline: [] }, 9, 'FailedToParse'],
    ['with a pipeline that is none', { aggregate: 'c', pipeline: {}, cursor: {} }, 14, 'TypeMismatch'],
    ['with no collection and no stage', { aggregate: 1, pipeline: [], cursor: {} }, 73, 'InvalidNamespace'],
    ['with no collection', { aggregate: 1, pipeline: [{ $match: {} }], cursor: {} }, 73, 'InvalidNamespace'],
    ['with an unknown verbosity', { explain: { find: 'c' }, verbosity: 'foo' }, 2, 'BadValue'],
    ['to explain what cannot be', { explain: { ping: 1 } }, 59, 'CommandNotFound'],
    ['to explain in another database', { explain: { find: 'c', $db: 'other' } }, 73, 'InvalidNamespace'],
    [
      'to explain a wrong projection',
      { explain: { find: 'c', projection: { a: { $foo: 1 } } } },
      31325,
      'Location31325',
    ],
    [
      'to explain a wrong update',
      { explain: { update: 'c', updates: [{ q: {}, u: { $foo: 1 } }] } },
      9,
      'FailedToParse',
    ],
    [
      'to explain several deletes',
      {
        explain: {
          delete: 'c',
          deletes: [
            { q: {}, limit: 1 },
            { q: {}, limit: 1 },
          ],
        },
      },
      16,
      'InvalidLength',
    ],
    [
      'with an unknown stage and no collection',
      { aggregate: 1, pipeline: [{ $foo: 1 }], cursor: {} },
      40324,
      'Location40324',
    ],
    ['with an unknown part of a read concern', { find: 'c', readConcern: { foo: 1 } }, 40415, 'IDLUnknownField'],
    [
      'to read after a time to come',
      { find: 'c', readConcern: { afterClusterTime: new Timestamp({ t: 4_000_000_000, i: 1 }) } },
      72,
      'InvalidOptions',
    ],
    ['to read after what is no time', { find: 'c', readConcern: { afterClusterTime: 5 } }, 14, 'TypeMismatch'],
    ['with a cursor that is no long', { getMore: 5, collection: 'c' }, 14, 'TypeMismatch'],
    ['with a cursor to kill that is no long', { killCursors: 'c', cursors: [5] }, 14, 'TypeMismatch'],
    [
      'to return the array item it changed',
      { findAndModify: 'c', query: { a: 1 }, update: { $set: { b: 1 } }, new: true, fields: { 'a.$': 1 } },
      2,
      'BadValue',
    ],
    ['with no cursor to kill', { killCursors: 'c', cursors: [] }, 2, 'BadValue'],
    ['for a cursor that is not there', { getMore: Long.fromNumber(5), collection: 'c' }, 43, 'CursorNotFound'],
    ['to create a capped collection', { create: 'x', capped: true, size: 1000 }, 238, 'NotImplemented'],
    ['to create a view', { create: 'x', viewOn: 'c', pipeline: [] }, 238, 'NotImplemented'],
    ['to create a system collection', { create: 'system.foo' }, 73, 'InvalidNamespace'],
    ['with a name that begins with a dot', { find: '.c' }, 73, 'InvalidNamespace'],
    ['with a name with a dollar', { insert: 'a$b', documents: [{}] }, 73, 'InvalidNamespace'],
    ['away from the admin database', { renameCollection: 'test.a', to: 'test.b' }, 13, 'Unauthorized'],
    [
      'of several updates with a number for a retry',
      {
        update: 'c',
        updates: [{ q: {}, u: { $set: { a: 1 } }, multi: true }],
        lsid: { id: new UUID() },
        txnNumber: Long.fromNumber(1),
      },
      72,
      'InvalidOptions',
    ],
    [
      'that only reads, with a number for a retry',
      { find: 'c', txnNumber: Long.fromNumber(1) },
      50768,
      'Location50768',
    ],
    ['that is unknown', { foo: 1 }, 59, 'CommandNotFound'],
  ])('%s', async (_title, command, code, codeName) => {
    expect(await failureOf(run(command))).toMatchObject({ code, codeName });
  });

  test.each<[string, Document, number]>([
    ['with an unknown parameter', { getParameter: 1, foo: 1 }, 72],
    ['to drop the admin database', { dropDatabase: 1 }, 20],
    ['with an unknown kind of write', { bulkWrite: 1, ops: [{ foo: 0 }], nsInfo: [{ ns: 'test.c' }] }, 2],
    [
      'with a collection that is not listed',
      { bulkWrite: 1, ops: [{ insert: 1, document: {} }], nsInfo: [{ ns: 'test.c' }] },
      2,
    ],
    ['without a document', { bulkWrite: 1, ops: [{ insert: 0 }], nsInfo: [{ ns: 'test.c' }] }, 40414],
    [
      'with an unknown field of a write',
      { bulkWrite: 1, ops: [{ insert: 0, document: {}, x: 1 }], nsInfo: [{ ns: 'test.c' }] },
      40415,
    ],
    ['with a wrong name', { bulkWrite: 1, ops: [{ insert: 0, document: {} }], nsInfo: [{ ns: 'test' }] }, 73],
    ['to profile', { profile: 2 }, 238],
  ])('of the admin database %s', async (_title, command, code) => {
    expect(await failureOf(admin(command))).toMatchObject({ code });
  });

  test('with an error for each statement that makes no sense, and only for it', async () => {
    const name = store.fresh().collectionName;
    const updates = [
      { q: {}, u: { $foo: 1 } },
      { q: { $bar: 1 }, u: { $set: { a: 1 } } },
      { q: {}, u: { a: 1 }, multi: true },
      { q: {}, u: { $set: { a: 1 } }, multi: true, sort: { a: 1 } },
      { q: { _id: 1 }, u: { $set: { a: 1 } }, upsert: true },
    ];
    expect(await run({ update: name, updates, ordered: false })).toMatchObject({
      ok: 1,
      n: 1,
      writeErrors: [9, 2, 9, 9].map((code, index) => ({ index, code })),
    });
  });
});

describe('a command', () => {
  test('counts null as absent', async () => {
    expect(await run({ find: 'c', filter: null, sort: null, limit: null, hint: null, maxTimeMS: null })).toMatchObject({
      ok: 1,
    });
  });

  test('tells of a write concern that more servers would have to meet, and writes all the same', async () => {
    const name = store.fresh().collectionName;
    const insert = (w: unknown) => run({ insert: name, documents: [{}], writeConcern: { w } });
    expect(await failureOf(insert(2))).toMatchObject({ code: 100 });
    expect(await failureOf(insert('elsewhere'))).toMatchObject({ code: 79 });
    expect(await insert('majority')).toMatchObject({ n: 1 });
    expect(await store.db.collection(name).countDocuments()).toBe(3);
  });

  test('keeps to its time', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 20_000 }, (_, _id) => ({ _id, a: 'x'.repeat(50) })));
    const slow = {
      $expr: { $eq: [{ $reduce: { input: { $range: [0, 200] }, initialValue: 0, in: { $add: ['$$value', 1] } } }, 1] },
    };
    expect(await failureOf(docs.find(slow).maxTimeMS(20).toArray())).toMatchObject({
      code: 50,
      codeName: 'MaxTimeMSExpired',
    });
    expect(await failureOf(docs.aggregate([{ $match: slow }], { maxTimeMS: 20 }).toArray())).toMatchObject({
      code: 50,
    });
    expect(await failureOf(docs.countDocuments(slow, { maxTimeMS: 20 }))).toMatchObject({ code: 50 });
    expect(await failureOf(docs.updateMany(slow, { $set: { b: 1 } }, { maxTimeMS: 20 } as never))).toMatchObject({
      code: 50,
    });
    expect(await docs.find({}, { maxTimeMS: 60_000, batchSize: 5000 }).toArray()).toHaveLength(20_000);
  });

  test('may ask for the strict API', async () => {
    const client = new MongoClient(store.url, { serverApi: { version: '1', strict: true, deprecationErrors: true } });
    const docs = client.db('test').collection<{ _id: number }>(store.fresh().collectionName);
    await docs.insertOne({ _id: 1 });
    expect(await docs.find({}).toArray()).toEqual([{ _id: 1 }]);
    expect(await failureOf(docs.distinct('_id'))).toMatchObject({ code: 323 });
    await client.close();
  });

  test('cannot read on from a cursor of another collection or session', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 5 }, (_, _id) => ({ _id })));
    const [session, other] = [store.client.startSession(), store.client.startSession()];
    const { cursor } = await store.db.command({ find: docs.collectionName, batchSize: 2 }, { session });
    const more = (rest: Document, of = session) =>
      store.db.command(
        { getMore: Long.fromNumber(cursor.id), collection: docs.collectionName, ...rest },
        { session: of },
      );
    expect(await failureOf(more({ collection: 'other' }))).toMatchObject({ code: 13 });
    expect(await failureOf(more({}, other))).toMatchObject({ code: 50738 });
    expect(await failureOf(more({ maxTimeMS: 5 }))).toMatchObject({ code: 2 });
    await Promise.all([session.endSession(), other.endSession()]);
  });

  test('tells how large things are, exactly and to scale', async () => {
    const docs = store.client.db('sizes').collection<{ _id: number }>('c');
    await docs.insertMany(Array.from({ length: 1500 }, (_, _id) => ({ _id, a: 'x'.repeat(_id % 7) })));
    await docs.updateMany({ _id: { $lt: 10 } }, { $set: { b: 1 } });
    await docs.deleteMany({ _id: { $gte: 1400 } });
    const raw = (await docs.find({}, { raw: true }).toArray()) as unknown as Buffer[];
    const size = raw.reduce((sum, doc) => sum + doc.length, 0);
    const [stats] = await docs.aggregate([{ $collStats: { storageStats: {}, count: {} } }]).toArray();
    expect(stats).toMatchObject({ ns: 'sizes.c', count: 1400, storageStats: { size, count: 1400, nindexes: 1 } });
    await store.restart();
    const db = store.client.db('sizes');
    expect(await db.command({ collStats: 'c', scale: 10 })).toMatchObject({
      size: Math.floor(size / 10),
      scaleFactor: 10,
    });
    expect(await db.command({ dbStats: 1 })).toMatchObject({
      collections: 1,
      objects: 1400,
      dataSize: size,
      indexes: 1,
    });
    const missing = db
      .collection('none')
      .aggregate([{ $collStats: { count: {} } }])
      .toArray();
    expect(await failureOf(missing)).toMatchObject({ code: 26 });
  });

  test('tells which commands are running and which indexes are used', async () => {
    const docs = store.fresh();
    await docs.createIndex({ a: 1 });
    await docs.find({ a: 1 }).toArray();
    const uses = await docs.aggregate([{ $indexStats: {} }]).toArray();
    expect(uses.map(({ name, accesses }) => [name, accesses.ops])).toEqual([
      ['_id_', 0],
      ['a_1', 1],
    ]);
    const operations = await store.client
      .db('admin')
      .aggregate([{ $currentOp: {} }])
      .toArray();
    expect(operations).toMatchObject([{ type: 'op', active: true, ns: 'admin.$cmd' }]);
  });

  test('may not call a database like another one but for its case', async () => {
    await store.client.db('Case').collection('c').insertOne({});
    expect(await failureOf(store.client.db('case').collection('c').insertOne({}))).toMatchObject({ code: 13297 });
  });
});
