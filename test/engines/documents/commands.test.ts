import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { deserialize, serialize } from 'bson';
import { type Document, Long, UUID } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../../engines/documents/crc32c.ts';
import { failureOf, type RunningStore, runStore, until } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

const admin = (command: Document) => store.client.db('admin').command(command);

describe('the server', () => {
  test('introduces itself as a single-node replica set', async () => {
    expect(await admin({ hello: 1 })).toMatchObject({
      isWritablePrimary: true,
      setName: 'rs0',
      maxWireVersion: 25,
      ok: 1,
    });
    expect(await admin({ buildInfo: 1 })).toMatchObject({ version: '8.0.0' });
  });

  test('tells the time of the last change with every reply, errors too', async () => {
    const reply = await store.db.command({ ping: 1 });
    expect(reply).toHaveProperty('operationTime');
    expect(reply).toHaveProperty('$clusterTime');
    const failure = await failureOf(store.db.command({ foo: 1 }));
    expect(failure).toMatchObject({ code: 59, codeName: 'CommandNotFound' });
    expect(failure.errorResponse).toHaveProperty('operationTime');
  });

  test.each(['serverStatus', 'connectionStatus', 'listDatabases', 'getCmdLineOpts', 'hostInfo', 'replSetGetStatus'])(
    'answers %s',
    async (name) => {
      expect(await admin({ [name]: 1 })).toMatchObject({ ok: 1 });
    },
  );

  test('refuses transactions with a clear message', async () => {
    const session = store.client.startSession();
    session.startTransaction();
    const failure = await failureOf(store.fresh().insertOne({ a: 1 }, { session }));
    expect(failure).toMatchObject({ code: 263 });
    expect(failure.message).toContain('no multi-document transactions');
    await session.endSession();
  });

  test('sends nothing back where the client wants no reply', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1 }, { writeConcern: { w: 0 } });
    await docs.insertMany([{ _id: 2 }, { _id: 3 }], { writeConcern: { w: 0 } });
    while ((await docs.countDocuments()) < 3) await docs.findOne({});
    expect(await docs.countDocuments()).toBe(3);
  });

  test('does what a client wanted no reply to, also when it has gone', async () => {
    const docs = store.fresh();
    const socket = connectSocket(join(store.dir, 'm.sock'));
    const insert = (_id: number) => messageOf(bodySection({ insert: docs.collectionName, documents: [{ _id }] }), 2);
    socket.end(Buffer.concat(Array.from({ length: 50 }, (_, _id) => insert(_id))));
    await until(async () => (await docs.countDocuments()) === 50);
  });

  test('waits for a client that does not read what it asked for', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, text: 'x'.repeat(8 << 20) });
    const socket = connectSocket(join(store.dir, 'm.sock'));
    socket.pause();
    socket.write(messageOf(bodySection({ find: docs.collectionName })));
    socket.write(messageOf(bodySection({ insert: docs.collectionName, documents: [{ _id: 2 }] })));
    for (let i = 0; i < 200; i += 1) await store.db.command({ ping: 1 });
    expect(await docs.countDocuments()).toBe(1);
    socket.resume();
    await until(async () => (await docs.countDocuments()) === 2);
    socket.destroy();
  });

  const sized = (length: number, ...rest: number[]) => Buffer.from([length, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, ...rest]);

  test.each<[string, Buffer]>([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(3))],
    ['a length below any', sized(4, 0xdd, 7, 0, 0)],
    ['a length above all', Buffer.from([255, 255, 255, 127, ...sized(0).subarray(4), 0xdd, 7, 0, 0])],
    ['an unknown opcode', sized(16, 1, 9, 0, 0)],
    ['an unknown flag', messageOf(bodySection({ ping: 1 }), 4)],
    ['an unknown kind of section', messageOf(Buffer.from([9, 9, 0, 0, 0, 0]))],
    ['a section without a length', messageOf(Buffer.from([1, 0]))],
    ['a section of no length', messageOf(Buffer.from([1, 0, 0, 0, 0, 97, 0]))],
    ['a section of less than nothing', messageOf(Buffer.from([1, 255, 255, 255, 255, 97, 0]))],
    ['a section beyond its message', messageOf(Buffer.from([1, 99, 0, 0, 0, 97, 0]))],
    ['no body', messageOf(Buffer.from([1, 6, 0, 0, 0, 97, 0]))],
  ])('closes a connection that sends %s, and serves the others', async (_title, bytes) => {
    const socket = connectSocket(join(store.dir, 'm.sock'));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    socket.write(bytes);
    await closed;
    expect(await store.db.command({ ping: 1 })).toMatchObject({ ok: 1 });
  });

  test.each<[string, number[]]>([
    ['an unknown type', [0x55, 97, 0]],
    ['a string of no length', [2, 97, 0, 0, 0, 0, 0]],
    ['a string beyond its document', [2, 97, 0, 99, 0, 0, 0, 98, 0]],
    ['a string of less than nothing', [2, 97, 0, 255, 255, 255, 255, 98, 0]],
    ['a string without an end', [2, 97, 0, 2, 0, 0, 0, 98, 99]],
    ['a binary of less than nothing', [5, 97, 0, 255, 255, 255, 255, 0]],
    ['a boolean that is none', [8, 97, 0, 2]],
    ['a document shorter than any', [3, 97, 0, 3, 0, 0, 0]],
    ['a document beyond its own', [3, 97, 0, 99, 0, 0, 0, 0]],
    ['a name without an end', [10, 97, 97]],
    ['a number that is cut off', [16, 97, 0, 1, 2]],
    ['a pattern without options', [11, 97, 0, 98, 0, 98]],
    ['a scope that is no document', [15, 97, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0, 0, 0, 0]],
    ['more after its end', [10, 97, 0, 0, 10, 97, 0]],
    ['a length that is cut off', [3, 97, 0, 5, 0]],
  ])('refuses a document with %s, and serves on', async (_title, bytes) => {
    const name = store.fresh().collectionName;
    const doc = Buffer.from([0, 0, 0, 0, ...bytes, 0]);
    doc.writeInt32LE(doc.length);
    expect(await raw({ insert: name }, doc)).toMatchObject({ ok: 0, code: 22, codeName: 'InvalidBSON' });
    expect(await store.db.collection(name).countDocuments()).toBe(0);
  });

  test('protects messages by the checksum of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  test('checks the checksum of a message that has one, and closes a connection that damages it', async () => {
    const socket = connectSocket(join(store.dir, 'm.sock'));
    const [body, checksum] = [bodySection({ ping: 1 }), Buffer.alloc(4)];
    checksum.writeUInt32LE(crc32c(messageOf(Buffer.concat([body, checksum]), 1).subarray(0, -4)));
    expect(await exchange(socket, [body, checksum], 1)).toMatchObject({ ok: 1 });
    const other = connectSocket(join(store.dir, 'm.sock'));
    const closed = new Promise((resolve) => other.on('close', resolve));
    body[7]! ^= 1;
    expect(await exchange(other, [body, checksum], 1)).toMatchObject({
      ok: 0,
      code: 288,
      codeName: 'ChecksumMismatch',
    });
    await closed;
  });

  const one = documentsSection(Buffer.from(serialize({ _id: 1 })));

  test.each<[string, Buffer[], number]>([
    ['two bodies', [bodySection({ ping: 1 }), bodySection({ ping: 1 })], 40430],
    ['a list twice', [bodySection({ insert: 'twice' }), one, one], 40431],
    ['a list beside its body and in it', [bodySection({ insert: 'twice', documents: [{ _id: 2 }] }), one], 40433],
  ])('refuses a message with %s', async (_title, sections, code) => {
    expect(await exchange(connectSocket(join(store.dir, 'm.sock')), sections)).toMatchObject({ ok: 0, code });
    expect(await store.db.collection('twice').countDocuments()).toBe(0);
  });

  test('serves a thousand connections at once', async () => {
    const sockets = Array.from({ length: 1000 }, () => connectSocket(join(store.dir, 'm.sock')));
    const replies = await Promise.all(sockets.map((socket) => exchange(socket, [bodySection({ ping: 1 })])));
    expect(replies.every(({ ok }) => ok === 1)).toBe(true);
  });

  test('refuses documents deeper than any', async () => {
    let deep: Document = {};
    for (let depth = 0; depth < 201; depth += 1) deep = { a: deep };
    expect(await raw({ insert: 'c' }, Buffer.from(serialize(deep)))).toMatchObject({ ok: 0, code: 15 });
  });
});

