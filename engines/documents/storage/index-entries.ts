import { documentValue, encodeElements, nullValue } from '../bson/build.ts';
import type { Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { type Tuple, tuplesOf } from '../index-keys.ts';
import { boundedKey, encodeKeys, maxKey } from '../key-encoding.ts';
import { documentText } from '../shell-text.ts';
import { type Collection, type Index, namespaceOf } from './collection.ts';
import { type Environment, scoped } from './environment.ts';

/** The entries one document has in an index. */
export interface Entries {
  /** Each entry's key, and the values it stands for. */
  readonly keys: ReadonlyMap<string, { readonly key: Buffer; readonly tuple: Tuple }>;
  readonly arrays: readonly boolean[];
  readonly isInexact: boolean;
}

const none: Entries = { keys: new Map(), arrays: [], isInexact: false };

const isAbsent = (index: Index, tuples: readonly Tuple[]): boolean =>
  index.isSparse && tuples.every((tuple) => tuple.every((value) => value === undefined));

/** The entries a document shall have; a key holds the values and, unless the index is unique, the document's own key. */
export const entriesOf = (index: Index, id: Buffer, doc: Value): Entries => {
  if (index.partial && !index.partial.matches(doc)) return none;
  const { tuples, arrays } = tuplesOf(
    doc,
    index.fields.map(({ path }) => path),
  );
  if (isAbsent(index, tuples)) return none;
  const directions = index.fields.map(({ direction }) => direction);
  const keys = new Map<string, { key: Buffer; tuple: Tuple }>();
  let isInexact = false;
  for (const tuple of tuples) {
    const whole = encodeKeys(tuple, directions);
    const bounded = boundedKey(whole, maxKey.entry);
    if (bounded !== whole) isInexact = true;
    const key = scoped(index.id, index.isUnique ? bounded : Buffer.concat([bounded, id]));
    keys.set(key.toString('latin1'), { key, tuple });
  }
  return { keys, arrays, isInexact };
};

/** The error for a second document with the values of a unique index. */
export const duplicateKey = (collection: Collection, name: string, pattern: Value, values: Value): DocumentError =>
  new DocumentError(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${namespaceOf(collection)} index: ${name} dup key: ${documentText(values)}`,
    { keyPattern: pattern, keyValue: values },
  );

const namedValues = (index: Index, tuple: Tuple): Value =>
  documentValue(encodeElements(index.fields.map(({ path }, i) => [path.text, tuple[i] ?? nullValue] as const)));

/** Throws if another document has one of these entries in a unique index. */
export const assertUnique = (
  env: Environment,
  collection: Collection,
  index: Index,
  id: Buffer,
  entries: Entries,
): void => {
  if (!index.isUnique) return;
  for (const { key, tuple } of entries.keys.values()) {
    const holder = env.entries.get(key);
    if (holder && !holder.equals(id)) {
      throw duplicateKey(collection, index.name, index.key, namedValues(index, tuple));
    }
  }
};
