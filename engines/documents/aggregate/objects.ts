import { arrayValue, documentValue, encodeElements } from '../bson/build.ts';
import { elements, isDocument, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { any, fixed, type Given, isNullish, mistyped, type Operator, strict, typeName } from './operator.ts';

/** Several documents as one; a later field takes the place of an earlier one of its name. */
export const merged = (docs: readonly Given[]): Value => {
  const fields = new Map<string, Value>();
  for (const doc of docs) {
    if (isNullish(doc)) continue;
    if (!isDocument(doc)) throw mistyped(40400, '$mergeObjects requires object inputs, but input is of type', doc);
    for (const { name, value } of elements(doc)) fields.set(name, value);
  }
  return documentValue(encodeElements(fields));
};

const pairs = (doc: Value): Value => {
  if (!isDocument(doc)) {
    throw new DocumentError(40390, `$objectToArray requires a document input, found: ${typeName(doc)}`);
  }
  return arrayValue(
    elements(doc).map(({ name, value }) =>
      documentValue(
        encodeElements([
          ['k', name],
          ['v', value],
        ]),
      ),
    ),
  );
};

/** The operators on documents. */
export const objects: Readonly<Record<string, Operator>> = {
  $mergeObjects: any((...docs) => merged(docs)),
  $objectToArray: fixed(1, strict(pairs)),
};
