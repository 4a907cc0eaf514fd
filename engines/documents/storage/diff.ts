import { arrayValue, documentValue, encodeElements } from '../bson/build.ts';
import { elements, identical, isArray, isDocument, items, type Value } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';

interface Differences {
  readonly updated: [string, Value][];
  readonly removed: string[];
  readonly truncated: { readonly field: string; readonly newSize: number }[];
}

const compareArrays = (before: Value, after: Value, path: string, into: Differences): void => {
  const [old, now] = [items(before), items(after)];
  if (now.length < old.length) into.truncated.push({ field: path, newSize: now.length });
  for (const [i, item] of now.entries()) compareValues(old[i], item, `${path}.${i}`, into);
};

const compareValues = (before: Value | undefined, after: Value, path: string, into: Differences): void => {
  if (before && identical(before, after)) return;
  if (isDocument(before) && isDocument(after)) compareDocuments(before, after, `${path}.`, into);
  else if (isArray(before) && isArray(after)) compareArrays(before, after, path, into);
  else into.updated.push([path, after]);
};

const compareDocuments = (before: Value, after: Value, prefix: string, into: Differences): void => {
  const old = new Map(elements(before).map(({ name, value }) => [name, value]));
  for (const { name, value } of elements(after)) {
    compareValues(old.get(name), value, prefix + name, into);
    old.delete(name);
  }
  for (const name of old.keys()) into.removed.push(prefix + name);
};

/** What an update changed, as change streams describe it. */
export const updateDescription = (before: Value, after: Value): { readonly [name: string]: Writable } => {
  const found: Differences = { updated: [], removed: [], truncated: [] };
  compareDocuments(before, after, '', found);
  return {
    updatedFields: documentValue(encodeElements(found.updated)),
    removedFields: arrayValue(found.removed),
    truncatedArrays: arrayValue(found.truncated),
  };
};
