import { toNumber, truncated } from './bson/number.ts';
import { type Element, elements, isDocument, isNumber, type Value } from './bson/value.ts';
import { DocumentError, notImplemented } from './errors.ts';
import { fieldPath } from './field-path.ts';
import { type Tuple, tuplesOf } from './index-keys.ts';
import { encodeKeys } from './key-encoding.ts';
import type { Path } from './paths.ts';
import { documentText, elementText } from './shell-text.ts';

/** A parsed sort: its fields, and the bytes by which documents are ordered. */
export interface Sort {
  readonly fields: readonly { readonly path: Path; readonly direction: 1 | -1 }[];
  readonly key: (doc: Value) => Buffer;
}

const directionOf = ({ name, value }: Element): 1 | -1 => {
  if (isDocument(value)) {
    if (elements(value)[0]?.name === '$meta') throw notImplemented('a sort by $meta');
    throw new DocumentError(17312, 'the only expression supported by $sort right now is {$meta: ...}');
  }
  if (!isNumber(value))
    throw new DocumentError(15974, `Illegal key in $sort specification: ${elementText(name, value)}`);
  const n = truncated(value);
  if (n !== 1n && n !== -1n)
    throw new DocumentError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
  return n === 1n ? 1 : -1;
};

/** `{ $natural: 1 }` is the order in which a scan finds documents anyway; backwards there is no such order here. */
export const inNaturalOrder = (spec: Value): boolean => {
  const all = elements(spec);
  const natural = all.find(({ name }) => name === '$natural');
  if (!natural) return false;
  if (all.length > 1)
    throw new DocumentError('BadValue', `Cannot include '$natural' in compound sort: ${documentText(spec)}`);
  const direction = isNumber(natural.value) ? toNumber(natural.value) : 0;
  if (direction !== 1 && direction !== -1) {
    throw new DocumentError('BadValue', '$natural sort cannot be set to a value other than -1 or 1.');
  }
  if (direction === -1) throw notImplemented('a sort by $natural: -1');
  return true;
};

const smallest = (keys: Buffer[]): Buffer => keys.reduce((least, key) => (key.compare(least) < 0 ? key : least));

const sortTuples = (doc: Value, paths: readonly Path[]): readonly Tuple[] => {
  try {
    return tuplesOf(doc, paths).tuples;
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    throw new DocumentError('BadValue', 'cannot sort with keys that are parallel arrays');
  }
};

const assertDistinct = (names: readonly string[]): void => {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new DocumentError(7472500, `$sort key must not contain duplicate keys (duplicate: '${twice}')`);
};

const mostFields = 32;

/** Parses a sort; of a field that holds an array the smallest item counts, descending the largest. */
export const compileSort = (spec: Value): Sort => {
  const list = elements(spec);
  const fields = list.map((element) => ({ direction: directionOf(element), path: fieldPath(element.name) }));
  assertDistinct(list.map(({ name }) => name));
  if (fields.length > mostFields) throw new DocumentError('BadValue', 'too many compound keys');
  const paths = fields.map(({ path }) => path);
  const directions = fields.map(({ direction }) => direction);
  const key = (doc: Value): Buffer => smallest(sortTuples(doc, paths).map((tuple) => encodeKeys(tuple, directions)));
  return { fields, key };
};
