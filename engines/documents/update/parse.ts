import { documentValue, encode } from '../bson/build.ts';
import { elements, isArray, isDocument, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter, type Matcher } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { arrayIndex } from '../paths.ts';
import { neverCreates } from './array-operators.ts';
import { updateOperators } from './operators.ts';
import type { Change } from './tree.ts';

/** One operator's work on one path; a rename also names where the value goes. */
export interface Modification {
  readonly operator: string;
  readonly names: readonly string[];
  readonly creates: boolean;
  readonly change: Change;
  readonly target?: readonly string[];
}

const conflict = (path: string, at: string): DocumentError =>
  new DocumentError('ConflictingUpdateOperators', `Updating the path '${path}' would create a conflict at '${at}'`);

const checkName = (path: string): readonly string[] => {
  const names = path.split('.');
  if (names.includes('')) {
    const text =
      path === ''
        ? 'An empty update path is not valid.'
        : `The update path '${path}' contains an empty field name, which is not allowed.`;
    throw new DocumentError('EmptyFieldName', text);
  }
  if (names[0]!.startsWith('$')) {
    const text =
      names[0] === '$' || names[0]!.startsWith('$[')
        ? "Cannot have positional (i.e. '$') element in the first position in path"
        : `The dollar ($) prefixed field '${names[0]}' in '${path}' is not allowed in the context of an update's replacement document.`;
    throw new DocumentError(
      names[0] === '$' || names[0]!.startsWith('$[') ? 'BadValue' : 'DollarPrefixedFieldName',
      text,
    );
  }
  if (names.filter((name) => name === '$').length > 1)
    throw new DocumentError('BadValue', `Too many positional (i.e. '$') elements found in path '${path}'`);
  return names;
};

const rename = (source: string, operand: Value): Modification => {
  if (!isString(operand)) throw new DocumentError('BadValue', `The 'to' field for $rename must be a string`);
  const target = checkName(text(operand));
  const names = checkName(source);
  if ([...names, ...target].some((name) => name === '$' || name.startsWith('$['))) {
    throw new DocumentError('BadValue', `The source and destination field for $rename may not be dynamic: ${source}`);
  }
  return { operator: '$rename', names, target, creates: false, change: () => undefined };
};

const modification = (operator: string, path: string, operand: Value): Modification => {
  if (operator === '$rename') return rename(path, operand);
  const make = updateOperators[operator]!;
  return { operator, names: checkName(path), creates: !neverCreates.has(operator), change: make(path, operand) };
};

const compareNames = (a: string, b: string): number => {
  const [x, y] = [arrayIndex(a), arrayIndex(b)];
  if (x >= 0 && y >= 0) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
};

const comparePaths = (a: readonly string[], b: readonly string[]): number => {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const found = compareNames(a[i]!, b[i]!);
    if (found !== 0) return found;
  }
  return a.length - b.length;
};

const refuseConflicts = (list: readonly Modification[]): void => {
  const paths = list
    .flatMap(({ names, target }) => (target ? [names, target] : [names]))
    .map((names) => names.join('.'));
  const taken = new Set<string>();
  for (const path of paths) {
    if (taken.has(path)) throw conflict(path, path);
    taken.add(path);
  }
  for (const path of paths) {
    for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
      if (taken.has(path.slice(0, dot))) throw conflict(path, path.slice(0, dot));
    }
  }
};

/** Parses an update of operators, in the order MongoDB applies them: by path. */
export const parseModifications = (update: Value): Modification[] => {
  const list = elements(update).flatMap(({ name: operator, value }) => {
    if (!Object.hasOwn(updateOperators, operator) && operator !== '$rename') {
      throw new DocumentError(
        'FailedToParse',
        `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update specified as an array`,
      );
    }
    if (!isDocument(value)) {
      throw new DocumentError(
        'FailedToParse',
        `Modifiers operate on fields but we found another type for '${operator}'. For example: {$mod: {<field>: ...}} not {${operator}: ...}`,
      );
    }
    return elements(value).map(({ name, value: operand }) => modification(operator, name, operand));
  });
  refuseConflicts(list);
  return list.sort((a, b) => comparePaths(a.names, b.names));
};

/** The identifier an array filter is about: the beginning of its first path. */
const identifierOf = (filter: Value): string => {
  const first = elements(filter)[0];
  if (!first) {
    throw new DocumentError('FailedToParse', 'Cannot use an expression without a top-level field name in arrayFilters');
  }
  if (!first.name.startsWith('$')) return first.name.split('.')[0]!;
  const branch = isArray(first.value) ? items(first.value)[0] : undefined;
  return branch ? identifierOf(branch) : '';
};

const itemMatcher = (filter: Value, identifier: string): Matcher => {
  const matches = compileFilter(parseFilter(filter));
  return (item) => matches(documentValue(encode({ [identifier]: item })));
};

/** Parses `arrayFilters` into tests of array items by identifier. */
export const parseArrayFilters = (filters: readonly Value[]): ReadonlyMap<string, Matcher> => {
  const tests = new Map<string, Matcher>();
  for (const filter of filters) {
    const identifier = identifierOf(filter);
    const failed = (text: string) =>
      new DocumentError('FailedToParse', `Error parsing array filter :: caused by :: ${text}`);
    if (!/^[a-z][a-zA-Z0-9]*$/.test(identifier)) {
      throw failed(
        `The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${identifier}'`,
      );
    }
    if (tests.has(identifier))
      throw failed(`Found multiple array filters with the same top-level field name ${identifier}`);
    tests.set(identifier, itemMatcher(filter, identifier));
  }
  return tests;
};
