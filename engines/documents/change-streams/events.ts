import { documentValue, encode, encodeElements } from '../bson/build.ts';
import { elements, field, idOf, isDocument, type Value } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';
import { idKey } from '../key-encoding.ts';
import type { Entry } from '../storage/oplog.ts';
import type { Store } from '../storage/store.ts';
import { textAt } from './scope.ts';
import { tokenDocument } from './token.ts';

const headFields = new Set(['operationType', 'clusterTime', 'wallTime', 'fullDocument']);

const lookUp = (store: Store, event: Value): Value | null => {
  const collection = store.catalogue.get(`${textAt(event, 'ns', 'db')}.${textAt(event, 'ns', 'coll')}`);
  const key = field(event, 'documentKey');
  const id = isDocument(key) ? idOf(key) : undefined;
  return (collection && id && store.get(collection, idKey(id))) ?? null;
};

/** A change as a stream tells it; an update with the whole document as it is now, if that is wanted. */
export const told = (store: Store, { event, position }: Entry, looksUp: boolean): Value => {
  const list = elements(event).map(({ name, value }): [string, Writable] => [name, value]);
  const head = list.filter(([name]) => headFields.has(name));
  const rest = list.filter(([name]) => !headFields.has(name));
  const isUpdate = textAt(event, 'operationType') === 'update';
  const looked: [string, Writable][] = looksUp && isUpdate ? [['fullDocument', lookUp(store, event)]] : [];
  return documentValue(encodeElements([['_id', tokenDocument(position)], ...head, ...looked, ...rest]));
};

/** What a stream tells at its end. */
export const invalidation = ({ event, position }: Entry): Value =>
  documentValue(
    encode({
      _id: tokenDocument(position, true),
      operationType: 'invalidate',
      clusterTime: field(event, 'clusterTime'),
      wallTime: field(event, 'wallTime'),
    }),
  );
