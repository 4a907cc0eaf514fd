import { randomBytes } from 'node:crypto';
import { documentValue, encodeElements, objectId } from '../bson/build.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, idOf, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';

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

const illegal = new Map<number, string>([
  [Type.array, 'an array'],
  [Type.regex, 'a regex'],
  [Type.undefined, 'a undefined'],
]);

/** The document with an `_id`, which comes first. */
export const withIdFirst = (doc: Value): Value => {
  const id = idOf(doc);
  if (id && doc.buf.toString('latin1', doc.start + 5, doc.start + 9) === '_id\0') return doc;
  const rest = elements(doc).filter(({ name }) => name !== '_id');
  return documentValue(
    encodeElements([['_id', id ?? newObjectId()], ...rest.map(({ name, value }) => [name, value] as const)]),
  );
};

/** Throws if an insert brings an `_id` that cannot be one. */
export const assertInsertedId = (doc: Value): void => {
  const ids = elements(doc).filter(({ name }) => name === '_id');
  if (ids.length > 1) throw new DocumentError('BadValue', "can't have multiple _id fields in one document");
  const what = ids[0] && illegal.get(ids[0].value.type);
  if (what) throw new DocumentError('BadValue', `can't use ${what} for _id`);
};

/** Throws if an update leads to an `_id` that cannot be one. */
export const assertUpdatedId = (doc: Value): void => {
  const id = idOf(doc);
  if (id && illegal.has(id.type))
    throw new DocumentError('InvalidIdField', `The '_id' value cannot be of type ${typeNames[id.type]}`);
};
