import type { Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

/** What find shows of one document, as text, so that the order of fields counts. */
const shown = async (projection: Document, doc: Document, filter: Document = {}): Promise<string> => {
  const docs = store.fresh();
  await docs.insertOne({ _id: 1, ...doc });
  return JSON.stringify(await docs.findOne(filter, { projection }));
};

/** What a pipeline makes of one document. */
const piped = async (stage: Document, doc: Document): Promise<string> => {
  const docs = store.fresh();
  await docs.insertOne({ _id: 1, ...doc });
  return JSON.stringify((await docs.aggregate([stage]).toArray())[0]);
};

const doc = { a: [{ x: 1, y: 2 }, 5, [{ x: 3, y: 4 }], { y: 1 }], b: { c: 1, d: 2 }, e: 5, f: [1, 2, 3, 4] };

describe('a projection of find', () => {
  test.each<[string, Document, Document]>([
    ['inclusion in the order of the document', { e: 1, b: 1 }, { _id: 1, b: { c: 1, d: 2 }, e: 5 }],
    ['inclusion through arrays of arrays', { 'a.x': 1 }, { _id: 1, a: [{ x: 1 }, [{ x: 3 }], {}] }],
    ['inclusion below a scalar', { 'e.x': 1 }, { _id: 1 }],
    ['a nested projection', { b: { c: 1 } }, { _id: 1, b: { c: 1 } }],
    ['a dotted and a nested one together', { 'b.c': 1, b: { d: 1 } }, { _id: 1, b: { c: 1, d: 2 } }],
    ['exclusion but for _id', { _id: 1, a: 0, b: 0, f: 0 }, { _id: 1, e: 5 }],
    ['exclusion in nested documents', { _id: 0, 'b.c': 0, a: 0, f: 0 }, { b: { d: 2 }, e: 5 }],
    ['only _id left out', { _id: 0 }, doc],
    ['only _id', { _id: true }, { _id: 1 }],
    ['a computed field comes last', { s: { $add: ['$e', 1] }, e: 1 }, { _id: 1, e: 5, s: 6 }],
    ['a field under another name', { s: '$b.c' }, { _id: 1, s: 1 }],
    ['a literal', { s: { $literal: 1 } }, { _id: 1, s: 1 }],
    ['a field computed in a document', { 'b.s': '$e' }, { _id: 1, b: { s: 5 } }],
    ['a field computed below a scalar', { 'e.s': { $literal: 1 }, b: 1 }, { _id: 1, b: { c: 1, d: 2 }, e: { s: 1 } }],
    [
      'a field computed in every item',
      { 'f.s': { $literal: 1 } },
      { _id: 1, f: [{ s: 1 }, { s: 1 }, { s: 1 }, { s: 1 }] },
    ],
    ['a field computed where there is nothing', { 'n.m.s': '$e' }, { _id: 1, n: { m: { s: 5 } } }],
    ['$slice leaves the others', { f: { $slice: -1 }, a: 0 }, { _id: 1, b: { c: 1, d: 2 }, e: 5, f: [4] }],
    ['$slice beside _id alone', { f: { $slice: 1 }, _id: 1 }, { _id: 1, f: [1] }],
    ['$slice in an inclusion', { e: 1, f: { $slice: [1, 2] } }, { _id: 1, e: 5, f: [2, 3] }],
    ['$slice from the end with a limit', { e: 1, f: { $slice: [-3, 2] } }, { _id: 1, e: 5, f: [2, 3] }],
    ['$slice of no array', { e: { $slice: 1 }, a: 0, f: 0 }, { _id: 1, b: { c: 1, d: 2 }, e: 5 }],
    ['$slice as an expression', { s: { $slice: ['$f', 2] } }, { _id: 1, s: [1, 2] }],
    ['$elemMatch of a scalar', { f: { $elemMatch: { $gt: 2 } } }, { _id: 1, f: [3] }],
    [
      '$elemMatch after the fields that are included',
      { f: { $elemMatch: { $gt: 2 } }, e: 1 },
      { _id: 1, e: 5, f: [3] },
    ],
    ['$elemMatch in an exclusion', { f: { $elemMatch: { $gt: 2 } }, a: 0, b: 0 }, { _id: 1, e: 5, f: [3] }],
    ['$elemMatch without a match', { f: { $elemMatch: { $gt: 9 } } }, { _id: 1 }],
  ])('shows %s', async (_title, projection, result) => {
    const wanted = result === doc ? doc : result;
    expect(await shown(projection, doc)).toBe(JSON.stringify(wanted));
  });

  test.each<[string, Document, Document, Document]>([
    ['the item of the path', { 'f.$': 1 }, { f: { $gt: 2 } }, { _id: 1, f: [3] }],
    ['the item of an array on the way', { 'a.x.$': 1 }, { 'a.x': 1 }, { _id: 1, a: [{ x: 1 }] }],
    ['nothing of what is no array', { 'e.$': 1 }, { e: 5 }, { _id: 1, e: 5 }],
  ])('by position shows %s', async (_title, projection, filter, result) => {
    expect(await shown(projection, doc, filter)).toBe(JSON.stringify(result));
  });

  test.each<[string, Document, number]>([
    ['inclusion in an exclusion', { a: 0, b: 1 }, 31253],
    ['exclusion in an inclusion', { a: 1, b: 0 }, 31254],
    ['a nested mixture', { a: { x: 1, y: 0 } }, 31254],
    ['an expression in an exclusion', { a: 0, s: { $add: [1, 1] } }, 31252],
    ['a literal in an exclusion', { a: 0, s: '$b' }, 31310],
    ['a path within an included field', { a: 1, 'a.b': 1 }, 31249],
    ['a field around an included path', { 'a.b': 1, a: 1 }, 31250],
    ['a document in the place of a field', { 'a.b': 1, a: { b: 1 } }, 31250],
    ['an unknown expression', { a: { $foo: 1 } }, 31325],
    ['operators beside fields', { a: { $add: [1], b: 1 } }, 16410],
    ['an empty document', { a: {} }, 51270],
    ['an empty name', { '': 1 }, 40352],
    ['a path that ends in a dot', { 'a.': 1 }, 40353],
    ['an empty name in a path', { 'a..b': 1 }, 15998],
    ['a name with a dollar', { $a: 1 }, 16410],
    ['a position in the middle', { 'a.$.x': 1 }, 31394],
    ['a position without a path', { '.$': 1 }, 5392900],
    ['two positions', { 'a.$': 1, 'f.$': 1 }, 31276],
    ['a position that is left out', { 'a.$': 0 }, 31395],
    ['a position with a document', { 'a.$': { x: 1 } }, 31271],
    ['a position with a literal', { 'a.$': 'x' }, 31308],
    ['a position after $elemMatch', { a: { $elemMatch: { x: 1 } }, 'f.$': 1 }, 31256],
    ['$elemMatch after a position', { 'f.$': 1, a: { $elemMatch: { x: 1 } } }, 31255],
    ['$elemMatch of a value', { a: { $elemMatch: 1 } }, 31274],
    ['$elemMatch on a path', { 'b.c': { $elemMatch: { x: 1 } } }, 31275],
    ['$slice of a text', { f: { $slice: 'x' } }, 28667],
    ['$slice of three numbers', { f: { $slice: [1, 2, 3, 4] } }, 28667],
    ['$slice of nothing', { f: { $slice: [1, 0] } }, 28724],
    ['$meta', { a: { $meta: 'textScore' } }, 238],
    ['no match for a position', { 'f.$': 1 }, 51246],
  ])('refuses %s', async (_title, projection, code) => {
    expect(await failureOf(shown(projection, doc, { e: 5 }))).toMatchObject({ code });
  });

  test('refuses an item that the other array does not have', async () => {
    const work = shown({ 'g.$': 1 }, { f: [1, 2, 3], g: [1] }, { f: 3 });
    expect(await failureOf(work)).toMatchObject({ code: 51247 });
  });
});

describe('a stage', () => {
  test.each<[string, Document, Document]>([
    ['$project computes', { $project: { _id: 0, s: { $add: ['$e', 1] }, e: 1 } }, { e: 5, s: 6 }],
    ['$project leaves out', { $project: { a: 0, f: 0, 'b.c': 0 } }, { _id: 1, b: { d: 2 }, e: 5 }],
    [
      '$addFields replaces in place',
      { $addFields: { b: 1, g: '$e' } },
      { _id: 1, a: doc.a, b: 1, e: 5, f: doc.f, g: 5 },
    ],
    [
      '$addFields reaches into documents',
      { $addFields: { 'b.c': '$e', 'b.n.m': 0 } },
      { _id: 1, a: doc.a, b: { c: 5, d: 2, n: { m: 0 } }, e: 5, f: doc.f },
    ],
    [
      '$addFields reaches into arrays',
      { $set: { 'f.s': 1, a: {} } },
      { _id: 1, a: {}, b: doc.b, e: 5, f: [{ s: 1 }, { s: 1 }, { s: 1 }, { s: 1 }] },
    ],
    [
      '$addFields with nested documents',
      { $set: { b: { c: { z: 1 } } } },
      { _id: 1, a: doc.a, b: { c: { z: 1 }, d: 2 }, e: 5, f: doc.f },
    ],
    ['$addFields of what is missing removes', { $set: { e: '$none', a: '$$REMOVE' } }, { _id: 1, b: doc.b, f: doc.f }],
    ['$unset of a path', { $unset: ['a', 'f', 'b.c'] }, { _id: 1, b: { d: 2 }, e: 5 }],
    ['$replaceRoot', { $replaceRoot: { newRoot: '$b' } }, { c: 1, d: 2 }],
  ])('%s', async (_title, stage, result) => {
    expect(await piped(stage, doc)).toBe(JSON.stringify(result));
  });

  test.each<[string, Document, number]>([
    ['$project of nothing', { $project: {} }, 51272],
    ['$project of no document', { $project: 1 }, 15969],
    ['$project by position', { $project: { 'a.$': 1 } }, 31324],
    ['$project with $elemMatch', { $project: { a: { $elemMatch: { x: 1 } } } }, 168],
    ['$project with an unknown expression', { $project: { a: { $foo: 1 } } }, 31325],
    ['$project of both', { $project: { a: 1, b: 0 } }, 31254],
    ['$project of a path twice', { $project: { a: 1, 'a.b': 1 } }, 31249],
    ['$addFields of nothing', { $addFields: {} }, 40177],
    ['$addFields of no document', { $addFields: 1 }, 40272],
    ['$set on the same way', { $set: { a: 1, 'a.b': 1 } }, 31249],
    ['$set with a dollar', { $set: { $a: 1 } }, 16410],
    ['$unset of a number', { $unset: 1 }, 31002],
    ['$unset of nothing', { $unset: [] }, 31119],
    ['$unset of numbers', { $unset: [1] }, 31120],
    ['$unset of an empty name', { $unset: '' }, 40352],
    ['$replaceRoot of a number', { $replaceRoot: { newRoot: '$e' } }, 40228],
    ['$replaceRoot of nothing', { $replaceRoot: {} }, 40231],
    ['$replaceRoot with an option', { $replaceRoot: { newRoot: '$b', x: 1 } }, 40230],
  ])('refuses %s', async (_title, stage, code) => {
    expect(await failureOf(piped(stage, doc))).toMatchObject({ code });
  });
});
