import { documentValue, encode } from '../bson/build.ts';
import { equal } from '../bson/compare.ts';
import { identical, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { documentText } from '../shell-text.ts';
import type { Collection } from '../storage/collection.ts';
import { type IndexSpec, indexDocument } from '../storage/index-spec.ts';

const specValue = (spec: IndexSpec, name = spec.name): Value => documentValue(encode({ ...indexDocument(spec), name }));

const samePartial = (a: IndexSpec, b: IndexSpec): boolean =>
  a.partialFilter && b.partialFilter ? equal(a.partialFilter, b.partialFilter) : a.partialFilter === b.partialFilter;

/** Whether two indexes hold the same: by their pattern and the options that decide which documents they hold. */
const isEquivalent = (a: IndexSpec, b: IndexSpec): boolean =>
  equal(a.key, b.key) && samePartial(a, b) && a.isUnique === b.isUnique && a.isSparse === b.isSparse;

const isIdentical = (a: IndexSpec, b: IndexSpec): boolean => identical(specValue(a, ''), specValue(b, ''));

const requested = (spec: IndexSpec, existing: IndexSpec): string =>
  `Requested index: ${documentText(specValue(spec))}, existing index: ${documentText(specValue(existing))}`;

const assertSame = (spec: IndexSpec, existing: IndexSpec): void => {
  if (!isEquivalent(spec, existing)) {
    const text =
      'An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation.';
    throw new DocumentError('IndexKeySpecsConflict', `${text} ${requested(spec, existing)}`);
  }
  if (!isIdentical(spec, existing)) {
    const text = 'An equivalent index already exists with the same name but different options.';
    throw new DocumentError('IndexOptionsConflict', `${text} ${requested(spec, existing)}`);
  }
};

/** Whether this very index exists; throws if another one is in its way. */
export const isPresent = (collection: Collection, spec: IndexSpec): boolean => {
  const byName = collection.indexes.find(({ name }) => name === spec.name);
  if (byName) {
    assertSame(spec, byName);
    return true;
  }
  const other = collection.indexes.find((existing) => isEquivalent(spec, existing));
  if (!other) return false;
  if (isIdentical(spec, other)) {
    throw new DocumentError('IndexOptionsConflict', `Index already exists with a different name: ${other.name}`);
  }
  const text = 'An equivalent index already exists with a different name and options.';
  throw new DocumentError('IndexOptionsConflict', `${text} ${requested(spec, other)}`);
};
