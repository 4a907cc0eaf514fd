import { date, documentValue, encode } from './bson/build.ts';
import { Type } from './bson/types.ts';
import type { Value } from './bson/value.ts';
import { visitPath } from './paths.ts';
import { requestOf } from './query/find.ts';
import type { Collection, Index } from './storage/collection.ts';
import type { Store } from './storage/store.ts';
import { execute } from './writes/execute.ts';

const expired = (index: Index, before: Date) => {
  const [only] = index.fields;
  const filter = documentValue(encode({ [only!.path.text]: { $lt: date(before) } }));
  const request = requestOf(filter);
  const isDue = (doc: Value): boolean => visitPath(doc, only!.path, 0, (value) => value?.type === Type.date, true);
  return {
    ...request,
    matches: (doc: Value) => request.matches(doc) && isDue(doc) && (index.partial?.matches(doc) ?? true),
  };
};

const expire = async (store: Store, collection: Collection, index: Index): Promise<void> => {
  const before = new Date(Date.now() - index.expireAfterSeconds! * 1000);
  const namespace = { db: collection.db, name: collection.name };
  await execute(
    store,
    [
      {
        kind: 'change',
        namespace,
        request: expired(index, before),
        isMulti: true,
        update: undefined,
        isUpsert: false,
        returns: 'nothing',
      },
    ],
    true,
    () => {},
  );
};

/** Deletes what TTL indexes say has expired. */
export const expireDocuments = async (store: Store): Promise<void> => {
  for (const collection of store.catalogue.all()) {
    for (const index of collection.indexes) {
      if (index.expireAfterSeconds !== undefined && !index.isBuilding) await expire(store, collection, index);
    }
  }
};
