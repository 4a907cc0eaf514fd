import { Binary, Decimal128, type Document, Double, Int32, Long, MinKey, ObjectId, Timestamp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, type RunningStore, runStore, typed } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

const decimal = (text: string) => Decimal128.fromString(text);
const long = (text: string) => Long.fromString(text);
const int = (n: number) => new Int32(n);
const double = (n: number) => new Double(n);

/** A document with these names, one of which may be `then`. */
const named = (names: string, ...values: unknown[]): Document =>
  Object.fromEntries(names.split(' ').map((name, i) => [name, values[i]]));

const promoted = { promoteValues: true, promoteLongs: true };
const exact = { promoteValues: false, promoteLongs: false };

/** The value of an expression for one document; undefined if it is missing. */
const evaluated = async (expression: unknown, doc: Document = {}, options = exact): Promise<unknown> => {
  const docs = store.fresh();
  await docs.insertOne({ _id: 1, ...doc });
  const [found] = await docs.aggregate([{ $project: { _id: 0, v: expression } }], options).toArray();
  return found!.v;
};

const max = long('9223372036854775807');
const min = long('-9223372036854775808');

describe('a sum', () => {
  const numbers: [string, unknown[], unknown, unknown][] = [
    ['ints stay int', [int(1), int(2)], int(3), double(1.5)],
    ['ints become long', [int(2147483647), int(1)], long('2147483648'), double(1073741824)],
    ['ints that come back are int', [int(2147483647), int(1), int(-1)], int(2147483647), double(2147483647 / 3)],
    ['longs that pass 2^63 and come back are exact', [max, max, min], long('9223372036854775806'), double(2 ** 63 / 3)],
    ['longs beyond 64 bits become double', [max, max], double(2 ** 64), double(2 ** 63)],
    ['doubles are compensated', Array(10).fill(double(0.1)), double(1), double(0.1)],
    [
      'what rounding loses is kept',
      [double(2 ** 53), double(1), double(1)],
      double(2 ** 53 + 2),
      double((2 ** 53 + 2) / 3),
    ],
    [
      'a long beside a double keeps its digits',
      [long('9007199254740993'), double(1)],
      double(2 ** 53 + 2),
      double(2 ** 52 + 1),
    ],
    ['infinities', [double(Infinity), double(1)], double(Infinity), double(Infinity)],
    ['opposite infinities', [double(Infinity), double(-Infinity)], double(Number.NaN), double(Number.NaN)],
    ['decimals', [decimal('0.1'), decimal('0.20')], decimal('0.30'), decimal('0.15')],
    [
      'a decimal and doubles, which count with all their digits',
      [decimal('1'), double(0.5), int(2)],
      decimal('3.5'),
      decimal('1.166666666666666666666666666666667'),
    ],
    ['what is no number is passed over', ['x', null, int(1)], int(1), double(1)],
  ];

  test.each(numbers)('in a group: %s', async (_title, values, sum, average) => {
    const docs = store.fresh();
    await docs.insertMany(values.map((v, _id) => ({ _id, v })) as never);
    const pipeline = [{ $group: { _id: null, sum: { $sum: '$v' }, average: { $avg: '$v' } } }];
    const [found] = await docs.aggregate(pipeline, exact).toArray();
    expect(typed(found)).toBe(typed({ _id: null, sum, average }));
  });

  test.each(numbers)('as an expression: %s', async (_title, values, sum, average) => {
    expect(typed(await evaluated({ $sum: '$v' }, { v: values }))).toBe(typed(sum));
    expect(typed(await evaluated({ $avg: '$v' }, { v: values }))).toBe(typed(average));
  });

  test('of nothing is 0, an average of nothing is null', async () => {
    expect(typed(await evaluated({ $sum: '$none' }))).toBe(typed(int(0)));
    expect(await evaluated({ $avg: '$none' })).toBeNull();
  });
});

const at = new Date('2021-03-04T05:06:07.089Z');

