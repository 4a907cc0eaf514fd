import { arrayValue, documentValue, encode, encodeElements } from '../bson/build.ts';
import { truncated } from '../bson/number.ts';
import { elements, field, isArray, isDocument, isNumber, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter, type Matcher } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import type { Details, Path } from '../paths.ts';
import type { Slice } from './shape.ts';

const limit = 2 ** 31 - 1;

const int = (value: Value): number => {
  const whole = truncated(value);
  return whole === undefined ? 0 : Math.min(Math.max(Number(whole), -limit - 1), limit);
};

/** What a `$slice` of find shows; undefined if it is the expression of that name. */
export const sliceOf = (operand: Value): Omit<Slice, 'names'> | undefined => {
  if (isNumber(operand)) {
    const n = int(operand);
    return n < 0 ? { from: n, count: undefined } : { from: 0, count: n };
  }
  const [from, count, ...others] = isArray(operand) ? items(operand) : [];
  if (!isNumber(from) || !isNumber(count) || others.length > 0 || int(count) <= 0) return undefined;
  return { from: int(from), count: int(count) };
};

/** The first item of an array that matches, in an array of its own. */
export const elemMatchOf = ({ text }: Path, operand: Value): ((root: Value) => Value | undefined) => {
  const matches = compileFilter(parseFilter(documentValue(encode({ [text]: { $elemMatch: operand } }))));
  return (root) => {
    const details: Details = {};
    const list = field(root, text);
    if (!isArray(list) || !matches(root, details)) return undefined;
    return arrayValue([items(list)[details.index!]!]);
  };
};

/** The document with the value at a path changed; what is no document or array on the way ends it. */
const changedAt = (value: Value, names: readonly string[], change: (value: Value, at: number) => Value): Value => {
  const walk = (inner: Value, at: number): Value => {
    if (isArray(inner) || at === names.length) return change(inner, at);
    if (!isDocument(inner)) return inner;
    const fields = elements(inner).map(({ name, value: own }) =>
      name === names[at] ? ([name, walk(own, at + 1)] as const) : ([name, own] as const),
    );
    return documentValue(encodeElements(fields));
  };
  return walk(value, 0);
};

const windowOf = (list: Value[], { from, count }: Slice): Value[] => {
  const start = from < 0 ? Math.max(list.length + from, 0) : from;
  return list.slice(start, count === undefined ? undefined : start + count);
};

/** Cuts the array at a path, also in every document of an array on the way. */
export const sliced = (doc: Value, slice: Slice): Value =>
  changedAt(doc, slice.names, (value, at) => {
    if (!isArray(value)) return value;
    if (at === slice.names.length) return arrayValue(windowOf(items(value), slice));
    const rest = { ...slice, names: slice.names.slice(at) };
    return arrayValue(items(value).map((item) => (isDocument(item) ? sliced(item, rest) : item)));
  });

const matchedItem = (list: Value, index: number | undefined): Value => {
  if (index === undefined) {
    throw new DocumentError(
      51246,
      "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
    );
  }
  const item = items(list)[index];
  if (!item) {
    throw new DocumentError(
      51247,
      "Executor error during find command :: caused by :: positional operator '.$' element mismatch",
    );
  }
  return arrayValue([item]);
};

/** Cuts the first array on a path to the item that made the document match. */
export const positioned = (shown: Value, names: readonly string[], root: Value, filter: Matcher | undefined): Value => {
  const details: Details = {};
  filter?.(root, details);
  return changedAt(shown, names, (value) => (isArray(value) ? matchedItem(value, details.index) : value));
};
