import { documentValue, encodeElements } from '../bson/build.ts';
import { timestampNow } from '../bson/clock.ts';
import { equal } from '../bson/compare.ts';
import { Type } from '../bson/types.ts';
import { elements, idOf, isArray, isDocument, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { elementText } from '../shell-text.ts';
import type { Touched } from '../storage/touched.ts';
import { operatorUpdate } from './apply-operators.ts';
import { compileUpdatePipeline } from './pipeline.ts';

/** What an update may look at beside the document: which array item the filter matched, and whether it inserts. */
export interface Circumstances {
  readonly matchedIndex: number | undefined;
  readonly isInsert: boolean;
}

/** A changed document, and the paths that operators have changed in it. */
export interface Applied {
  readonly doc: Value;
  readonly touched?: readonly Touched[];
}

/** A compiled update. */
export interface Update {
  readonly kind: 'replacement' | 'operators' | 'pipeline';
  readonly needsMatchedIndex: boolean;
  readonly apply: (doc: Value, circumstances: Circumstances) => Applied;
}

/** The replacement with the document's own `_id` in front, unless it brings one. */
const withId = (replacement: Value, id: Value | undefined): Value => {
  if (!id || idOf(replacement)) return replacement;
  const rest = elements(replacement).map(({ name, value }) => [name, value] as const);
  return documentValue(encodeElements([['_id', id], ...rest]));
};

const isEmptyTimestamp = ({ type, buf, start }: Value): boolean =>
  type === Type.timestamp && buf.readBigUInt64LE(start) === 0n;

/** The document with the present time in the place of empty timestamps, but not within its fields, nor in `_id`. */
export const withTimestamps = (doc: Value): Value => {
  if (!items(doc).some(isEmptyTimestamp)) return doc;
  return documentValue(
    encodeElements(
      elements(doc).map(
        ({ name, value }) => [name, name !== '_id' && isEmptyTimestamp(value) ? timestampNow() : value] as const,
      ),
    ),
  );
};

/** The error for a field that begins with a dollar at the top of a document. */
export const dollarField = (name: string, path: string): DocumentError => {
  const text = `The dollar ($) prefixed field '${name}' in '${path}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`;
  return new DocumentError('DollarPrefixedFieldName', text);
};

/** A replacement's field that begins with a dollar is refused where there is a document; an upsert inserts it as it is. */
const replacementUpdate = (replacement: Value): Update => {
  const list = elements(replacement);
  const dollar = list.find(({ name }) => name.startsWith('$'));
  const fill = list.some(({ value }) => isEmptyTimestamp(value)) ? withTimestamps : (doc: Value) => doc;
  return {
    kind: 'replacement',
    needsMatchedIndex: false,
    apply: (doc, { isInsert }) => {
      if (dollar && !isInsert) throw dollarField(dollar.name, dollar.name);
      return { doc: fill(withId(replacement, idOf(doc))) };
    },
  };
};

const pipelineUpdate = (stages: readonly Value[]): Update => {
  const transform = compileUpdatePipeline(stages);
  return {
    kind: 'pipeline',
    needsMatchedIndex: false,
    apply: (doc) => ({ doc: withId(transform(doc), idOf(doc)) }),
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
  const [old, now] = [idOf(before), idOf(after)];
  if (old && now && equal(old, now)) return;
  const text =
    kind === 'operators'
      ? "Performing an update on the path '_id' would modify the immutable field '_id'"
      : `After applying the update, the (immutable) field '_id' was found to have been altered to ${now ? elementText('_id', now) : 'missing'}`;
  throw new DocumentError('ImmutableField', text);
};
