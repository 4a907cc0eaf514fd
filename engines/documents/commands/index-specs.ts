import { toNumber } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, isDocument, isNumber, isString, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { parseFilter } from '../filter/parse.ts';
import type { Filter } from '../filter/shape.ts';
import { documentText, elementText } from '../shell-text.ts';
import { type IndexSpec, readIndexSpec } from '../storage/index-spec.ts';
import { assertPattern, cannotCreate, isIdPattern } from './index-keys.ts';

const failedToParse = (message: string): DocumentError => new DocumentError('FailedToParse', message);

const badValue = (message: string): DocumentError => new DocumentError('BadValue', message);

const mistyped = (name: string, wanted: string, value: Value): DocumentError =>
  new DocumentError('TypeMismatch', `The field '${name}' must be ${wanted}, but got ${typeNames[value.type]}`);

const largestExpiry = 2 ** 31 - 1;

const assertExpiry = (expiry: Value | undefined, key: Value): void => {
  if (!expiry) return;
  if (!isNumber(expiry)) {
    throw cannotCreate(
      `TTL index 'expireAfterSeconds' option must be numeric, but received a type of '${typeNames[expiry.type]}'.`,
    );
  }
  const seconds = toNumber(expiry);
  if (!(seconds >= 0 && seconds <= largestExpiry)) {
    throw cannotCreate(
      `TTL index 'expireAfterSeconds' option must be within an acceptable range, try a different number than ${seconds}`,
    );
  }
  if (elements(key).length > 1) {
    throw cannotCreate('TTL indexes are single-field indexes, compound indexes do not support TTL');
  }
};

const partialTests = new Set(['$eq', '$gt', '$gte', '$lt', '$lte', '$exists', '$type', '$in']);

const assertPartial = (filter: Filter): void => {
  if (filter.kind === 'and' || filter.kind === 'or') filter.of.forEach(assertPartial);
  else if (filter.kind === 'constant' && filter.value) return;
  else if (filter.kind !== 'test' || !partialTests.has(filter.test.op)) {
    throw cannotCreate(
      `Expression not supported in partial index: ${filter.kind === 'test' ? filter.test.op : filter.kind}`,
    );
  } else if (filter.test.op === '$in' && filter.test.patterns.length > 0) {
    throw cannotCreate('Expression not supported in partial index: $regex');
  }
};

const words = (text: string): Set<string> => new Set(text.split(' '));

const known = words(
  'v key name ns unique sparse hidden background dropDups expireAfterSeconds partialFilterExpression collation',
);

const elsewhere = words(
  'storageEngine weights default_language language_override textIndexVersion 2dsphereIndexVersion bits min max bucketSize wildcardProjection columnstoreProjection clustered prepareUnique',
);

const flags = words('unique sparse hidden background dropDups');

const onId = words('v key name ns collation background');

const assertOptions = (doc: Value, isId: boolean): void => {
  for (const { name, value } of elements(doc)) {
    if (elsewhere.has(name)) throw notImplemented(`an index with ${name}`);
    if (!known.has(name)) {
      const text = `The field '${name}' is not valid for an index specification. Specification: ${documentText(doc)}`;
      throw new DocumentError('InvalidIndexSpecificationOption', text);
    }
    if (isId && !onId.has(name)) {
      const text = `The field '${name}' is not valid for an _id index specification. Specification: ${documentText(doc)}`;
      throw new DocumentError('InvalidIndexSpecificationOption', text);
    }
    if (flags.has(name) && value.type !== Type.boolean && !isNumber(value)) {
      const text = `The field '${name} has value ${elementText(name, value)}, which is not convertible to bool`;
      throw new DocumentError('TypeMismatch', text);
    }
  }
};

const assertCollation = (collation: Value | undefined): void => {
  if (!collation) return;
  if (!isDocument(collation)) throw mistyped('collation', 'an object', collation);
  const locale = elements(collation).find(({ name }) => name === 'locale')?.value;
  if (!isString(locale) || text(locale) !== 'simple') throw notImplemented('an index with a collation');
};

const assertVersion = (version: Value | undefined): void => {
  if (!version) return;
  if (!isNumber(version)) throw mistyped('v', 'a number', version);
  const n = toNumber(version);
  if (n !== 1 && n !== 2) throw cannotCreate(`Invalid index specification; cannot create an index with v=${n}`);
};

const assertNames = (key: Value | undefined, name: Value | undefined): void => {
  if (!key) throw failedToParse("The 'key' field is a required property of an index specification");
  if (!isDocument(key)) throw mistyped('key', 'an object', key);
  if (!name) throw failedToParse("The 'name' field is a required property of an index specification");
  if (!isString(name)) throw mistyped('name', 'a string', name);
  if (text(name) === '') throw cannotCreate('index name cannot be empty');
  if (text(name) === '*') throw badValue("The index name '*' is not valid.");
  if (text(name) !== '_id_' || isIdPattern(key)) return;
  const wanted = 'must have key pattern {_id: 1}';
  throw badValue(
    `The index name '_id_' is reserved for the _id index, which ${wanted}, found key: ${documentText(key)}`,
  );
};

/** An index specification, checked as MongoDB checks it. */
export const checkedSpec = (doc: Value): IndexSpec => {
  const parts = new Map(elements(doc).map(({ name, value }) => [name, value]));
  const [key, partial] = [parts.get('key'), parts.get('partialFilterExpression')];
  assertNames(key, parts.get('name'));
  assertPattern(key!);
  assertOptions(doc, isIdPattern(key!));
  assertVersion(parts.get('v'));
  assertCollation(parts.get('collation'));
  assertExpiry(parts.get('expireAfterSeconds'), key!);
  if (partial && !isDocument(partial)) throw mistyped('partialFilterExpression', 'an object', partial);
  const spec = readIndexSpec(doc);
  if (partial) assertPartial(parseFilter(partial));
  if (partial && spec.isSparse) throw cannotCreate('cannot mix "partialFilterExpression" and "sparse" options');
  return spec;
};
