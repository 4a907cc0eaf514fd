import { nullValue, undefinedValue } from './bson/build.ts';
import { fieldAt, isArray, isDocument, items, type Value } from './bson/value.ts';
import { DocumentError } from './errors.ts';
import type { Path } from './paths.ts';

/** One value per field of a pattern. */
export type Tuple = readonly (Value | undefined)[];

/** What a document contributes to an index or a sort: one tuple per entry, and by field whether an array is behind it. */
export interface Tuples {
  readonly tuples: readonly Tuple[];
  readonly arrays: readonly boolean[];
}

/** How far a path has got: to a value, or to an array whose items continue it. */
type Reached =
  | { readonly array: undefined; readonly value: Value | undefined }
  | { readonly array: Value; readonly path: Path; readonly at: number };

const reachedValue = (value: Value | undefined): Reached => ({ array: undefined, value });

const follow = (from: Value, path: Path, start: number): Reached => {
  let value: Value | undefined = from;
  for (let at = start; at < path.names.length; at += 1) {
    if (isArray(value)) {
      const item: Value | undefined = path.indexes[at]! >= 0 ? items(value)[path.indexes[at]!] : undefined;
      if (!item) return { array: value, path, at };
      value = item;
    } else value = isDocument(value) ? fieldAt(value, path.bytes[at]!) : undefined;
  }
  return isArray(value) ? { array: value, path, at: path.names.length } : reachedValue(value);
};

const intoItem = (reached: Reached, item: Value | undefined): Reached => {
  if (!reached.array) return reached;
  const { path, at } = reached;
  if (at === path.names.length) return reachedValue(item ?? undefinedValue);
  return isDocument(item) ? follow(item, path, at) : reachedValue(nullValue);
};

const lastName = (reached: Reached): string => (reached.array ? reached.path.names[reached.at - 1]! : '');

const expand = (row: readonly Reached[], into: Tuple[]): void => {
  const first = row.find((reached) => reached.array !== undefined);
  if (!first?.array) {
    into.push(row.map((reached) => (reached.array ? undefined : reached.value)));
    return;
  }
  const other = row.find(({ array }) => array && array.start !== first.array.start);
  if (other) {
    const text = `cannot index parallel arrays [${lastName(other)}] [${lastName(first)}]`;
    throw new DocumentError('CannotIndexParallelArrays', text);
  }
  const list = items(first.array);
  for (const item of list.length > 0 ? list : [undefined]) {
    expand(
      row.map((reached) => intoItem(reached, item)),
      into,
    );
  }
};

/** The values of these paths in a document, one tuple per array item; throws if two different arrays would multiply. */
export const tuplesOf = (doc: Value, paths: readonly Path[]): Tuples => {
  const row = paths.map((path) => follow(doc, path, 0));
  const arrays = row.map((reached) => reached.array !== undefined);
  const tuples: Tuple[] = [];
  expand(row, tuples);
  return { tuples, arrays };
};
