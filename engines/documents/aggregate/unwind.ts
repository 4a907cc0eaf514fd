import { documentValue, encode, int64, nullValue } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { Type } from '../bson/types.ts';
import { field, isArray, isDocument, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { pathOf, plainValue } from '../paths.ts';
import { changeAt, open, seal } from '../update/tree.ts';

const withField = (doc: Value, names: readonly string[], value: Value | undefined): Value => {
  const root = open(doc);
  changeAt(root, names, value !== undefined, () => value);
  return seal(root);
};

const options = (spec: Value): Value => (isString(spec) ? documentValue(encode({ path: spec })) : spec);

/** The `$unwind` stage: a document for each item of an array. */
export const unwind = (given: Value): ((doc: Value) => Value[]) => {
  const spec = options(given);
  const source = isDocument(spec) ? field(spec, 'path') : undefined;
  if (!isString(source)) throw new DocumentError(28812, 'no path specified to $unwind stage');
  if (!text(source).startsWith('$')) {
    throw new DocumentError(28818, `path option to $unwind stage should be prefixed with a '$': ${text(source)}`);
  }
  const path = pathOf(text(source).slice(1));
  const keepsEmpty = truthy(field(spec, 'preserveNullAndEmptyArrays'));
  const indexName = field(spec, 'includeArrayIndex');
  const numbered = (doc: Value, index: Value): Value =>
    indexName ? withField(doc, pathOf(text(indexName)).names, index) : doc;
  return (doc) => {
    const value = plainValue(doc, path);
    if (isArray(value) && items(value).length > 0) {
      return items(value).map((item, i) => numbered(withField(doc, path.names, item), int64(BigInt(i))));
    }
    if (isArray(value)) return keepsEmpty ? [numbered(withField(doc, path.names, undefined), nullValue)] : [];
    const isMissing = !value || value.type === Type.null || value.type === Type.undefined;
    return isMissing && !keepsEmpty ? [] : [numbered(doc, nullValue)];
  };
};
