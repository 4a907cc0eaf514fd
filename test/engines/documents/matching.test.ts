import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

const big = Long.fromString('9007199254740993');
const id = new ObjectId();

describe('a filter', () => {
  test.each<[string, unknown, unknown, boolean]>([
    ['equal numbers of different types', { a: 1 }, { a: Decimal128.fromString('1.00') }, true],
    ['a long beyond 2^53 equals itself', { a: big }, { a: big }, true],
    ['a long beyond 2^53 is not its neighbour', { a: big }, { a: Long.fromString('9007199254740992') }, false],
    ['a long beyond 2^53 is above the double below it', { a: { $gt: 9007199254740992 } }, { a: big }, true],
    ['decimal 0.1 is not double 0.1', { a: Decimal128.fromString('0.1') }, { a: 0.1 }, false],
    ['decimal 0.1 is below double 0.1', { a: { $gt: Decimal128.fromString('0.1') } }, { a: 0.1 }, true],
    ['minus zero equals zero', { a: 0 }, { a: new Double(-0) }, true],
    ['NaN equals NaN', { a: Number.NaN }, { a: Number.NaN }, true],
    ['NaN is not below a number', { a: { $lt: 5 } }, { a: Number.NaN }, false],
    ['NaN is >= NaN', { a: { $gte: Number.NaN } }, { a: Number.NaN }, true],
    [
      'binary is compared by bytes',
      { a: new Binary(Buffer.from([255])) },
      { a: new Binary(Buffer.from([254])) },
      false,
    ],
    [
      'binary of another subtype differs',
      { a: new Binary(Buffer.from([1]), 0) },
      { a: new Binary(Buffer.from([1]), 5) },
      false,
    ],
    ['null matches missing', { a: null }, {}, true],
    ['null matches null', { a: null }, { a: null }, true],
    ['null does not match an empty array', { a: null }, { a: [] }, false],
    ['null matches inside an array', { a: null }, { a: [1, null] }, true],
    ['null matches a field missing in one of the documents', { 'a.b': null }, { a: [{ b: 1 }, { c: 1 }] }, true],
    ['null below a scalar counts as missing', { 'a.b': null }, { a: 5 }, true],
    ['null below an array of scalars does not', { 'a.b': null }, { a: [5] }, false],
    ['$gte null matches missing', { a: { $gte: null } }, {}, true],
    ['$gt null matches nothing', { a: { $gt: null } }, { a: 1 }, false],
    ['$ne null needs presence', { a: { $ne: null } }, {}, false],
    ['$exists false', { a: { $exists: false } }, {}, true],
    ['$exists true with null', { a: { $exists: true } }, { a: null }, true],
    ['an item of an array', { a: 2 }, { a: [1, 2] }, true],
    ['a whole array', { a: [1, 2] }, { a: [1, 2] }, true],
    ['a whole array in another order', { a: [2, 1] }, { a: [1, 2] }, false],
    ['an array within an array', { a: [1, 2] }, { a: [[1, 2]] }, true],
    ['bounds met by different items', { a: { $gt: 5, $lt: 3 } }, { a: [1, 9] }, true],
    ['$elemMatch wants one item', { a: { $elemMatch: { $gt: 5, $lt: 3 } } }, { a: [1, 9] }, false],
    [
      '$elemMatch on documents',
      { a: { $elemMatch: { x: 1, y: 2 } } },
      {
        a: [
          { x: 1, y: 1 },
          { x: 1, y: 2 },
        ],
      },
      true,
    ],
    [
      '$elemMatch across documents',
      { a: { $elemMatch: { x: 1, y: 2 } } },
      {
        a: [
          { x: 1, y: 1 },
          { x: 2, y: 2 },
        ],
      },
      false,
    ],
    ['a path through an array', { 'a.b': 2 }, { a: [{ b: 1 }, { b: 2 }] }, true],
    ['a path by index', { 'a.1.b': 2 }, { a: [{ b: 1 }, { b: 2 }] }, true],
    ['a path by the wrong index', { 'a.0.b': 2 }, { a: [{ b: 1 }, { b: 2 }] }, false],
    ['a number as a field name', { 'a.0': 5 }, { a: { 0: 5 } }, true],
    ['an index of a nested array', { 'a.0.1': 2 }, { a: [[1, 2]] }, true],
    ['a document with its fields in order', { a: { x: 1, y: 2 } }, { a: { x: 1, y: 2 } }, true],
    ['a document with its fields in another order', { a: { y: 2, x: 1 } }, { a: { x: 1, y: 2 } }, false],
    ['types do not mix', { a: { $gt: 5 } }, { a: 'x' }, false],
    ['$gt MinKey is everything', { a: { $gt: new MinKey() } }, { a: 'x' }, true],
    ['$lt MaxKey is everything', { a: { $lt: new MaxKey() } }, { a: 'x' }, true],
    ['$gt MinKey is also what is missing', { a: { $gt: new MinKey() } }, {}, true],
    ['$gte MaxKey is MaxKey only', { a: { $gte: new MaxKey() } }, {}, false],
    ['$in', { a: { $in: [1, 'x', null] } }, { a: 'x' }, true],
    ['$in with null and missing', { a: { $in: [1, null] } }, {}, true],
    ['$in with a pattern', { a: { $in: [/^x/] } }, { a: 'xy' }, true],
    ['$nin', { a: { $nin: [1, 2] } }, { a: [3, 2] }, false],
    ['$not', { a: { $not: { $gt: 5 } } }, { a: 'x' }, true],
    ['$not with a pattern', { a: { $not: /x/ } }, { a: 'y' }, true],
    ['$ne against an array', { a: { $ne: 2 } }, { a: [1, 2] }, false],
    ['$nor', { $nor: [{ a: 1 }, { b: 1 }] }, { a: 2 }, true],
    ['$and of $or', { $and: [{ $or: [{ a: 1 }, { a: 2 }] }, { b: 1 }] }, { a: 2, b: 1 }, true],
    ['$size', { a: { $size: 2 } }, { a: [1, 2] }, true],
    ['$size of no array', { a: { $size: 1 } }, { a: 1 }, false],
    ['$all', { a: { $all: [1, 2] } }, { a: [2, 3, 1] }, true],
    ['$all of one on a scalar', { a: { $all: [1] } }, { a: 1 }, true],
    ['$all of nothing', { a: { $all: [] } }, { a: [] }, false],
    ['$mod', { a: { $mod: [4, 1] } }, { a: 5 }, true],
    ['$mod truncates', { a: { $mod: [4, 1] } }, { a: 5.9 }, true],
    ['$mod of a decimal', { a: { $mod: [4, 1] } }, { a: Decimal128.fromString('-7') }, false],
    ['$mod of what is beyond 64 bits', { a: { $mod: [1, 0] } }, { a: 1e30 }, false],
    ['$mod of infinity', { a: { $mod: [1, 0] } }, { a: Infinity }, false],
    ['$bitsAllSet far out is the sign', { a: { $bitsAllSet: [2_000_000_000] } }, { a: -1 }, true],
    ['$bitsAllClear of a binary', { a: { $bitsAllClear: [8] } }, { a: new Binary(Buffer.from([255])) }, true],
    ['$bitsAnySet of a fraction', { a: { $bitsAnySet: 1 } }, { a: 1.5 }, false],
    [
      '$all of tests',
      { a: { $all: [{ $elemMatch: { x: 1 } }, { $elemMatch: { x: 2 } }] } },
      { a: [{ x: 1 }, { x: 2 }] },
      true,
    ],
    ['$elemMatch on a reference', { a: { $elemMatch: { $id: 1 } } }, { a: [{ $ref: 'c', $id: 1 }] }, true],
    ['a reference as a whole', { a: { $ref: 'c', $id: 1 } }, { a: { $ref: 'c', $id: 1 } }, true],
    ['null does not match within an empty array', { 'a.b': null }, { a: [] }, false],
    ['$exists false within an empty array', { 'a.b': { $exists: false } }, { a: [] }, true],
    ['$type by name', { a: { $type: 'long' } }, { a: big }, true],
    ['$type of an item', { a: { $type: 'string' } }, { a: [1, 'x'] }, true],
    ['$type array', { a: { $type: 'array' } }, { a: [] }, true],
    ['$type number', { a: { $type: 'number' } }, { a: Decimal128.fromString('1') }, true],
    ['a pattern', { a: /^ab/i }, { a: 'ABC' }, true],
    ['$regex with $options', { a: { $regex: '^b', $options: 'm' } }, { a: 'a\nb' }, true],
    ['a pattern against a number', { a: /1/ }, { a: 1 }, false],
    ['$bitsAllSet', { a: { $bitsAllSet: 5 } }, { a: 7 }, true],
    ['$bitsAnyClear by positions', { a: { $bitsAnyClear: [0, 1] } }, { a: 3 }, false],
    ['$expr', { $expr: { $gt: ['$a', '$b'] } }, { a: 2, b: 1 }, true],
    ['$expr with a missing field', { $expr: { $eq: ['$a', null] } }, {}, false],
    ['an ObjectId', { a: id }, { a: id }, true],
    ['dates', { a: { $lt: new Date(5) } }, { a: new Date(-5) }, true],
    ['int and double are one type', { a: { $gt: new Int32(1) } }, { a: 1.5 }, true],
    ['booleans are not numbers', { a: 1 }, { a: true }, false],
    ['$comment changes nothing', { a: 1, $comment: 'why' }, { a: 1 }, true],
  ])('%s', async (_title, filter, doc, isMatch) => {
    const found = store.fresh();
    await found.insertOne(doc as never);
    expect(await found.countDocuments(filter as never)).toBe(isMatch ? 1 : 0);
  });

  test.each<[string, unknown, number]>([
    ['an unknown operator', { a: { $foo: 1 } }, 2],
    ['an unknown top level operator', { $foo: 1 }, 2],
    ['$in without a list', { a: { $in: 5 } }, 2],
    ['$in with operators', { a: { $in: [{ $gt: 1 }] } }, 2],
    ['$all of tests and values', { a: { $all: [{ $elemMatch: { x: 1 } }, 1] } }, 2],
    ['$all of operators', { a: { $all: [{ $gt: 1 }] } }, 2],
    ['$not of nothing', { a: { $not: {} } }, 2],
    ['$not of a value', { a: { $not: 1 } }, 2],
    ['$gt of a pattern', { a: { $gt: /x/ } }, 2],
    ['$ne of a pattern', { a: { $ne: /x/ } }, 2],
    ['operators beside a field', { a: { $gt: 1, b: 1 } }, 2],
    ['a part of a reference', { a: { $id: 1 } }, 2],
    ['$or of a value', { $or: [1] }, 2],
    ['$and of no list', { $and: {} }, 2],
    ['$size of a fraction', { a: { $size: 1.5 } }, 2],
    ['$size below zero', { a: { $size: -1 } }, 2],
    ['$size of a text', { a: { $size: '1' } }, 2],
    ['$type of nothing', { a: { $type: [] } }, 9],
    ['$type by a wrong number', { a: { $type: 99 } }, 2],
    ['$type by null', { a: { $type: null } }, 14],
    ['$mod of one number', { a: { $mod: [4] } }, 2],
    ['$mod by NaN', { a: { $mod: [Number.NaN, 1] } }, 2],
    ['$mod by a text', { a: { $mod: ['x', 1] } }, 2],
    ['a bit below zero', { a: { $bitsAllSet: [-1] } }, 2],
    ['half a bit', { a: { $bitsAllSet: [0.5] } }, 2],
    ['a negative mask', { a: { $bitsAllSet: -1 } }, 9],
    ['a fractional mask', { a: { $bitsAllSet: 1.5 } }, 9],
    ['a mask of text', { a: { $bitsAllSet: 'x' } }, 2],
    ['$options without $regex', { a: { $options: 'i' } }, 2],
    ['$regex of a number', { a: { $regex: 1 } }, 2],
    ['$elemMatch of a value', { a: { $elemMatch: 1 } }, 2],
    ['$expr inside $elemMatch', { a: { $elemMatch: { $expr: true } } }, 2],
    ['$alwaysTrue of 2', { $alwaysTrue: 2 }, 9],
    ['$sampleRate', { $sampleRate: 0.5 }, 238],
    ['$where', { $where: 'true' }, 2],
    ['$text', { $text: { $search: 'x' } }, 27],
    ['$near', { a: { $near: [1, 2] } }, 238],
    ['$jsonSchema', { $jsonSchema: {} }, 238],
    ['an unknown type', { a: { $type: 'foo' } }, 2],
    ['$mod by zero', { a: { $mod: [0, 1] } }, 2],
    ['$or without branches', { $or: [] }, 2],
    ['an undefined variable', { $expr: '$$foo' }, 17276],
    ['an unknown expression', { $expr: { $foo: 1 } }, 168],
    ['a pattern that is none', { a: { $regex: '(' } }, 51091],
  ])('refuses %s', async (_title, filter, code) => {
    const failure = await failureOf(
      store
        .fresh()
        .find(filter as never)
        .toArray(),
    );
    expect(failure).toMatchObject({ code });
  });
});

