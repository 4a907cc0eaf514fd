import { Type } from './bson/types.ts';
import { fieldAt, isArray, isDocument, items, type Value } from './bson/value.ts';

/** A dotted path, cut into names. */
export interface Path {
  readonly text: string;
  readonly names: readonly string[];
  readonly bytes: readonly Buffer[];
  /** For a name that is an array index, the index; else -1. */
  readonly indexes: readonly number[];
}

const cache = new Map<string, Path>();
const cacheLimit = 10_000;

/** The index a name stands for, or -1. */
export const arrayIndex = (name: string): number => (/^(0|[1-9]\d{0,8})$/.test(name) ? Number(name) : -1);

/** Cuts a dotted path into its names. */
export const pathOf = (text: string): Path => {
  const known = cache.get(text);
  if (known) return known;
  const names = text.split('.');
  const path = { text, names, bytes: names.map((name) => Buffer.from(name)), indexes: names.map(arrayIndex) };
  if (cache.size >= cacheLimit) cache.clear();
  cache.set(text, path);
  return path;
};

/** Which item of an array made a document match; the positional operator `$` stands for it. */
export interface Details {
  index?: number | undefined;
}

/** Looks at one value found at a path, or at its absence; true ends the search. */
export type Visit = (value: Value | undefined) => boolean;

const visitLeaf = (value: Value, visit: Visit, expand: boolean, details?: Details): boolean => {
  if (!expand || value.type !== Type.array) return visit(value);
  const list = items(value);
  for (let i = 0; i < list.length; i += 1) {
    if (!visit(list[i])) continue;
    if (details) details.index = i;
    return true;
  }
  return visit(value);
};

const visitItem = (item: Value, index: number, path: Path, at: number, visit: Visit, expand: boolean): boolean => {
  if (isDocument(item) && visitPath(item, path, at, visit, expand)) return true;
  if (path.indexes[at] !== index) return false;
  if (at + 1 === path.names.length) return visit(item);
  return (isDocument(item) || isArray(item)) && visitPath(item, path, at + 1, visit, expand);
};

const visitItems = (array: Value, path: Path, at: number, visit: Visit, expand: boolean, d?: Details): boolean => {
  const list = items(array);
  for (let i = 0; i < list.length; i += 1) {
    if (!visitItem(list[i]!, i, path, at, visit, expand)) continue;
    if (d) d.index = i;
    return true;
  }
  return false;
};

/**
 * Visits every value that MongoDB's matching sees at a path, through arrays of documents and by array index, until one
 * visit says true. With `expand` an array at the end shows its items, then itself. A missing field shows as undefined.
 */
export const visitPath = (
  doc: Value,
  path: Path,
  at: number,
  visit: Visit,
  expand: boolean,
  details?: Details,
): boolean => {
  const value = fieldAt(doc, path.bytes[at]!);
  if (!value) return visit(undefined);
  if (at + 1 === path.names.length) return visitLeaf(value, visit, expand, details);
  if (value.type === Type.document) return visitPath(value, path, at + 1, visit, expand, details);
  if (value.type === Type.array) return visitItems(value, path, at + 1, visit, expand, details);
  return visit(undefined);
};

/** The value at a path that leads through documents only. */
export const plainValue = (doc: Value, path: Path): Value | undefined => {
  let value: Value | undefined = doc;
  for (const name of path.bytes) value = isDocument(value) ? fieldAt(value, name) : undefined;
  return value;
};