describe('a list of writes', () => {
  test('stops at the first error if it is ordered', async () => {
    const docs = store.fresh();
    const failure = await failureOf(docs.insertMany([{ _id: 1 }, { _id: 1 }, { _id: 2 }]));
    expect(failure).toMatchObject({ code: 11000, insertedCount: 1 });
    expect(await docs.countDocuments()).toBe(1);
  });

  test('goes on after errors if it is not', async () => {
    const docs = store.fresh();
    const failure = await failureOf(
      docs.insertMany([{ _id: 1 }, { _id: 1 }, { _id: 2 }, { _id: 2 }], { ordered: false }),
    );
    expect(failure).toMatchObject({ code: 11000, insertedCount: 2 });
    expect((failure.writeErrors as { index: number }[]).map(({ index }) => index)).toEqual([1, 3]);
  });

  test('mixes kinds in one collection', async () => {
    const docs = store.fresh();
    const result = await docs.bulkWrite([
      { insertOne: { document: { _id: 1, a: 1 } } },
      { updateOne: { filter: { _id: 1 }, update: { $inc: { a: 1 } } } },
      { replaceOne: { filter: { _id: 2 }, replacement: { a: 5 }, upsert: true } },
      { updateMany: { filter: {}, update: { $set: { b: 1 } } } },
      { deleteOne: { filter: { a: 5 } } },
    ]);
    expect(result).toMatchObject({
      insertedCount: 1,
      matchedCount: 3,
      modifiedCount: 3,
      upsertedCount: 1,
      deletedCount: 1,
    });
    expect(await docs.find().toArray()).toEqual([{ _id: 1, a: 2, b: 1 }]);
  });

  test('mixes collections, with a result for each write', async () => {
    const [one, two] = [store.fresh(), store.fresh()];
    const result = await store.client.bulkWrite(
      [
        { name: 'insertOne', namespace: one.namespace, document: { _id: 1 } },
        { name: 'updateOne', namespace: two.namespace, filter: { _id: 7 }, update: { $set: { a: 1 } }, upsert: true },
        { name: 'updateMany', namespace: one.namespace, filter: {}, update: { $set: { b: 1 } } },
        { name: 'deleteMany', namespace: two.namespace, filter: { a: 1 } },
      ] as never,
      { verboseResults: true },
    );
    expect(result).toMatchObject({
      insertedCount: 1,
      upsertedCount: 1,
      matchedCount: 1,
      modifiedCount: 1,
      deletedCount: 1,
    });
    expect(result.updateResults?.get(1)).toMatchObject({ upsertedId: 7 });
    const failure = await failureOf(
      store.client.bulkWrite([
        { name: 'insertOne', namespace: one.namespace, document: { _id: 1 } },
        { name: 'insertOne', namespace: one.namespace, document: { _id: 2 } },
      ] as never),
    );
    expect((failure.writeErrors as Map<number, { code: number }>).get(0)).toMatchObject({ code: 11000 });
    expect(await one.countDocuments()).toBe(1);
  });

  test('of thousands goes through, one by one visible in counts', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 5000 }, (_, i) => ({ _id: i, a: i % 10 })));
    expect(await docs.updateMany({ a: 3 }, { $inc: { a: 10 } })).toMatchObject({ modifiedCount: 500 });
    await docs.createIndex({ a: 1 });
    expect(await docs.updateMany({ a: { $gte: 0 } }, { $inc: { a: 1 } })).toMatchObject({ modifiedCount: 5000 });
    expect(await docs.deleteMany({ a: 14 })).toMatchObject({ deletedCount: 500 });
    expect(await docs.countDocuments({})).toBe(4500);
  });
});

