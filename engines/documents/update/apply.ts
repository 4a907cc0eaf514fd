import { documentValue, encodeElements } from '../bson/build.ts';
import { timestampNow } from '../bson/clock.ts';
import { equal } from '../bson/compare.ts';
import { Type } from '../bson/types.ts';
import { elements, field, isArray, isDocument, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { elementText } from '../shell-text.ts';
import type { Touched } from '../storage/touched.ts';
import { type ArrayFilters, assertUsed, parseArrayFilters } from './array-filters.ts';
import { Claims, createdConflict } from './conflicts.ts';
import { isDynamic } from './names.ts';
import { type Modification, parseModifications } from './parse.ts';
import { compileUpdatePipeline } from './pipeline.ts';
import { concrete } from './positions.ts';
import { applyRename } from './rename.ts';
import { type Branch, changeAt, open, seal } from './tree.ts';

/** What an update may look at beside the document: which array item the filter matched, and whether it inserts. */
interface Circumstances {
  readonly matchedIndex: number | undefined;
  readonly isInsert: boolean;
}

/** A compiled update. */
export interface Update {
  readonly kind: 'replacement' | 'operators' | 'pipeline';
  readonly needsMatchedIndex: boolean;
  readonly apply: (doc: Value, circumstances: Circumstances) => Applied;
}

/** A changed document, and the paths that operators have changed in it. */
interface Applied {
  readonly doc: Value;
  readonly touched?: readonly Touched[];
}

/** A document's `_id` as messages tell it. */
const idText = (doc: Value): string => {
  const id = field(doc, '_id');
  return id ? `{${elementText('_id', id)}}` : 'no id';
};

const refuseDollar = (name: string, path: string): void => {
  if (!name.startsWith('$')) return;
  const text = `The dollar ($) prefixed field '${name}' in '${path}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`;
  throw new DocumentError('DollarPrefixedFieldName', text);
};

const applyOne = (root: Branch, one: Modification, doc: Value, paths: readonly (readonly string[])[]): void => {
  if (one.source) {
    applyRename(root, one.source, one.names, doc);
    return;
  }
  for (const names of paths) {
    if (one.missing === 'create') refuseDollar(names[0]!, names.join('.'));
    const change = (current: Value | undefined) =>
      one.change(current, { name: names[names.length - 1]!, id: () => idText(doc) });
    changeAt(root, names, one.missing, change);
  }
};

/** The paths of all modifications in a document as it is before any of them; two may not turn out to be on the same way. */
const placesOf = (root: Branch, modifications: readonly Modification[], filters: ArrayFilters, at: Circumstances) => {
  const places = modifications.map((one) => ({ one, paths: concrete(root, one.names, filters, at.matchedIndex) }));
  const claims = new Claims();
  for (const { paths } of places) for (const names of paths) claims.add(names, createdConflict);
  return places;
};

/** The paths a modification changes, for change streams to tell. */
const touchedBy = ({ operator, source }: Modification, paths: readonly (readonly string[])[]): Touched[] => [
  ...paths.map((names) => ({ names, mayAppend: operator === '$push' })),
  ...(source ? [{ names: source, mayAppend: false }] : []),
];

const applyAll = (
  doc: Value,
  modifications: readonly Modification[],
  filters: ArrayFilters,
  at: Circumstances,
): Applied => {
  const root = open(doc);
  const wanted = at.isInsert ? modifications : modifications.filter(({ operator }) => operator !== '$setOnInsert');
  const places = wanted.some(({ names }) => names.some(isDynamic))
    ? placesOf(root, wanted, filters, at)
    : wanted.map((one) => ({ one, paths: [one.names] }));
  for (const { one, paths } of places) applyOne(root, one, doc, paths);
  return { doc: seal(root), touched: places.flatMap(({ one, paths }) => touchedBy(one, paths)) };
};

const operatorUpdate = (update: Value, arrayFilters: readonly Value[]): Update => {
  const filters = parseArrayFilters(arrayFilters);
  const modifications = parseModifications(update);
  assertUsed(
    modifications.map(({ names }) => names),
    filters,
  );
  return {
    kind: 'operators',
    needsMatchedIndex: modifications.some(({ names }) => names.includes('$')),
    apply: (doc, at) => applyAll(doc, modifications, filters, at),
  };
};

/** The replacement with the document's own `_id` in front, unless it brings one. */
const withId = (replacement: Value, id: Value | undefined): Value => {
  if (!id || field(replacement, '_id')) return replacement;
  const rest = elements(replacement).map(({ name, value }) => [name, value] as const);
  return documentValue(encodeElements([['_id', id], ...rest]));
};

const isEmptyTimestamp = ({ type, buf, start }: Value): boolean =>
  type === Type.timestamp && buf.readBigUInt64LE(start) === 0n;

/** The document with the present time in the place of empty timestamps, but not within its fields, nor in `_id`. */
export const withTimestamps = (doc: Value): Value => {
  const list = elements(doc);
  if (!list.some(({ name, value }) => name !== '_id' && isEmptyTimestamp(value))) return doc;
  return documentValue(
    encodeElements(
      list.map(
        ({ name, value }) => [name, name !== '_id' && isEmptyTimestamp(value) ? timestampNow() : value] as const,
      ),
    ),
  );
};

/** A replacement's field that begins with a dollar is refused where there is a document; an upsert inserts it as it is. */
const refuseDollars = (replacement: Value, { isInsert }: Circumstances): void => {
  if (!isInsert) for (const { name } of elements(replacement)) refuseDollar(name, name);
};

const replacementUpdate = (replacement: Value): Update => ({
  kind: 'replacement',
  needsMatchedIndex: false,
  apply: (doc, at) => {
    refuseDollars(replacement, at);
    return { doc: withTimestamps(withId(replacement, field(doc, '_id'))) };
  },
});

const pipelineUpdate = (stages: readonly Value[]): Update => {
  const transform = compileUpdatePipeline(stages);
  return {
    kind: 'pipeline',
    needsMatchedIndex: false,
    apply: (doc) => ({ doc: withId(transform(doc), field(doc, '_id')) }),
  };
};

const isOperatorUpdate = (update: Value): boolean => elements(update)[0]?.name.startsWith('$') === true;

/** Compiles the `u` of an update: operators, a whole document, or a pipeline. */
export const compileUpdate = (update: Value, arrayFilters?: readonly Value[]): Update => {
  if (isDocument(update) && isOperatorUpdate(update)) return operatorUpdate(update, arrayFilters ?? []);
  if (arrayFilters) {
    const style = isArray(update) ? 'pipeline' : 'replacement';
    throw new DocumentError('FailedToParse', `arrayFilters may not be specified for ${style}-style updates`);
  }
  if (isArray(update)) return pipelineUpdate(items(update));
  if (isDocument(update)) return replacementUpdate(update);
  throw new DocumentError('FailedToParse', 'Update argument must be either an object or an array');
};

/** Throws if an update changed the `_id` of a document. */
export const assertSameId = (before: Value, after: Value, kind: Update['kind']): void => {
  const [old, now] = [field(before, '_id'), field(after, '_id')];
  if (old && now && equal(old, now)) return;
  const text =
    kind === 'operators'
      ? "Performing an update on the path '_id' would modify the immutable field '_id'"
      : `After applying the update, the (immutable) field '_id' was found to have been altered to ${idText(after)}`;
  throw new DocumentError('ImmutableField', text);
};
