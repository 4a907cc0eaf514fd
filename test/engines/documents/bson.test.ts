import { serialize } from 'bson';
import fc from 'fast-check';
import {
  Binary,
  BSONRegExp,
  Code,
  type Collection,
  DBRef,
  Decimal128,
  type Document,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toValue } from '../../../engines/documents/bson/build.ts';
import { compare } from '../../../engines/documents/bson/compare.ts';
import { assertDocument } from '../../../engines/documents/bson/validate.ts';
import { documentAt, elements, field, isArray, isDocument, type Value } from '../../../engines/documents/bson/value.ts';
import { DocumentError } from '../../../engines/documents/errors.ts';
import { encodeKey } from '../../../engines/documents/key-encoding.ts';
import { type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

const nested = serialize({ z: new Int32(1), 1: new Double(1), a: [new Long(1), null] });

const samples: readonly [string, unknown][] = [
  ['double one', new Double(1)],
  ['minus zero', new Double(-0)],
  ['NaN', new Double(Number.NaN)],
  ['infinity', new Double(-Infinity)],
  ['string with a zero', 'a\0b'],
  ['string beyond the plane', '😀é'],
  ['empty string', ''],
  ['document', { b: 1, 2: 2, 1: 1 }],
  ['array', [1, [2, { x: new Int32(3) }], []]],
  ['binary', new Binary(Buffer.from([0, 255, 1]), 0)],
  ['uuid', new Binary(Buffer.alloc(16, 7), 4)],
  ['old binary', new Binary(Buffer.from([1, 2]), 128)],
  ['ObjectId', new ObjectId()],
  ['true', true],
  ['date before 1970', new Date(-1)],
  ['null', null],
  ['regex', new BSONRegExp('^a.*', 'imx')],
  ['reference', new DBRef('c', new ObjectId(), 'd')],
  ['code', new Code('return 1')],
  ['code with scope', new Code('return x', { x: 1 })],
  ['int', new Int32(-1)],
  ['timestamp', new Timestamp({ t: 4_000_000_000, i: 4_000_000_000 })],
  ['long minus one', Long.fromNumber(-1)],
  ['smallest long', Long.MIN_VALUE],
  ['decimal', Decimal128.fromString('1.500')],
  ['decimal with exponent', Decimal128.fromString('-9E-6170')],
  ['decimal infinity', Decimal128.fromString('-Infinity')],
  ['MinKey', new MinKey()],
  ['MaxKey', new MaxKey()],
];

const rawBytes = async (docs: Collection<Document>): Promise<Buffer> => {
  const [raw] = (await docs.find({}, { raw: true }).toArray()) as unknown as Buffer[];
  return Buffer.from(raw!);
};

/** Where the last value of a document ends, nested ones included. */
const lastEnd = (doc: Value): number =>
  elements(doc).reduce(
    (end, { value }) => Math.max(end, value.end, isDocument(value) || isArray(value) ? lastEnd(value) : 0),
    0,
  );

describe('documents', () => {
  test.each(samples)('keep the bytes of %s, also through an update of another field', async (_title, value) => {
    const docs = store.fresh() as unknown as Collection<Document>;
    const doc = { _id: new ObjectId(), v: value, deep: { list: [value], 9: value }, n: new Int32(1) };
    await docs.insertOne(doc);
    expect(await rawBytes(docs)).toEqual(Buffer.from(serialize(doc)));
    await docs.updateOne({}, { $set: { n: new Int32(2), 'deep.new': new Int32(3) } });
    const after = { ...doc, deep: { ...doc.deep, new: new Int32(3) }, n: new Int32(2) };
    expect(await rawBytes(docs)).toEqual(Buffer.from(serialize(after)));
  });

  test('with damaged bytes are refused, or every value lies inside', () => {
    const whole = Buffer.from(serialize(Object.fromEntries(samples)));
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (bytes) => {
        const doc = Buffer.from(whole);
        for (const [at, byte] of bytes) doc[at] = byte;
        try {
          assertDocument(documentAt(doc), doc.length);
        } catch (error) {
          expect(error).toBeInstanceOf(DocumentError);
          return;
        }
        expect(lastEnd(documentAt(doc))).toBeLessThan(doc.length);
      }),
      { numRuns: 3000 },
    );
  });

  test('keep fields that look like numbers in their places', async () => {
    const docs = store.fresh() as unknown as Collection<Document>;
    await docs.insertOne({ _id: 1, inner: nested } as Document);
    await docs.updateOne({}, { $set: { x: 1 } });
    expect(await rawBytes(docs)).toEqual(Buffer.from(serialize({ _id: 1, inner: nested, x: 1 })));
  });

  const ids = samples.filter(([, value]) => value !== null && !Array.isArray(value) && !(value instanceof BSONRegExp));

  test.each(ids)('are found by an _id that is %s', async (_title, value) => {
    const docs = store.fresh() as unknown as Collection<Document>;
    await docs.insertMany([{ _id: value as never, n: 1 }, { _id: 'another' as never }]);
    expect(await docs.countDocuments({ _id: value as never })).toBe(1);
  });

  test('sort in the order of BSON types', async () => {
    const docs = store.fresh();
    const ordered = [
      new MinKey(),
      null,
      new Double(Number.NaN),
      -5,
      Long.fromString('-2'),
      Decimal128.fromString('0.5'),
      7,
      'a',
      'b',
      { a: 1 },
      { b: 0 },
      new Binary(Buffer.from([9])),
      new Binary(Buffer.from([1, 1])),
      new ObjectId('000000000000000000000001'),
      false,
      true,
      new Date(-5),
      new Date(3),
      new Timestamp({ t: 1, i: 1 }),
      new BSONRegExp('a', ''),
      new MaxKey(),
    ];
    const shuffled = ordered.map((v, i) => ({ _id: (i * 8) % ordered.length, i, v }));
    await docs.insertMany(shuffled);
    const byScan = await docs.find({}).sort({ v: 1 }).toArray();
    expect(byScan.map(({ i }) => i)).toEqual(ordered.map((_, i) => i));
    await docs.createIndex({ v: -1 });
    const byIndex = await docs.find({}).sort({ v: -1 }).toArray();
    expect(byIndex.map(({ i }) => i)).toEqual(ordered.map((_, i) => i).reverse());
  });
});

