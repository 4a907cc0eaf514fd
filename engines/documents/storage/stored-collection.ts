import { binary, encode } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { toNumber } from '../bson/number.ts';
import { field, isArray, items, text, type Value } from '../bson/value.ts';
import { type Collection, type Index, makeIndex } from './collection.ts';
import type { Counts } from './counts.ts';
import { indexDocument, readIndexSpec } from './index-spec.ts';

const storedIndex = (index: Index) => ({
  ...indexDocument(index),
  id: index.id,
  multikey: index.multikey,
  inexact: index.isInexact,
  building: index.isBuilding,
});

/** A collection as it is stored. */
export const storedCollection = (collection: Collection): Buffer =>
  encode({
    id: collection.id,
    uuid: binary(collection.uuid, 4),
    db: collection.db,
    name: collection.name,
    hasLongIds: collection.hasLongIds,
    indexes: collection.indexes.map(storedIndex),
  });

const loadIndex = (doc: Value): Index => {
  const index = makeIndex(toNumber(field(doc, 'id')!), readIndexSpec(doc));
  const flags = field(doc, 'multikey');
  if (isArray(flags)) for (const [i, flag] of items(flags).entries()) index.multikey[i] = truthy(flag);
  index.isInexact = truthy(field(doc, 'inexact'));
  index.isBuilding = truthy(field(doc, 'building'));
  return index;
};

/** A collection from its stored form. */
export const loadCollection = (doc: Value, countsOf: (id: number) => Counts): Collection => {
  const id = toNumber(field(doc, 'id')!);
  const uuid = field(doc, 'uuid')!;
  return {
    id,
    uuid: Buffer.from(uuid.buf.subarray(uuid.start + 5, uuid.end)),
    db: text(field(doc, 'db')!),
    name: text(field(doc, 'name')!),
    indexes: items(field(doc, 'indexes')!).map(loadIndex),
    ...countsOf(id),
    uses: 0,
    hasLongIds: truthy(field(doc, 'hasLongIds')),
    version: 0,
  };
};
