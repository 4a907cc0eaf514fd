import { randomBytes } from 'node:crypto';
import { documentValue, encode, encodeElements, objectId } from '../bson/build.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, field, identical, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import type { Filter } from '../filter/shape.ts';
import { conjuncts } from '../query/implication.ts';
import type { Update } from '../update/apply.ts';
import { changeAt, open, seal } from '../update/tree.ts';

const processPart = randomBytes(5);
let counter = randomBytes(3).readUIntBE(0, 3);

/** A new ObjectId. */
const newObjectId = (): Value => {
  const id = Buffer.allocUnsafe(12);
  id.writeUInt32BE(Math.floor(Date.now() / 1000) >>> 0, 0);
  processPart.copy(id, 4);
  counter = (counter + 1) & 0xffffff;
  id.writeUIntBE(counter, 9, 3);
  return objectId(id);
};

const illegalIds = new Set<number>([Type.array, Type.regex, Type.undefined]);

const assertId = (id: Value): void => {
  if (illegalIds.has(id.type)) {
    throw new DocumentError('InvalidIdField', `The '_id' value cannot be of type ${typeNames[id.type]}`);
  }
};

/** The document as it is stored: with an `_id`, which comes first. */
export const withIdFirst = (doc: Value): Value => {
  const id = field(doc, '_id');
  if (id) assertId(id);
  if (id && doc.buf.toString('latin1', doc.start + 5, doc.start + 9) === '_id\0') return doc;
  const rest = elements(doc).filter(({ name }) => name !== '_id');
  return documentValue(
    encodeElements([['_id', id ?? newObjectId()], ...rest.map(({ name, value }) => [name, value] as const)]),
  );
};

/** The fields a filter fixes to one value. */
const fixedFields = (filter: Filter): { names: readonly string[]; value: Value }[] =>
  conjuncts(filter).flatMap((part) => {
    if (part.kind !== 'test') return [];
    const { test, path } = part;
    if (test.op === '$eq') return [{ names: path.names, value: test.operand }];
    if (test.op === '$in' && test.operands.length === 1 && test.patterns.length === 0) {
      return [{ names: path.names, value: test.operands[0]! }];
    }
    return [];
  });

const seed = (filter: Filter, update: Update): Value => {
  const root = open(documentValue(encode({})));
  for (const { names, value } of fixedFields(filter)) {
    if (update.kind !== 'replacement' || names[0] === '_id') changeAt(root, names, true, () => value);
  }
  return seal(root);
};

/** The document an upsert inserts: what the filter fixes, then the update applied to it. */
export const upsertedDocument = (filter: Filter, update: Update): Value => {
  const start = seed(filter, update);
  const made = update.apply(start, { matchedIndex: undefined, isInsert: true });
  const [wanted, got] = [field(start, '_id'), field(made, '_id')];
  if (wanted && got && !identical(wanted, got)) {
    throw new DocumentError(
      'ImmutableField',
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  }
  return withIdFirst(made);
};