describe('an expression', () => {
  test.each<[string, unknown, unknown]>([
    ['$add of ints that come back', { $add: [int(2147483647), int(1), int(-1)] }, int(2147483647)],
    ['$add beyond 64 bits', { $add: [max, int(1)] }, double(2 ** 63)],
    ['$add of a date rounds half away from zero', { $add: [at, double(1.5)] }, new Date(at.getTime() + 2)],
    ['$add with null', { $add: [int(1), null, 'x'] }, null],
    ['$subtract of dates', { $subtract: [at, new Date(0)] }, Long.fromNumber(at.getTime())],
    ['$multiply beyond 64 bits', { $multiply: [max, int(2)] }, double(2 ** 64)],
    ['$multiply of ints', { $multiply: [int(65536), int(65536)] }, long('4294967296')],
    ['$divide of decimals', { $divide: [decimal('1'), decimal('3')] }, decimal('0.3333333333333333333333333333333333')],
    ['$divide keeps the exponent', { $divide: [decimal('1.00'), decimal('1')] }, decimal('1.00')],
    [
      '$divide by many digits',
      { $divide: [decimal('1'), decimal('1234567890123456789012345678901234')] },
      decimal('8.100000072900000663390006036849059E-34'),
    ],
    ['$mod of decimals', { $mod: [decimal('5.5'), int(2)] }, decimal('1.5')],
    ['$mod of a negative', { $mod: [int(-5), int(3)] }, int(-2)],
    ['$mod of doubles', { $mod: [double(5.5), int(2)] }, double(1.5)],
    ['$abs of the least int', { $abs: int(-2147483648) }, long('2147483648')],
    ['$abs of a decimal', { $abs: decimal('-1.50') }, decimal('1.50')],
    ['$round to even', { $round: double(2.5) }, double(2)],
    ['$round to a place, exactly', { $round: [double(2.675), int(2)] }, double(2.67)],
    ['$round of an int to tens', { $round: [int(15), int(-1)] }, int(20)],
    ['$trunc to a place', { $trunc: [double(-1.29), int(1)] }, double(-1.2)],
    ['$floor of a decimal', { $floor: decimal('-1.5') }, decimal('-2')],
    ['$ceil of a decimal', { $ceil: decimal('1.5') }, decimal('2')],
    ['$toLower of ASCII only', { $toLower: 'ÀB' }, 'Àb'],
    ['$toUpper of a number', { $toUpper: double(1.5) }, '1.5'],
    ['$split', { $split: ['a-b', '-'] }, ['a', 'b']],
    ['$substrCP', { $substrCP: ['a😀b', int(1), int(1)] }, '😀'],
    ['$slice', { $slice: [{ $literal: [int(1), int(2), int(3)] }, int(-2), int(1)] }, [int(2)]],
    ['$arrayElemAt beyond the end is missing', { $arrayElemAt: [[int(1)], int(5)] }, undefined],
    [
      '$setUnion in order',
      {
        $setUnion: [
          [int(3), int(1)],
          [int(2), int(1)],
        ],
      },
      [int(1), int(2), int(3)],
    ],
    ['$setDifference', { $setDifference: [[int(3), int(1), int(3)], [int(1)]] }, [int(3)]],
    [
      '$filter with a limit',
      { $filter: { input: [int(1), int(2), int(3)], cond: { $gt: ['$$this', int(1)] }, limit: int(1) } },
      [int(2)],
    ],
    [
      '$reduce',
      { $reduce: { input: [int(1), int(2)], initialValue: int(0), in: { $add: ['$$value', '$$this'] } } },
      int(3),
    ],
    ['$let', { $let: { vars: { a: int(2) }, in: { $multiply: ['$$a', '$$a'] } } }, int(4)],
    ['$switch', { $switch: { branches: [named('case then', false, 1)], default: 'd' } }, 'd'],
    ['a comparison with a missing field', { $gt: ['$none', new MinKey()] }, true],
    ['$toInt cuts', { $toInt: double(-1.9) }, int(-1)],
    ['$toInt of a text', { $toInt: '-7' }, int(-7)],
    ['$toLong of a decimal is exact', { $toLong: decimal('9007199254740993.9') }, long('9007199254740993')],
    ['$toLong of a date', { $toLong: at }, Long.fromNumber(at.getTime())],
    ['$toDouble of a decimal', { $toDouble: decimal('0.1') }, double(0.1)],
    ['$toDecimal of a double', { $toDecimal: double(0.1) }, decimal('0.100000000000000')],
    ['$toDecimal of zero', { $toDecimal: double(0) }, decimal('0')],
    ['$toString of a double', { $toString: double(1e21) }, '1e+21'],
    ['$toString of a whole double', { $toString: double(2) }, '2'],
    ['$toString of a decimal', { $toString: decimal('1.50') }, '1.50'],
    ['$toString of a date', { $toString: at }, '2021-03-04T05:06:07.089Z'],
    ['$toBool of a text', { $toBool: '' }, true],
    ['$toDate of a day', { $toDate: '2021-03-04' }, new Date('2021-03-04T00:00:00Z')],
    ['$toDate of a time without a zone', { $toDate: '2021-03-04T05:06:07.089' }, at],
    ['$toDate with an offset', { $toDate: '2021-03-04T06:06:07.089+01:00' }, at],
    ['$toDate of an ObjectId', { $toDate: new ObjectId('603f0b2f0000000000000000') }, new Date(0x603f0b2f * 1000)],
    ['$toObjectId', { $toObjectId: '603f0b2f0000000000000000' }, new ObjectId('603f0b2f0000000000000000')],
    ['$convert with onError', { $convert: { input: 'x', to: 'int', onError: 'no' } }, 'no'],
    ['$convert with onNull', { $convert: { input: null, to: 'int', onNull: int(0) } }, int(0)],
    [
      '$dateToString',
      { $dateToString: { date: at, format: '%Y-%m-%dT%H:%M:%S.%LZ %j %G-W%V-%u %U %w %%' } },
      '2021-03-04T05:06:07.089Z 063 2021-W09-4 09 5 %',
    ],
    ['$dateToString of a timestamp', { $dateToString: { date: new Timestamp({ t: 0, i: 1 }), format: '%Y' } }, '1970'],
    ['$isoWeek at the turn of the year', { $isoWeekYear: new Date('2021-01-03T00:00:00Z') }, int(2020)],
    ['$year with a named date', { $year: { date: at, timezone: 'UTC' } }, int(2021)],
    ['$ifNull', { $ifNull: ['$none', null, 'x'] }, 'x'],
  ])('does %s', async (_title, expression, value) => {
    expect(typed(await evaluated(expression))).toBe(typed(value));
  });

  test('keeps the order of names that look like numbers', async () => {
    const merged = { $mergeObjects: [{ $literal: { b: 1 } }, { $literal: { 1: 1 } }] };
    expect(await evaluated({ $objectToArray: merged })).toMatchObject([{ k: 'b' }, { k: '1' }]);
  });

  test.each<[string, Document, unknown]>([
    ['an array in an array on the way is passed over', { a: [[{ b: 1 }], { b: 2 }] }, [int(2)]],
    ['documents of an array on the way give an array', { a: [{ b: 1 }, {}, 5] }, [int(1)]],
    ['a scalar on the way is missing', { a: 5 }, undefined],
  ])('at a path: %s', async (_title, doc, value) => {
    expect(typed(await evaluated('$a.b', doc))).toBe(typed(value));
  });

  test('tells one time to all documents', async () => {
    const docs = store.fresh();
    await docs.insertMany(Array.from({ length: 2000 }, (_, _id) => ({ _id })));
    const times = await docs.aggregate([{ $group: { _id: '$$NOW' } }]).toArray();
    expect(times).toHaveLength(1);
  });

  test.each<[string, unknown, number, string?]>([
    ['$add of two dates', { $add: [at, at] }, 16612],
    ['$add of a text', { $add: [1, 'x'] }, 14, 'TypeMismatch'],
    ['$add beyond the last date', { $add: [at, max] }, 15, 'Overflow'],
    ['$subtract of a text', { $subtract: ['x', 1] }, 14],
    ['$divide by zero', { $divide: [1, decimal('0')] }, 2],
    ['$mod by zero', { $mod: [1, 0] }, 16610],
    ['$mod by a decimal zero', { $mod: [1, decimal('0')] }, 5733415],
    ['$round of a text', { $round: 'x' }, 51081],
    ['$round to a fraction of a place', { $round: [1.5, 0.5] }, 51082],
    ['$round to too many places', { $round: [1.5, 101] }, 51083],
    ['$abs of the least long', { $abs: min }, 28680],
    ['$concat of a number', { $concat: ['a', 1] }, 16702],
    ['$toLower of a list', { $toLower: [['a']] }, 16007],
    ['$split by nothing', { $split: ['abc', ''] }, 40087],
    ['$substrCP from a text', { $substrCP: ['abc', 'x', 1] }, 34450],
    ['$substrCP of a negative length', { $substrCP: ['abc', 0, -1] }, 34454],
    ['$slice of nothing', { $slice: [[1], 0, 0] }, 28729],
    ['$arrayElemAt with a text', { $arrayElemAt: [[1], 'x'] }, 28690],
    ['$range by zero', { $range: [0, 5, 0] }, 34449],
    ['$size of a number', { $size: 1 }, 17124],
    ['$in a number', { $in: [1, 1] }, 40081],
    ['$setUnion of a number', { $setUnion: [1] }, 17043],
    ['$mergeObjects of a number', { $mergeObjects: [1] }, 40400],
    ['$objectToArray of a number', { $objectToArray: 1 }, 40390],
    ['$toInt of a text', { $toInt: '1.5' }, 241, 'ConversionFailure'],
    ['$toInt of a date', { $toInt: at }, 241],
    ['$toInt of NaN', { $toInt: Number.NaN }, 241],
    ['$toInt beyond 32 bits', { $toInt: 1e10 }, 241],
    ['$toDate of a free text', { $toDate: 'March 4, 2021' }, 241],
    ['$toDate of a day that is none', { $toDate: '2021-02-30' }, 241],
    ['$toDate of an int', { $toDate: int(5) }, 241],
    ['$toString of a binary', { $toString: new Binary(Buffer.from('x')) }, 241],
    ['$convert to an unknown type', { $convert: { input: 1, to: 'foo' } }, 2],
    ['$convert without a type', { $convert: { input: 1 } }, 9],
    ['$dateToString of a text', { $dateToString: { date: '2021-03-04' } }, 16006],
    ['$dateToString with a wrong format', { $dateToString: { date: at, format: '%q' } }, 18536],
    ['$dateToString with an unknown part', { $dateToString: { date: at, zone: 'UTC' } }, 18534],
    ['$dateToString elsewhere', { $dateToString: { date: at, timezone: 'Europe/Berlin' } }, 238],
    ['$year of a text', { $year: '2021' }, 16006],
    ['$filter with an unknown part', { $filter: { input: [], cond: true, foo: 1 } }, 28647],
    ['$filter of no list', { $filter: { input: 1, cond: true } }, 28651],
    ['$map without a body', { $map: { input: [] } }, 16882],
    ['$let with a capital name', { $let: { vars: { A: 1 }, in: 1 } }, 9],
    ['$reduce without a start', { $reduce: { input: [], in: 1 } }, 40078],
    ['$switch without branches', { $switch: { branches: [] } }, 40068],
    ['$switch without a match', { $switch: { branches: [named('case then', false, 1)] } }, 40066],
    ['$cond with an unknown part', { $cond: named('if then else foo', 1, 1, 1, 1) }, 17083],
    ['$cond of two parts', { $cond: [1, 2] }, 16020],
    ['$slice of one part', { $slice: [[1]] }, 28667],
    ['$ifNull of one part', { $ifNull: [1] }, 1257300],
    ['an unknown expression', { $add: [{ $foo: 1 }] }, 168, 'InvalidPipelineOperator'],
    ['one that only MongoDB has', { $regexMatch: { input: 'a', regex: 'a' } }, 238, 'NotImplemented'],
    ['an unknown variable', '$$foo', 17276],
    ['a dollar alone', '$', 16872],
    ['a path that ends in a dot', '$a.', 40353],
    ['an empty name in a path', '$a..b', 15998],
    ['a dollar in a path', '$a.$b', 16410],
    ['the cluster time', '$$CLUSTER_TIME', 238],
  ])('refuses %s', async (_title, expression, code, codeName) => {
    const failure = await failureOf(evaluated({ x: expression }, {}, promoted));
    expect(failure).toMatchObject({ code });
    if (codeName) expect(failure.codeName).toBe(codeName);
  });

  test('refuses a field with a dot or a dollar in a document it makes', async () => {
    const group = (_id: Document) =>
      store
        .fresh()
        .aggregate([{ $group: { _id } }])
        .toArray();
    expect(await failureOf(group({ 'a.b': 1 }))).toMatchObject({ code: 16412 });
    expect(await failureOf(group({ a: 1, $b: 1 }))).toMatchObject({ code: 16410 });
  });
});

