import { documentValue, encode, int64, nullValue } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { Type } from '../bson/types.ts';
import { elements, isArray, isDocument, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { fieldPath } from '../field-path.ts';
import { type Path, plainValue } from '../paths.ts';
import { changeAt, open, seal } from '../update/tree.ts';
import { isNullish, typeName } from './operator.ts';

const withField = (doc: Value, { names }: Path, value: Value | undefined): Value => {
  const root = open(doc);
  changeAt(root, names, value === undefined ? 'ignore' : 'create', () => value);
  return seal(root);
};

const options = (spec: Value): Value => {
  if (isString(spec)) return documentValue(encode({ path: spec }));
  if (isDocument(spec)) return spec;
  const text = `expected either a string or an object as specification for $unwind stage, got ${typeName(spec)}`;
  throw new DocumentError(15981, text);
};

const pathOption = (value: Value | undefined): Path => {
  if (!value) throw new DocumentError(28812, 'no path specified to $unwind stage');
  if (!isString(value)) {
    throw new DocumentError(28808, `expected a string as the path for $unwind stage, got ${typeName(value)}`);
  }
  if (!text(value).startsWith('$')) {
    throw new DocumentError(28818, `path option to $unwind stage should be prefixed with a '$': ${text(value)}`);
  }
  return fieldPath(text(value).slice(1));
};

const keepsEmptyOption = (value: Value | undefined): boolean => {
  if (!value || value.type === Type.boolean) return truthy(value);
  const option = 'the preserveNullAndEmptyArrays option to $unwind stage';
  throw new DocumentError(28809, `expected a boolean for ${option}, got ${typeName(value)}`);
};

const indexOption = (value: Value | undefined): Path | undefined => {
  if (!value) return undefined;
  if (!isString(value) || text(value) === '') {
    const option = 'the includeArrayIndex option to $unwind stage';
    throw new DocumentError(28810, `expected a non-empty string for ${option}, got ${typeName(value)}`);
  }
  if (text(value).startsWith('$')) {
    const option = 'includeArrayIndex option to $unwind stage';
    throw new DocumentError(28822, `${option} should not be prefixed with a '$': ${text(value)}`);
  }
  return fieldPath(text(value));
};

const names = new Set(['path', 'preserveNullAndEmptyArrays', 'includeArrayIndex']);

/** The `$unwind` stage: a document for each item of an array. */
export const unwind = (given: Value): ((doc: Value) => Value[]) => {
  const parts = new Map(elements(options(given)).map(({ name, value }) => [name, value]));
  for (const name of parts.keys()) {
    if (!names.has(name)) throw new DocumentError(28811, `unrecognized option to $unwind stage: ${name}`);
  }
  const path = pathOption(parts.get('path'));
  const keepsEmpty = keepsEmptyOption(parts.get('preserveNullAndEmptyArrays'));
  const indexPath = indexOption(parts.get('includeArrayIndex'));
  const numbered = (doc: Value, index: Value): Value => (indexPath ? withField(doc, indexPath, index) : doc);
  return (doc) => {
    const value = plainValue(doc, path);
    if (isArray(value) && items(value).length > 0) {
      return items(value).map((item, i) => numbered(withField(doc, path, item), int64(BigInt(i))));
    }
    if (isArray(value)) return keepsEmpty ? [numbered(withField(doc, path, undefined), nullValue)] : [];
    return isNullish(value) && !keepsEmpty ? [] : [numbered(doc, nullValue)];
  };
};
