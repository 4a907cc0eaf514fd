import { compileStages } from '../aggregate/document-stages.ts';
import { documentValue, encodeElements } from '../bson/build.ts';
import { elements, field, identical, isArray, isDocument, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import type { Matcher } from '../filter/matcher.ts';
import { type Modification, parseArrayFilters, parseModifications } from './parse.ts';
import { type Branch, changeAt, open, seal, valueAt } from './tree.ts';

/** What an update may look at beside the document: which array item the filter matched, and whether it inserts. */
interface Circumstances {
  readonly matchedIndex: number | undefined;
  readonly isInsert: boolean;
}

/** A compiled update. */
export interface Update {
  readonly kind: 'replacement' | 'operators' | 'pipeline';
  readonly needsMatchedIndex: boolean;
  readonly apply: (doc: Value, circumstances: Circumstances) => Value;
}

type Filters = ReadonlyMap<string, Matcher>;

const matchingIndexes = (list: Value, matches: Matcher): string[] =>
  items(list).flatMap((item, i) => (matches(item) ? [String(i)] : []));

const itemFilter = (name: string, filters: Filters): Matcher => {
  const identifier = name.slice(2, -1);
  if (identifier === '') return () => true;
  const matches = filters.get(identifier);
  if (!matches) throw new DocumentError('BadValue', `No array filter found for identifier '${identifier}' in path`);
  return matches;
};

const isPlaceholder = (name: string): boolean => name.startsWith('$[') && name.endsWith(']');

const arrayAt = (root: Branch, names: readonly string[], placeholder: string): Value => {
  const list = valueAt(root, names);
  if (isArray(list)) return list;
  const path = names.join('.');
  throw new DocumentError(
    'BadValue',
    list
      ? `Cannot apply array updates to non-array element ${path}`
      : `The path '${path}' must exist in the document in order to apply array updates to '${placeholder}'.`,
  );
};

/** Replaces the positional operators of a path by the indexes they stand for. */
const concrete = (root: Branch, names: readonly string[], filters: Filters, index: number | undefined): string[][] => {
  const at = names.findIndex((name) => name === '$' || isPlaceholder(name));
  if (at < 0) return [[...names]];
  const [before, name, after] = [names.slice(0, at), names[at]!, names.slice(at + 1)];
  if (name === '$') {
    if (index === undefined) {
      throw new DocumentError('BadValue', 'The positional operator did not find the match needed from the query.');
    }
    return concrete(root, [...before, String(index), ...after], filters, index);
  }
  const found = matchingIndexes(arrayAt(root, before, name), itemFilter(name, filters));
  return found.flatMap((i) => concrete(root, [...before, i, ...after], filters, index));
};

const applyRename = (root: Branch, { names, target }: Modification): void => {
  const value = valueAt(root, names);
  if (value === undefined) return;
  changeAt(root, names, false, () => undefined);
  changeAt(root, target!, true, () => value);
};

const applyOne = (root: Branch, modification: Modification, filters: Filters, at: Circumstances): void => {
  if (modification.operator === '$setOnInsert' && !at.isInsert) return;
  if (modification.target) {
    applyRename(root, modification);
    return;
  }
  for (const names of concrete(root, modification.names, filters, at.matchedIndex)) {
    changeAt(root, names, modification.creates, modification.change);
  }
};

const refuseUnused = (modifications: readonly Modification[], filters: Filters): void => {
  const used = new Set(modifications.flatMap(({ names }) => names));
  for (const name of filters.keys()) {
    if (!used.has(`$[${name}]`)) {
      throw new DocumentError('FailedToParse', `The array filter for identifier '${name}' was not used in the update`);
    }
  }
};

const operatorUpdate = (update: Value, arrayFilters: readonly Value[]): Update => {
  const modifications = parseModifications(update);
  const filters = parseArrayFilters(arrayFilters);
  refuseUnused(modifications, filters);
  return {
    kind: 'operators',
    needsMatchedIndex: modifications.some(({ names }) => names.includes('$')),
    apply: (doc, at) => {
      const root = open(doc);
      for (const modification of modifications) applyOne(root, modification, filters, at);
      return seal(root);
    },
  };
};

/** The replacement with the document's own `_id` in front, unless it brings one. */
const withId = (replacement: Value, id: Value | undefined): Value => {
  if (!id || field(replacement, '_id')) return replacement;
  const rest = elements(replacement).map(({ name, value }) => [name, value] as const);
  return documentValue(encodeElements([['_id', id], ...rest]));
};

const replacementUpdate = (replacement: Value): Update => {
  const dollar = elements(replacement).find(({ name }) => name.startsWith('$'));
  if (dollar) {
    const text = `The dollar ($) prefixed field '${dollar.name}' in '${dollar.name}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`;
    throw new DocumentError('DollarPrefixedFieldName', text);
  }
  return { kind: 'replacement', needsMatchedIndex: false, apply: (doc) => withId(replacement, field(doc, '_id')) };
};

const pipelineUpdate = (stages: readonly Value[]): Update => {
  const transform = compileStages(stages);
  return {
    kind: 'pipeline',
    needsMatchedIndex: false,
    apply: (doc) => withId(transform(doc), field(doc, '_id')),
  };
};

/** Compiles the `u` of an update: operators, a whole document, or a pipeline. */
export const compileUpdate = (update: Value, arrayFilters: readonly Value[] = []): Update => {
  if (isArray(update)) return pipelineUpdate(items(update));
  if (!isDocument(update)) {
    throw new DocumentError('FailedToParse', 'Update argument must be either an object or an array');
  }
  const first = elements(update)[0];
  return first?.name.startsWith('$') ? operatorUpdate(update, arrayFilters) : replacementUpdate(update);
};

/** Throws if an update changed the `_id` of a document. */
export const assertSameId = (before: Value, after: Value, kind: Update['kind']): void => {
  const [old, now] = [field(before, '_id'), field(after, '_id')];
  if (old && now && identical(old, now)) return;
  const text =
    kind === 'operators'
      ? "Performing an update on the path '_id' would modify the immutable field '_id'"
      : "After applying the update, the (immutable) field '_id' was found to have been altered";
  throw new DocumentError('ImmutableField', text);
};