describe('a group', () => {
  test('merges documents in the order of their fields', async () => {
    const docs = store.fresh();
    await docs.insertMany([
      { _id: 1, d: { b: 1, a: 1 } },
      { _id: 2, d: null },
      { _id: 3, d: { a: 2, 1: 1 } },
    ]);
    const [found] = await docs
      .aggregate([{ $group: { _id: null, d: { $mergeObjects: '$d' } } }, { $project: { d: { $objectToArray: '$d' } } }])
      .toArray();
    expect(found!.d).toEqual([
      { k: 'b', v: 1 },
      { k: 'a', v: 2 },
      { k: '1', v: 1 },
    ]);
  });

  test('counts', async () => {
    const docs = store.fresh();
    await docs.insertMany([{}, {}] as never);
    expect(await docs.aggregate([{ $group: { _id: null, n: { $count: {} } } }]).toArray()).toEqual([
      { _id: null, n: 2 },
    ]);
  });

  test.each<[string, unknown, number]>([
    ['no document', 1, 15947],
    ['a list for an accumulator', { _id: 1, a: { $sum: ['$x', '$y'] } }, 40237],
    ['a dotted field', { _id: 1, 'a.b': { $sum: 1 } }, 40235],
    ['a field with a dollar', { _id: 1, $a: { $sum: 1 } }, 40236],
    ['a field without an accumulator', { _id: 1, a: 1 }, 40234],
    ['two accumulators in one field', { _id: 1, a: { $sum: 1, $avg: 1 } }, 40238],
    ['a count of something', { _id: 1, a: { $count: 1 } }, 14],
    ['an accumulator that only MongoDB has', { _id: 1, a: { $stdDevPop: '$x' } }, 238],
    ['a merge of numbers', { _id: 1, a: { $mergeObjects: '$x' } }, 40400],
  ])('refuses %s', async (_title, $group, code) => {
    const docs = store.fresh();
    await docs.insertOne({ x: 1 } as never);
    expect(await failureOf(docs.aggregate([{ $group }]).toArray())).toMatchObject({ code });
  });
});
