import { documentValue, encode } from '../bson/build.ts';
import { toInteger } from '../bson/number.ts';
import { elements, isDocument, isNumber, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { sorted } from '../query/sorted.ts';
import { drawn, filtered, flatMapped, gathered, limited, skipped } from '../query/source.ts';
import { elementText } from '../shell-text.ts';
import { compileSort } from '../sort.ts';
import { count, group } from './group.ts';
import type { Stage } from './pipeline.ts';
import { unwind } from './unwind.ts';

const whole = (name: string, spec: Value): number => {
  const n = isNumber(spec) ? toInteger(spec) : undefined;
  if (n === undefined || n < 0n || BigInt.asIntN(64, n) !== n) {
    const reason = isNumber(spec) ? (n === undefined ? 'an integer' : 'a non-negative number') : 'a number';
    throw new DocumentError(
      name === '$limit' ? 5107201 : 5107200,
      `invalid argument to ${name} stage: Expected ${reason} in: ${elementText(name, spec)}`,
    );
  }
  return Number(n);
};

const limit = (spec: Value): Stage => {
  const n = whole('$limit', spec);
  if (n === 0) throw new DocumentError(15958, 'the limit must be positive');
  return (source) => limited(source, n);
};

const skip = (spec: Value): Stage => {
  const n = whole('$skip', spec);
  return (source) => skipped(source, n);
};

const match = (spec: Value): Stage => {
  if (!isDocument(spec)) throw new DocumentError(15959, 'the match filter must be an expression in an object');
  const matches = compileFilter(parseFilter(spec));
  return (source) => filtered(source, matches);
};

const sort = (spec: Value): Stage => {
  if (!isDocument(spec)) throw new DocumentError(15973, 'the $sort key specification must be an object');
  if (elements(spec).length === 0) throw new DocumentError(15976, '$sort stage must have at least one sort key');
  const compiled = compileSort(spec);
  return (source) => sorted(source, compiled);
};

const countStage = (spec: Value): Stage => {
  if (!isString(spec)) throw new DocumentError(40156, 'the count field must be a non-empty string');
  const name = text(spec);
  if (name === '') throw new DocumentError(40157, 'the count field must be a non-empty string');
  if (name.startsWith('$')) throw new DocumentError(40158, 'the count field cannot be a $-prefixed path');
  if (name.includes('\0')) throw new DocumentError(40159, 'the count field cannot contain a null byte');
  if (name.includes('.')) throw new DocumentError(40160, "the count field cannot contain '.'");
  return count(name);
};

const assertSortable = (spec: Value): void => {
  if (isDocument(spec)) {
    if (elements(spec)[0]?.name.startsWith('$')) return;
    throw new DocumentError(40147, 'the sortByCount field must be defined as an expression inside an object');
  }
  if (!isString(spec)) {
    throw new DocumentError(40149, 'the sortByCount field must be specified as a string or as an object');
  }
  if (!text(spec).startsWith('$'))
    throw new DocumentError(40148, 'the sortByCount field must be defined as a $-prefixed path');
};

const sortByCount = (spec: Value): Stage => {
  assertSortable(spec);
  const grouped = group(documentValue(encode({ _id: spec, count: { $sum: 1 } })));
  const ordered = sort(documentValue(encode({ count: -1 })));
  return (source) => ordered(grouped(source));
};

const sampleSize = (spec: Value): number => {
  if (!isDocument(spec)) throw new DocumentError(28745, 'the $sample stage specification must be an object');
  const list = elements(spec);
  const other = list.find(({ name }) => name !== 'size');
  if (other) throw new DocumentError(28748, `unrecognized option to $sample: ${other.name}`);
  const [size] = list;
  if (!size) throw new DocumentError(28749, '$sample stage must specify a size');
  if (!isNumber(size.value)) throw new DocumentError(28746, 'size argument to $sample must be a number');
  const n = toInteger(size.value) ?? -1n;
  if (n <= 0n) throw new DocumentError(28747, 'size argument to $sample must be a positive integer');
  return Number(n);
};

/** Some documents at random, each as likely as another (Waterman's algorithm R), and in random order. */
const sample = (spec: Value): Stage => {
  const size = sampleSize(spec);
  return (source) => {
    const chosen: Value[] = [];
    let seen = 0;
    const absorb = (doc: Value): void => {
      seen += 1;
      const at = Math.floor(Math.random() * seen);
      if (chosen.length < size) {
        chosen.push(chosen[at] ?? doc);
        chosen[at] = doc;
      } else if (at < size) chosen[at] = doc;
    };
    return gathered(source, absorb, () => drawn(chosen.values()));
  };
};

/** The stages on many documents, by name. */
export const stages: Readonly<Record<string, (spec: Value) => Stage>> = {
  $match: match,
  $sort: sort,
  $skip: skip,
  $limit: limit,
  $count: countStage,
  $group: group,
  $sortByCount: sortByCount,
  $sample: sample,
  $unwind: (spec) => {
    const expand = unwind(spec);
    return (source) => flatMapped(source, expand);
  },
};
