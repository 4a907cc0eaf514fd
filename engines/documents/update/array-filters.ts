import { documentValue, encode } from '../bson/build.ts';
import { elements, isArray, isDocument, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileFilter, type Matcher } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import { documentText } from '../shell-text.ts';

/** Tests of array items by the identifier that stands for them. */
export type ArrayFilters = ReadonlyMap<string, Matcher>;

const logical = new Set(['$and', '$or', '$nor']);

/** The first names of all paths of a filter. */
const topNames = (filter: Value): string[] =>
  elements(filter).flatMap(({ name, value }) => {
    if (!name.startsWith('$')) return [name.split('.')[0]!];
    const branches = logical.has(name) && isArray(value) ? items(value) : [];
    return branches.flatMap((branch) => (isDocument(branch) ? topNames(branch) : []));
  });

const failedToParse = (message: string): DocumentError => new DocumentError('FailedToParse', message);

const inFilter = (message: string): string => `Error parsing array filter :: caused by :: ${message}`;

/** The identifier an array filter is about. */
const identifierOf = (filter: Value): string => {
  const [name, ...others] = new Set(topNames(filter));
  if (name === undefined) {
    throw failedToParse('Cannot use an expression without a top-level field name in arrayFilters');
  }
  if (others.length > 0) {
    throw failedToParse(inFilter(`Expected a single top-level field name, found '${name}' and '${others[0]}'`));
  }
  if (/^[a-z][a-zA-Z0-9]*$/.test(name)) return name;
  const wanted = 'an alphanumeric string beginning with a lowercase letter';
  throw new DocumentError('BadValue', inFilter(`The top-level field name must be ${wanted}, found '${name}'`));
};

const itemMatcher = (filter: Value, identifier: string): Matcher => {
  const matches = compileFilter(parseFilter(filter));
  return (item) => matches(documentValue(encode({ [identifier]: item })));
};

/** Parses `arrayFilters`. */
export const parseArrayFilters = (filters: readonly Value[]): ArrayFilters => {
  const tests = new Map<string, Matcher>();
  for (const filter of filters) {
    const identifier = identifierOf(filter);
    if (tests.has(identifier))
      throw failedToParse(`Found multiple array filters with the same top-level field name ${identifier}`);
    tests.set(identifier, itemMatcher(filter, identifier));
  }
  return tests;
};

/** Throws unless the placeholders of the update's paths and the filters belong together. */
export const assertUsed = (update: Value, paths: readonly (readonly string[])[], filters: ArrayFilters): void => {
  const used = new Set<string>();
  for (const names of paths) {
    for (const name of names) {
      const identifier = /^\$\[(.+)\]$/.exec(name)?.[1];
      if (identifier === undefined) continue;
      used.add(identifier);
      if (!filters.has(identifier)) {
        const text = `No array filter found for identifier '${identifier}' in path '${names.join('.')}'`;
        throw new DocumentError('BadValue', text);
      }
    }
  }
  for (const name of filters.keys()) {
    if (used.has(name)) continue;
    throw failedToParse(`The array filter for identifier '${name}' was not used in the update ${documentText(update)}`);
  }
};