const number = fc.oneof(
  fc.double().map((n) => new Double(n)),
  fc.integer().map((n) => new Int32(n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => Long.fromBigInt(n)),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.integer({ min: -60, max: 60 }))
    .map(([c, e]) => Decimal128.fromString(`${c}E${e}`)),
  fc.integer({ min: -4, max: 4 }).map((n) => Decimal128.fromString(`${n}.0`)),
  fc.constantFrom(...['9007199254740992', '9007199254740993', '9007199254740994'].map((n) => Long.fromString(n))),
  fc.constantFrom(0.1, 0.2, 0.3).map((n) => Decimal128.fromString(String(n))),
  fc.constantFrom(0.1, 0.2, 0.3, 2 ** 53, 1e300, 5e-324).map((n) => new Double(n)),
);

const anything = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    number,
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => new Binary(bytes)),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(
      fc.string({ maxLength: 2 }).filter((name) => !name.includes('\0')),
      tie('tree'),
      { maxKeys: 3 },
    ),
  ),
})).tree;

const bsonOf = (value: unknown): Value => field(documentAt(Buffer.from(serialize({ v: value }))), 'v') ?? toValue(null);

describe('the key encoding', () => {
  test.each([
    ['numbers of all types', number],
    ['anything', anything],
  ])('orders %s as comparison does', (_title, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, arbitrary, (a, b) => {
        const [x, y] = [bsonOf(a), bsonOf(b)];
        expect(Math.sign(encodeKey(x).compare(encodeKey(y)))).toBe(Math.sign(compare(x, y)));
        expect(Math.sign(compare(x, y))).toBe(-Math.sign(compare(y, x)) + 0);
      }),
      { seed: 7, numRuns: 4000 },
    );
  });
});
