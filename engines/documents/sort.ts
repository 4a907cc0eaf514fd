import { toNumber } from './bson/number.ts';
import { elements, isDocument, isNumber, type Value } from './bson/value.ts';
import { DocumentError, notImplemented } from './errors.ts';
import { tuplesOf } from './index-keys.ts';
import { encodeKeys } from './key-encoding.ts';
import { type Path, pathOf } from './paths.ts';

/** A parsed sort: its fields, and the bytes by which documents are ordered. */
export interface Sort {
  readonly fields: readonly { readonly path: Path; readonly direction: 1 | -1 }[];
  readonly key: (doc: Value) => Buffer;
}

const directionOf = (value: Value): 1 | -1 => {
  if (isDocument(value)) throw notImplemented('a sort by $meta');
  const n = isNumber(value) ? toNumber(value) : Number.NaN;
  if (n !== 1 && n !== -1)
    throw new DocumentError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
  return n;
};

/** `{ $natural: 1 }` is the order in which a scan finds documents anyway; backwards there is no such order here. */
export const inNaturalOrder = (spec: Value): boolean => {
  const all = elements(spec);
  const natural = all.find(({ name }) => name === '$natural');
  if (!natural) return false;
  if (all.length > 1)
    throw new DocumentError(
      'BadValue',
      '$natural sort cannot be set to a value other than -1 or 1 beside other fields',
    );
  if (directionOf(natural.value) === -1) throw notImplemented('a sort by $natural: -1');
  return true;
};

const smallest = (keys: Buffer[]): Buffer => keys.reduce((least, key) => (key.compare(least) < 0 ? key : least));

/** Parses a sort; of a field that holds an array the smallest item counts, descending the largest. */
export const compileSort = (spec: Value): Sort => {
  const fields = inNaturalOrder(spec)
    ? []
    : elements(spec).map(({ name, value }) => ({ path: pathOf(name), direction: directionOf(value) }));
  if (fields.length > 32) throw new DocumentError('BadValue', 'too many compound sort keys');
  const paths = fields.map(({ path }) => path);
  const directions = fields.map(({ direction }) => direction);
  const key = (doc: Value): Buffer =>
    smallest(tuplesOf(doc, paths).tuples.map((tuple) => encodeKeys(tuple, directions)));
  return { fields, key };
};
