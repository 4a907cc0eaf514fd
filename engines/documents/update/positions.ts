import { isArray, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { valueText } from '../shell-text.ts';
import type { ArrayFilters } from './array-filters.ts';
import { isDynamic } from './names.ts';
import { type Branch, valueAt } from './tree.ts';

const arrayAt = (root: Branch, names: readonly string[]): Value => {
  const list = valueAt(root, names);
  if (isArray(list)) return list;
  const path = names.join('.');
  throw new DocumentError(
    'BadValue',
    list
      ? `Cannot apply array updates to non-array element ${names[names.length - 1]}: ${valueText(list)}`
      : `The path '${path}' must exist in the document in order to apply array updates.`,
  );
};

/** The indexes a placeholder stands for: of all items, or of those its filter lets through. */
const indexesOf = (list: Value, name: string, filters: ArrayFilters): string[] => {
  const identifier = name.slice(2, -1);
  const matches = identifier === '' ? () => true : filters.get(identifier)!;
  return items(list).flatMap((item, i) => (matches(item) ? [String(i)] : []));
};

/** The paths that a path with positional operators stands for in a document. */
export const concrete = (
  root: Branch,
  names: readonly string[],
  filters: ArrayFilters,
  matchedIndex: number | undefined,
): (readonly string[])[] => {
  const at = names.findIndex(isDynamic);
  if (at < 0) return [names];
  const [before, name, after] = [names.slice(0, at), names[at]!, names.slice(at + 1)];
  if (name !== '$') {
    return indexesOf(arrayAt(root, before), name, filters).flatMap((index) =>
      concrete(root, [...before, index, ...after], filters, matchedIndex),
    );
  }
  if (matchedIndex === undefined) {
    throw new DocumentError('BadValue', 'The positional operator did not find the match needed from the query.');
  }
  return concrete(root, [...before, String(matchedIndex), ...after], filters, matchedIndex);
};
