import { toNumber } from '../bson/number.ts';
import { typeNames } from '../bson/types.ts';
import { elements, isNumber, isString, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { documentText } from '../shell-text.ts';

/** The error for an index that cannot be. */
export const cannotCreate = (message: string): DocumentError => new DocumentError('CannotCreateIndex', message);

/** Types of index that MongoDB has and this server has not. */
const plugins = new Set(['text', '2d', '2dsphere', 'hashed', 'wildcard', 'columnstore']);

const assertDirection = (key: Value, value: Value): void => {
  if (isString(value)) {
    if (plugins.has(text(value))) throw notImplemented(`an index of type "${text(value)}"`);
    throw cannotCreate(`Unknown index plugin '${text(value)}'. Full key: ${documentText(key)}`);
  }
  if (isNumber(value) && toNumber(value) !== 0 && !Number.isNaN(toNumber(value))) return;
  const found = isNumber(value) ? `cannot be ${toNumber(value)}` : `cannot be of type ${typeNames[value.type]}`;
  throw cannotCreate(
    `Values in v:2 index key pattern ${found}. Only numbers > 0, numbers < 0, and strings are allowed.`,
  );
};

const assertFieldName = (name: string): void => {
  const names = name.split('.');
  if (names.includes('$**')) throw notImplemented('a wildcard index');
  if (names.includes('')) throw cannotCreate('Index keys cannot contain an empty field.');
  if (names.some((part) => part.startsWith('$') && !['$ref', '$id', '$db'].includes(part)))
    throw cannotCreate("Index key contains an illegal field name: field name starts with '$'.");
};

const mostFields = 32;

/** Throws unless an index may have this key pattern. */
export const assertPattern = (key: Value): void => {
  const fields = elements(key);
  if (fields.length === 0) throw cannotCreate('Index keys cannot be an empty object.');
  if (fields.length > mostFields) throw new DocumentError(13103, 'too many compound keys');
  for (const { name, value } of fields) {
    assertDirection(key, value);
    assertFieldName(name);
  }
  const names = fields.map(({ name }) => name);
  if (new Set(names).size < names.length)
    throw new DocumentError('BadValue', `The field is repeated in the index key pattern: ${documentText(key)}`);
};

/** Whether an index pattern is that of the `_id` index, which every collection has. */
export const isIdPattern = (key: Value): boolean => {
  const [first, ...others] = elements(key);
  return first?.name === '_id' && others.length === 0 && isNumber(first.value) && toNumber(first.value) === 1;
};
