import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChangeStream, type ChangeStreamDocument, type Document, Long, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDocuments } from '../../../engines/documents/server.ts';
import { failureOf, type Loose, type RunningStore, runStore, until } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore({ oplogBytes: 200_000 });
});
afterAll(() => store.stop());

/** Opens the cursor at once, so that nothing after this is missed. */
const opened = async <S extends ChangeStream<Loose>>(stream: S): Promise<S> => {
  await stream.tryNext();
  return stream;
};

const take = async (stream: ChangeStream<Loose>, count: number): Promise<ChangeStreamDocument<Loose>[]> => {
  const found: ChangeStreamDocument<Loose>[] = [];
  while (found.length < count) found.push((await stream.next()) as ChangeStreamDocument<Loose>);
  return found;
};

describe('a change stream', () => {
  test('that is killed while somebody waits for it fails at once', async () => {
    const name = store.fresh().collectionName;
    const session = store.client.startSession();
    const pipeline = [{ $changeStream: {} }];
    const { cursor } = await store.db.command({ aggregate: name, pipeline, cursor: {} }, { session });
    const id = Long.fromNumber(cursor.id);
    const waiting = store.db.command({ getMore: id, collection: name, maxTimeMS: 60_000 }, { session });
    const failure = failureOf(waiting);
    const kill = () => store.db.command({ killCursors: name, cursors: [id] });
    await until(async () => (await store.client.db('admin').command({ currentOp: 1 })).inprog.length === 2);
    expect(await kill()).toMatchObject({ cursorsKilled: [cursor.id] });
    expect(await failure).toMatchObject({ code: 237, codeName: 'CursorKilled' });
    await session.endSession();
  });

  test('tells what happened to a collection, in order', async () => {
    const docs = store.fresh();
    const stream = await opened(docs.watch());
    await docs.insertOne({ _id: 1, a: 1, list: [1, 2, 3], gone: 1 });
    await docs.updateOne({ _id: 1 }, { $set: { a: 2, 'b.c': 1 }, $unset: { gone: 1 }, $pop: { list: 1 } });
    await docs.replaceOne({ _id: 1 }, { z: 1 });
    await docs.deleteOne({ _id: 1 });
    const events = await take(stream, 4);
    await stream.close();
    const ns = { db: 'test', coll: docs.collectionName };
    expect(events).toMatchObject([
      { operationType: 'insert', ns, documentKey: { _id: 1 }, fullDocument: { _id: 1, a: 1 } },
      {
        operationType: 'update',
        documentKey: { _id: 1 },
        updateDescription: {
          updatedFields: { a: 2, b: { c: 1 }, list: [1, 2] },
          removedFields: ['gone'],
          truncatedArrays: [],
        },
      },
      { operationType: 'replace', documentKey: { _id: 1 }, fullDocument: { _id: 1, z: 1 } },
      { operationType: 'delete', documentKey: { _id: 1 } },
    ]);
    expect(events[1]).not.toHaveProperty('fullDocument');
    expect(Object.keys(events[0]!)).toEqual([
      '_id',
      'operationType',
      'clusterTime',
      'wallTime',
      'fullDocument',
      'ns',
      'documentKey',
    ]);
  });

  test.each<[string, Document, Document | Document[], Document]>([
    [
      'a whole field that was set',
      { a: { b: 1, c: 2 } },
      { $set: { a: { b: 1, c: 3 } } },
      { updatedFields: { a: { b: 1, c: 3 } } },
    ],
    ['a nested field', { a: { b: 1, c: 2 } }, { $set: { 'a.c': 3 } }, { updatedFields: { 'a.c': 3 } }],
    [
      'what was made on the way as a whole',
      {},
      { $set: { 'a.b.c': 1, 'a.d': 2 } },
      { updatedFields: { a: { b: { c: 1 }, d: 2 } } },
    ],
    [
      'items that were added',
      { a: [1] },
      { $push: { a: { $each: [2, 3] } } },
      { updatedFields: { 'a.1': 2, 'a.2': 3 } },
    ],
    [
      'an array that was sorted',
      { a: [2] },
      { $push: { a: { $each: [1], $sort: 1 } } },
      { updatedFields: { a: [1, 2] } },
    ],
    ['an array that was added to as a set', { a: [1] }, { $addToSet: { a: 2 } }, { updatedFields: { a: [1, 2] } }],
    ['an item by its place', { a: [1, 2] }, { $inc: { 'a.$[]': 1 } }, { updatedFields: { 'a.0': 2, 'a.1': 3 } }],
    ['a field that was renamed', { a: 1 }, { $rename: { a: 'b' } }, { updatedFields: { b: 1 }, removedFields: ['a'] }],
    ['an item that was unset', { a: [1, 2] }, { $unset: { 'a.0': 1 } }, { updatedFields: { 'a.0': null } }],
    [
      'differences after a pipeline',
      { a: { b: 1, c: 2 }, l: [1, 2, 3] },
      [{ $set: { a: { b: 1, c: 3 }, l: [1, 9] } }],
      { updatedFields: { 'a.c': 3, 'l.1': 9 }, truncatedArrays: [{ field: 'l', newSize: 2 }] },
    ],
  ])('of an update tells %s', async (_title, before, update, description) => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, ...before });
    const stream = await opened(docs.watch());
    await docs.updateOne({ _id: 1 }, update);
    const [event] = (await take(stream, 1)) as Document[];
    await stream.close();
    expect(event!.updateDescription).toEqual({
      updatedFields: {},
      removedFields: [],
      truncatedArrays: [],
      ...description,
    });
  });

  test('looks up the whole document of an update', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, a: 1 });
    const stream = await opened(docs.watch([], { fullDocument: 'updateLookup' }));
    await docs.updateOne({ _id: 1 }, { $set: { b: 2 } });
    const [event] = await take(stream, 1);
    expect(event).toMatchObject({ operationType: 'update', fullDocument: { _id: 1, a: 1, b: 2 } });
    await docs.updateOne({ _id: 1 }, { $set: { b: 3 } });
    await docs.deleteOne({ _id: 1 });
    expect((await take(stream, 1))[0]).toMatchObject({ fullDocument: null });
    await stream.close();
  });

  test('shows only what its pipeline lets through', async () => {
    const docs = store.fresh();
    const stream = await opened(
      docs.watch([{ $match: { operationType: 'insert', 'fullDocument.kind': 'a' } }, { $project: { wallTime: 0 } }]),
    );
    await docs.insertMany([{ kind: 'b' }, { kind: 'a', n: 1 }, { kind: 'b' }, { kind: 'a', n: 2 }]);
    const events = (await take(stream, 2)) as Document[];
    await stream.close();
    expect(events.map((event) => event.fullDocument.n)).toEqual([1, 2]);
    expect(events[0]).not.toHaveProperty('wallTime');
  });

  test('watches a whole database', async () => {
    const db = store.client.db('watched');
    const stream = db.watch();
    await stream.tryNext();
    await db.collection('x').insertOne({ a: 1 });
    await store.fresh().insertOne({ a: 1 });
    await db.collection('y').insertOne({ a: 2 });
    expect([await stream.next(), await stream.next()]).toMatchObject([{ ns: { coll: 'x' } }, { ns: { coll: 'y' } }]);
    await stream.close();
  });

  test('goes on after a restart where it was', async () => {
    const name = store.fresh().collectionName;
    const docs = () => store.db.collection<Loose>(name);
    const stream = await opened(docs().watch());
    await docs().insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
    const [first] = await take(stream, 1);
    await stream.close();
    await store.restart();
    await docs().insertOne({ _id: 4 });
    const resumed = docs().watch([], { resumeAfter: first!._id });
    const events = (await take(resumed, 3)) as Document[];
    expect(events.map((event) => event.documentKey._id)).toEqual([2, 3, 4]);
    const again = docs().watch([], { startAtOperationTime: events[1]!.clusterTime });
    expect(((await take(again, 1))[0] as Document).documentKey._id).toBe(3);
    await Promise.all([resumed.close(), again.close()]);
  });

  test('goes on by itself when the server starts anew', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'documents-restart-'));
    const start = () => startDocuments({ dir, socket: join(dir, 'm.sock') });
    const first = await start();
    const client = await new MongoClient(first.urls[0]!).connect();
    const docs = client.db('test').collection<Loose>('docs');
    const stream = await opened(docs.watch());
    const told = take(stream, 2);
    await docs.insertOne({ _id: 1 });
    await first.stop();
    const second = await start();
    await docs.insertOne({ _id: 2 });
    expect(await told).toMatchObject([{ documentKey: { _id: 1 } }, { documentKey: { _id: 2 } }]);
    await stream.close();
    await client.close();
    await second.stop();
    await rm(dir, { recursive: true });
  });

  test('that is idle can resume from the token it was last given', async () => {
    const docs = store.fresh();
    const stream = await opened(docs.watch());
    const token = stream.resumeToken;
    await stream.close();
    await docs.insertOne({ _id: 7 });
    const resumed = docs.watch([], { resumeAfter: token });
    expect((await take(resumed, 1))[0]).toMatchObject({ documentKey: { _id: 7 } });
    await resumed.close();
  });

  test('ends with an invalidate when its collection is dropped', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1 });
    const stream = await opened(docs.watch());
    await docs.drop();
    const [drop, invalidate] = await take(stream, 2);
    expect([drop, invalidate]).toMatchObject([{ operationType: 'drop' }, { operationType: 'invalidate' }]);
    expect(await stream.tryNext().catch(() => null)).toBeNull();
    const refused = docs.watch([], { resumeAfter: invalidate!._id });
    expect(await failureOf(refused.next())).toMatchObject({ code: 260 });
    const restarted = await opened(docs.watch([], { startAfter: invalidate!._id }));
    await docs.insertOne({ _id: 2 });
    expect((await take(restarted, 1))[0]).toMatchObject({ operationType: 'insert' });
    await Promise.all([stream.close(), refused.close(), restarted.close()]);
  });

  test('tells a rename, also to those who watch the new name', async () => {
    const [from, to] = [store.fresh(), store.fresh()];
    await from.insertOne({ _id: 1 });
    const stream = store.db.watch();
    await stream.tryNext();
    await from.rename(to.collectionName);
    expect(await stream.next()).toMatchObject({
      operationType: 'rename',
      ns: { coll: from.collectionName },
      to: { coll: to.collectionName },
    });
    await stream.close();
  });

  test('of a collection that another one takes the place of tells the rename only, and ends', async () => {
    const [from, to] = [store.fresh(), store.fresh()];
    await from.insertOne({ _id: 1 });
    await to.insertOne({ _id: 2 });
    const stream = await opened(to.watch());
    await from.rename(to.collectionName, { dropTarget: true });
    const events = await take(stream, 2);
    expect(events.map(({ operationType }) => operationType)).toEqual(['rename', 'invalidate']);
    const resumed = to.watch([], { resumeAfter: events[0]!._id });
    expect(await take(resumed, 1)).toMatchObject([{ operationType: 'invalidate' }]);
    await Promise.all([stream.close(), resumed.close()]);
  });

  test('may not lose its place to its pipeline', async () => {
    const docs = store.fresh();
    const stream = await opened(docs.watch([{ $project: { _id: 0 } }]));
    await docs.insertOne({ _id: 1 });
    expect(await failureOf(stream.next())).toMatchObject({ code: 280, codeName: 'ChangeStreamFatalError' });
    await stream.close();
  });

  test('may watch everything from the admin database, and nothing else there', async () => {
    const all = store.client.watch();
    await all.tryNext();
    await store.client.db('one').collection('c').insertOne({ a: 1 });
    await store.client.db('two').collection('c').insertOne({ a: 1 });
    expect([await all.next(), await all.next()]).toMatchObject([{ ns: { db: 'one' } }, { ns: { db: 'two' } }]);
    await all.close();
    const inside = store.client.db('admin').watch();
    expect(await failureOf(inside.next())).toMatchObject({ code: 73 });
    await inside.close();
  });

  test('loses its past also when that was told before a restart', async () => {
    const own = await runStore({ oplogBytes: 1_000_000 });
    const docs = () => own.db.collection<Loose>('c');
    const stream = await opened(docs().watch());
    for (let n = 0; n < 1100; n += 1) void docs().insertOne({ _id: n, text: 'x'.repeat(400) });
    const [{ _id: token }] = (await take(stream, 1100)) as [ChangeStreamDocument<Loose>];
    await stream.close();
    await own.restart();
    const resumed = docs().watch([], { resumeAfter: token });
    expect(await resumed.next()).toMatchObject({ operationType: 'insert' });
    await resumed.close();
    for (let n = 0; n < 10; n += 1) await docs().insertOne({ _id: `late ${n}`, text: 'x'.repeat(100_000) });
    expect(await failureOf(docs().watch([], { resumeAfter: token }).next())).toMatchObject({ code: 286 });
    await own.stop();
  });

  test('says that its past is lost when the oplog no longer has it', async () => {
    const docs = store.fresh();
    const stream = await opened(docs.watch());
    const token = stream.resumeToken;
    await stream.close();
    for (let i = 0; i < 30; i += 1) await docs.insertOne({ filling: 'x'.repeat(20_000) });
    const late = docs.watch([], { resumeAfter: token });
    expect(await failureOf(late.next())).toMatchObject({ code: 286, codeName: 'ChangeStreamHistoryLost' });
  });

  test('is told of a change within milliseconds of the commit', async () => {
    const docs = store.fresh();
    const stream = await opened(docs.watch());
    const delays: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const told = stream.next().then(() => performance.now());
      await docs.insertOne({ _id: i });
      delays.push((await told) - performance.now());
    }
    await stream.close();
    expect(delays.sort((a, b) => a - b)[10]).toBeLessThan(50);
  });

  test.each<[string, Document[], Document, number]>([
    ['a stage that makes no sense', [{ $group: { _id: 1 } }], {}, 20],
    ['a token that is none', [], { resumeAfter: { _data: 'xyz' } }, 9],
    ['a token of another server', [], { resumeAfter: { _data: '8263' } }, 260],
    ['a token without data', [], { resumeAfter: {} }, 40647],
    ['a time that is none', [], { startAtOperationTime: 1 as never }, 14],
    ['an unknown way to show documents', [], { fullDocument: 'foo' }, 2],
    ['documents that must be there', [], { fullDocument: 'required' }, 238],
    ['more events', [], { showExpandedEvents: true }, 238],
    ['two places to start', [], { resumeAfter: { _data: `82${'0'.repeat(18)}` }, startAfter: { _data: 'x' } }, 40674],
    ['images of before', [], { fullDocumentBeforeChange: 'required' }, 238],
  ])('refuses %s', async (_title, pipeline, options, code) => {
    const stream = store.fresh().watch(pipeline, options);
    expect(await failureOf(stream.next())).toMatchObject({ code });
  });
});