describe('a sort', () => {
  test.each<[string, unknown, number]>([
    ['by 2', { a: 2 }, 15975],
    ['by 0', { a: 0 }, 15975],
    ['by a text', { a: 'up' }, 15974],
    ['by an expression', { a: { $add: [1, 1] } }, 17312],
    ['by $meta', { a: { $meta: 'textScore' } }, 238],
    ['by a field without a name', { '': 1 }, 40352],
    ['by a path that ends in a dot', { 'a.': 1 }, 40353],
    ['by an empty name in a path', { 'a..b': 1 }, 15998],
    ['by a dollar', { $a: 1 }, 16410],
    ['by $natural of 2', { $natural: 2 }, 2],
    ['by too many fields', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, 1])), 2],
  ])('%s is refused', async (_title, sort, code) => {
    const docs = store.fresh();
    expect(await failureOf(store.db.command({ find: docs.collectionName, sort }))).toMatchObject({ code });
  });

  test('by two arrays is refused as such', async () => {
    const docs = store.fresh();
    await docs.insertOne({ a: [1], b: [2] } as never);
    expect(await failureOf(docs.find({}).sort({ a: 1, b: 1 }).toArray())).toMatchObject({ code: 2 });
  });

  test('of an aggregation needs a field', async () => {
    const docs = store.fresh();
    expect(await failureOf(docs.aggregate([{ $sort: {} }]).toArray())).toMatchObject({ code: 15976 });
    expect(await failureOf(docs.aggregate([{ $sort: { $natural: 1 } }]).toArray())).toMatchObject({ code: 16410 });
  });
});
