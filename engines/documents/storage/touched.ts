import { arrayValue, documentValue, encodeElements } from '../bson/build.ts';
import { field, identical, isArray, isDocument, items, type Value } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';

/** A path that an update operator has changed; `$push` may only have added items to the end of an array. */
export interface Touched {
  readonly names: readonly string[];
  readonly mayAppend: boolean;
}

const inside = (value: Value | undefined, name: string): Value | undefined =>
  isDocument(value) || isArray(value) ? field(value!, name) : undefined;

const valueAt = (doc: Value, names: readonly string[]): Value | undefined =>
  names.reduce<Value | undefined>(inside, doc);

/** The path up to the first name that was not there: what was made as a whole is told as a whole. */
const toldPath = (before: Value, names: readonly string[]): readonly string[] => {
  let value: Value | undefined = before;
  for (const [i, name] of names.entries()) {
    value = inside(value, name);
    if (!value) return names.slice(0, i + 1);
  }
  return names;
};

/** The items an array has got at its end; undefined if more than that has changed. */
const appended = (before: Value | undefined, after: Value): [number, Value][] | undefined => {
  if (!isArray(before) || !isArray(after)) return undefined;
  const [old, now] = [items(before), items(after)];
  const isKept = old.every((item, i) => now[i] && identical(item, now[i]));
  return isKept ? now.slice(old.length).map((item, i) => [old.length + i, item]) : undefined;
};

/** What has become of one path: new values by path, or nothing if the field is gone. */
const changesAt = (before: Value, after: Value, { names, mayAppend }: Touched) => {
  const told = toldPath(before, names);
  const path = told.join('.');
  const [old, now] = [valueAt(before, told), valueAt(after, told)];
  if (!now) return { removed: old ? [path] : [], updated: [] };
  if (old && identical(old, now)) return { removed: [], updated: [] };
  const added = mayAppend ? appended(old, now) : undefined;
  const updated = added?.map(([i, item]): [string, Value] => [`${path}.${i}`, item]) ?? [
    [path, now] as [string, Value],
  ];
  return { removed: [], updated };
};

/** What update operators changed, as change streams describe it: by the paths they name. */
export const touchedDescription = (
  before: Value,
  after: Value,
  touched: readonly Touched[],
): { readonly [name: string]: Writable } => {
  const changes = touched.map((one) => changesAt(before, after, one));
  return {
    updatedFields: documentValue(encodeElements(new Map(changes.flatMap(({ updated }) => updated)))),
    removedFields: arrayValue([...new Set(changes.flatMap(({ removed }) => removed))]),
    truncatedArrays: arrayValue([]),
  };
};
