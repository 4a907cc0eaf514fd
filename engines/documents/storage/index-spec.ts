import { truthy } from '../bson/compare.ts';
import { toNumber } from '../bson/number.ts';
import { bytesOf, field, isDocument, text, type Value } from '../bson/value.ts';

/** What an index was asked to be. */
export interface IndexSpec {
  readonly name: string;
  readonly key: Value;
  readonly isUnique: boolean;
  readonly isSparse: boolean;
  readonly isHidden: boolean;
  readonly partialFilter: Value | undefined;
  readonly expireAfterSeconds: number | undefined;
}

const owned = (value: Value): Value => ({
  ...value,
  buf: Buffer.from(bytesOf(value)),
  start: 0,
  end: value.end - value.start,
});

/** An index specification from its stored or given form. */
export const readIndexSpec = (doc: Value): IndexSpec => {
  const partial = field(doc, 'partialFilterExpression');
  const expiry = field(doc, 'expireAfterSeconds');
  return {
    name: text(field(doc, 'name')!),
    key: owned(field(doc, 'key')!),
    isUnique: truthy(field(doc, 'unique')),
    isSparse: truthy(field(doc, 'sparse')),
    isHidden: truthy(field(doc, 'hidden')),
    partialFilter: isDocument(partial) ? owned(partial) : undefined,
    expireAfterSeconds: expiry && toNumber(expiry),
  };
};

/** An index specification as `listIndexes` shows it. */
export const indexDocument = (spec: IndexSpec) => ({
  v: 2,
  key: spec.key,
  name: spec.name,
  unique: spec.isUnique || undefined,
  sparse: spec.isSparse || undefined,
  hidden: spec.isHidden || undefined,
  partialFilterExpression: spec.partialFilter,
  expireAfterSeconds: spec.expireAfterSeconds,
});
