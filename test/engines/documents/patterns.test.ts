import fc from 'fast-check';
import { BSONRegExp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compilePattern } from '../../../engines/documents/regex/compile.ts';
import { translate } from '../../../engines/documents/regex/translate.ts';
import { failureOf, type RunningStore, runStore } from './running-store.ts';

let store: RunningStore;
beforeAll(async () => {
  store = await runStore();
});
afterAll(() => store.stop());

/** Whether a pattern matches a text. */
const matches = async ($regex: string, $options: string, v: string): Promise<boolean> => {
  const docs = store.fresh();
  await docs.insertOne({ v } as never);
  return (await docs.countDocuments({ v: { $regex, $options } } as never)) === 1;
};

describe('a regular expression is one of PCRE', () => {
  test.each<[string, string, string, boolean]>([
    ['a$', '', 'a\n', true],
    ['a$', '', 'a\n\n', false],
    ['a$', '', 'a\r', false],
    ['a\\Z', '', 'a\n', true],
    ['a\\z', '', 'a\n', false],
    ['\\Ab', 'm', 'a\nb', false],
    ['a.b', '', 'a\rb', true],
    ['a.b', '', 'a\u2028b', true],
    ['a.b', '', 'a\nb', false],
    ['a.b', 's', 'a\nb', true],
    ['^b', 'm', 'a\nb', true],
    ['^b', 'm', 'a\rb', false],
    ['^b', 'm', 'a\u2028b', false],
    ['a$', 'm', 'a\nb', true],
    ['a$', 'm', 'a\rb', false],
    ['^$', 'm', 'a\n', false],
    ['\\s', '', '\u00a0', false],
    ['[\\s]', '', '\v', true],
    ['\\d', '', '٣', false],
    ['s', 'i', 'ſ', true],
    ['\\w', 'i', 'ſ', false],
    ['^[\\w.]+$', 'i', 'A.b_1', true],
    ['^[\\w.]+$', 'i', 'aſ', false],
    ['^[^\\w]$', 'i', 'ſ', true],
    ['\\bfoo\\b', 'i', 'a FOO b', true],
    ['^[[:alpha:]]+$', '', 'abc', true],
    ['^[[:^digit:]]+$', '', 'a1', false],
    ['^[]a]+$', '', ']a', true],
    ['^[^]a]$', '', ']', false],
    ['\\Qa.b\\E+', '', 'a.bb', true],
    ['\\Qa.b\\E', '', 'axb', false],
    ['\\x{1F600}', '', '😀', true],
    ['^.$', '', '😀', true],
    ['\\h', '', '\u3000', true],
    ['\\R$', '', 'a\r\n', true],
    ['\\012', '', '\n', true],
    ['\\p{Lu}\\pL', '', 'Éa', true],
    ['a{x', '', 'a{x', true],
    ['a}]', '', 'a}]', true],
    ['\\-\\_\\@\\/', '', '-_@/', true],
    ['(a)\\1', '', 'aa', true],
    ['(?<y>a)\\k<y>', '', 'ab', false],
    ['(?i)ABC', '', 'abc', true],
    ['(?s:.)b', '', '\nb', true],
    ['a(?m)$', '', 'a\nb', true],
    ['a b # why', 'x', 'ab', true],
    ['a\\ b', 'x', 'a b', true],
    ['a # why\n +', 'x', 'aaa', true],
    ['(?#why)a', '', 'a', true],
  ])('%j with options "%s" and %j: %s', async (pattern, options, text, isMatch) => {
    expect(await matches(pattern, options, text)).toBe(isMatch);
  });

  test.each<[string, string, number]>([
    ['(', '', 51091],
    ['*a', '', 51091],
    ['[b-a]', '', 51091],
    ['[a', '', 51091],
    ['\\i', '', 51091],
    ['(?<=a+)b', '', 51091],
    ['[[.a.]]', '', 51091],
    ['a', 'q', 51108],
    ['a++', '', 238],
    ['(?>a)', '', 238],
    ['(a)?\\1', '', 238],
    ['(a)|\\1', '', 238],
    ['(?R)', '', 238],
    ['a\\Kb', '', 238],
    ['a(?i)b', '', 238],
    ['\\p{Greek}', '', 238],
  ])('what JavaScript would misread is refused: %j with options "%s"', async (pattern, options, code) => {
    expect(await failureOf(matches(pattern, options, 'a'))).toMatchObject({ code });
  });

  test('options may stand in one place only, and a zero byte in none', async () => {
    const find = (v: unknown) =>
      store
        .fresh()
        .find({ v } as never)
        .toArray();
    expect(await failureOf(find({ $regex: /a/i, $options: 'm' }))).toMatchObject({ code: 51075 });
    expect(await failureOf(find({ $regex: 'a\0b' }))).toMatchObject({ code: 2 });
  });

  test('finds regular expressions that are stored and written the same way', async () => {
    const docs = store.fresh();
    await docs.insertMany([
      { _id: 1, v: new BSONRegExp('a/b', 'i') },
      { _id: 2, v: new BSONRegExp('a/b', '') },
      { _id: 3, v: ['x', new BSONRegExp('a/b', 'i')] },
    ] as never);
    const ids = async (v: unknown) =>
      (await docs.find({ v } as never, { sort: { _id: 1 } }).toArray()).map(({ _id }) => _id);
    expect(await ids(new BSONRegExp('a/b', 'i'))).toEqual([1, 3]);
    expect(await ids({ $regex: 'a/b', $options: 'i' })).toEqual([1, 3]);
    expect(await ids({ $in: [new BSONRegExp('a/b', '')] })).toEqual([2]);
    await docs.createIndex({ v: 1 });
    expect(await ids(new BSONRegExp('a/b', 'i'))).toEqual([1, 3]);
  });

  test('that begins with certain text is found by an index, regular expressions too', async () => {
    const docs = store.fresh();
    await docs.insertMany(['abc', 'ab', 'b', '^ab'].map((v, _id) => ({ _id, v })) as never);
    await docs.insertOne({ _id: 9, v: new BSONRegExp('^ab', '') } as never);
    await docs.createIndex({ v: 1 });
    const found = await docs.find({ v: { $regex: '^ab' } } as never).toArray();
    expect(found.map(({ _id }) => _id).sort()).toEqual([0, 1, 9]);
  });
});

