import { expect, test } from 'vitest';
import { patternOf } from '../../../engines/eventstore/pattern.ts';

test.each<[string, string[], string[]]>([
  ['^order-', ['order-1'], ['reorder-1']],
  ['^[^$].*', ['Placed'], ['$metadata']],
  ['^(?!\\$).*', ['Placed'], ['$metadata']],
  ['^\\$', ['$metadata'], ['Placed']],
  ['(?i)placed', ['OrderPLACED'], ['Paid']],
  ['(?im)^placed', ['Order\nPLACED'], ['Order Placed']],
  ['\\Aorder\\z', ['order'], ['order\n', 'order-1', 'reorder']],
  ['order\\Z', ['order', 'order\n'], ['order\n\n', 'order-1']],
  ['^\\p{Lu}', ['Écrit', 'Placed'], ['placed', 'p{Lu}']],
  ['a\\-b\\ c\\#\\@', ['a-b c#@'], ['a b']],
  ['[\\-\\_]', ['a-b', 'a_b'], ['ab']],
  ['^.$', ['😀', 'a'], ['ab']],
  ['a\\\\A', ['a\\A'], ['a']],
  ['(?<kind>Call)Ended', ['CallEnded'], ['Ended']],
])('the pattern %j finds %j but not %j', (source, found, missed) => {
  const pattern = patternOf(source);
  expect(found.filter((text) => pattern.test(text))).toEqual(found);
  expect(missed.filter((text) => pattern.test(text))).toEqual([]);
});

test.each(['(', '(?x) a b', '\\Gorder', '\\p{IsGreek}', 'a(?i)b', '\\order', '[a-z-[aeiou]]'])(
  'the pattern %j is refused rather than taken for another',
  (source) => {
    expect(() => patternOf(source)).toThrow(SyntaxError);
  },
);