describe('a retryable write', () => {
  test.each(['at once', 'after a restart'])('is not done again when it is repeated %s', async (when) => {
    const docs = store.fresh();
    const lsid = { id: new UUID() };
    const update = {
      update: docs.collectionName,
      updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } }, upsert: true }],
      lsid,
      txnNumber: Long.fromNumber(1),
    };
    const first = await raw(update);
    if (when === 'after a restart') await store.restart();
    const again = await raw(update);
    expect(again).toMatchObject({ n: first.n, upserted: first.upserted });
    expect(await store.db.collection(docs.collectionName).findOne({})).toEqual({ _id: 1, n: 1 });
    expect(await raw({ ...update, txnNumber: Long.fromNumber(2) })).toMatchObject({ n: 1, nModified: 1 });
    expect(await raw(update)).toMatchObject({ ok: 0, code: 225 });
  });

  test('gives findAndModify its first answer again', async () => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, n: 1 });
    const command = {
      findAndModify: docs.collectionName,
      query: { _id: 1 },
      update: { $inc: { n: 1 } },
      lsid: { id: new UUID() },
      txnNumber: Long.fromNumber(5),
    };
    expect(await raw(command)).toMatchObject({ value: { _id: 1, n: 1 } });
    expect(await raw(command)).toMatchObject({ value: { _id: 1, n: 1 } });
    expect(await docs.findOne({})).toEqual({ _id: 1, n: 2 });
  });
});

/** An OP_MSG of these sections. */
function messageOf(sections: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(20);
  head.writeInt32LE(head.length + sections.length, 0);
  head.writeInt32LE(1, 4);
  head.writeInt32LE(2013, 12);
  head.writeInt32LE(flags, 16);
  return Buffer.concat([head, sections]);
}

function bodySection(command: Document): Buffer {
  return Buffer.concat([Buffer.from([0]), serialize({ ...command, $db: 'test' })]);
}

function documentsSection(doc: Buffer): Buffer {
  const head = Buffer.from([1, 0, 0, 0, 0, ...Buffer.from('documents\0')]);
  head.writeInt32LE(head.length - 1 + doc.length, 1);
  return Buffer.concat([head, doc]);
}

/** Sends one OP_MSG over a socket of its own, as the driver would frame it; perhaps with a document beside it. */
const raw = (command: Document, doc?: Buffer): Promise<Document> => {
  const body = bodySection(command);
  return exchange(connectSocket(join(store.dir, 'm.sock')), doc ? [body, documentsSection(doc)] : [body]);
};

/** Sends one OP_MSG and reads the reply. */
const exchange = async (socket: Socket, sections: readonly Buffer[], flags = 0): Promise<Document> => {
  socket.write(messageOf(Buffer.concat(sections), flags));
  let reply = Buffer.alloc(0);
  for await (const chunk of socket) {
    reply = Buffer.concat([reply, chunk as Buffer]);
    if (reply.length >= 4 && reply.length >= reply.readInt32LE(0)) break;
  }
  return deserialize(reply.subarray(21));
};
