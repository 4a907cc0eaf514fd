import { elements, idOf, isArray, isDocument, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';

const largestDocument = 16 * 1024 * 1024;
const deepest = 180;

/** No level of a document takes fewer bytes, so that a small document need not be measured. */
const bytesPerLevel = 7;

const isDeeper = (value: Value, levels: number): boolean =>
  value.end - value.start >= levels * bytesPerLevel &&
  elements(value).some(
    ({ value: inner }) => (isDocument(inner) || isArray(inner)) && (levels === 0 || isDeeper(inner, levels - 1)),
  );

/** How a document comes to be stored, with MongoDB's answer if it is too large. */
const tooLarge: Readonly<Record<'insert' | 'update' | 'upsert', (size: number) => DocumentError>> = {
  insert: (size) => {
    const text = `object to insert too large. size in bytes: ${size}, max size: ${largestDocument}`;
    return new DocumentError('BadValue', text);
  },
  update: () => new DocumentError(17419, `Resulting document after update is larger than ${largestDocument}`),
  upsert: () => new DocumentError(17420, `Document to upsert is larger than ${largestDocument}`),
};

/** The parts of a reference to another document, which may stand in an `_id`. */
const referenceNames = new Set(['$ref', '$id', '$db']);

const assertIdNames = (id: Value | undefined): void => {
  const dollar = isDocument(id) && elements(id).find(({ name }) => name.startsWith('$') && !referenceNames.has(name));
  if (!dollar) return;
  const text = `_id fields may not contain '$'-prefixed fields: ${dollar.name} is not valid for storage.`;
  throw new DocumentError('DollarPrefixedFieldName', text);
};

/** Throws if a document is too large, too deep or otherwise nothing to be stored. */
export const assertStorable = (doc: Value, kind: keyof typeof tooLarge): void => {
  const size = doc.end - doc.start;
  if (size > largestDocument) throw tooLarge[kind](size);
  if (isDeeper(doc, deepest - 1)) {
    throw new DocumentError('Overflow', `cannot ${kind} document because it exceeds ${deepest} levels of nesting`);
  }
  assertIdNames(idOf(doc));
};