describe('a regular expression that would go on for ever', () => {
  const text = `${'a'.repeat(60)}!`;

  test.each<[string, string]>([
    ['(a+)+$', text],
    ['^(a|a)*$', text],
    ['(a|aa)+$', text],
    ['^(?:a|a){40}$', `${'a'.repeat(39)}!`],
    ['(?:(?:a{1,9}){1,9}){1,9}$', text],
    ['^.*.*.*.*.*[=?]$', 'a'.repeat(2000)],
    ['^(?=(a+)+$)', text],
  ])('%s is broken off with an error', async ($regex, v) => {
    const docs = store.fresh();
    await docs.insertOne({ _id: 1, v } as never);
    const message = /Result code: match limit exceeded$/;
    expect(await failureOf(docs.findOne({ v: { $regex } }))).toMatchObject({
      code: 51156,
      message: expect.stringMatching(message),
    });
    expect(await failureOf(docs.updateOne({ v: { $regex } }, { $set: { v: '' } }))).toMatchObject({ code: 51156 });
    expect(await docs.findOne({ _id: 1 })).toEqual({ _id: 1, v });
  });

  test.each<[string, string, boolean]>([
    ['^(?:[a-z]+ )*end$', `${'word '.repeat(200)}end`, true],
    ['^(?:[a-z]+ )*end$', 'end', true],
    ['(ab|cd)+x', `${'abcd'.repeat(100)}x`, true],
    ['^(?:\\d{1,3}\\.){3}\\d{1,3}$', '192.168.100.200', true],
    ['^(?:\\d{1,3}\\.){3}\\d{1,3}$', '192.168.100', false],
    ['.*needle.*here.*', `${'hay '.repeat(500)}needle hay here`, true],
    ['one|two|three', `${'four '.repeat(1000)}three`, true],
  ])('is not taken for one: %s', async (pattern, text, expected) => {
    expect(await matches(pattern, '', text)).toBe(expected);
  });
});

const part = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'ab', '.', '[ab]', '\\.', '\\Qa.\\E', '\\b', '(?#x)'),
  fc.constantFrom(
    'a?',
    'b*',
    'c+',
    'a{2}',
    'b{0}',
    'c{1,2}',
    '(?:ab)?',
    '(?:a|b)+',
    '(bc){2}',
    '(?=b)',
    '(?!c)',
    'a|b',
  ),
);

test('what a pattern needs is looked for first, which changes no answer', () => {
  const patterns = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.'), maxLength: 8 });
  fc.assert(
    fc.property(patterns, texts, fc.constantFrom('', 'i', 'x', 's'), (pattern, text, options) => {
      const { source, ignoresCase } = translate(pattern, options);
      const answer = new RegExp(source, ignoresCase ? 'iu' : 'u').test(text);
      expect(compilePattern(pattern, options)(text)).toBe(answer);
    }),
    { numRuns: 3000, seed: 1 },
  );
});
