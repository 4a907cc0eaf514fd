import { encode } from '../bson/build.ts';
import { idOf, type Value } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';
import type { Collection } from './collection.ts';
import { updateDescription } from './diff.ts';
import { type Touched, touchedDescription } from './touched.ts';

/** A change as change streams report it, without its `_id`; made once its place in the order of changes is known. */
export type ChangeEvent = (clusterTime: Value) => Buffer;

type Fields = { readonly [name: string]: Writable };

const event =
  (operationType: string, ns: Writable, rest: Fields, head: Fields = {}): ChangeEvent =>
  (clusterTime) =>
    encode({ operationType, clusterTime, wallTime: new Date(), ...head, ns, ...rest });

const nsOf = ({ db, name }: Collection) => ({ db, coll: name });

const keyOf = (doc: Value) => ({ _id: idOf(doc) });

export const inserted = (collection: Collection, doc: Value): ChangeEvent =>
  event('insert', nsOf(collection), { documentKey: keyOf(doc) }, { fullDocument: doc });

export const replaced = (collection: Collection, after: Value): ChangeEvent =>
  event('replace', nsOf(collection), { documentKey: keyOf(after) }, { fullDocument: after });

/** An update, told by the paths that operators touched, or else by what is different. */
export const updated = (
  collection: Collection,
  before: Value,
  after: Value,
  touched: readonly Touched[] | undefined,
): ChangeEvent => {
  const description = touched ? touchedDescription(before, after, touched) : updateDescription(before, after);
  return event('update', nsOf(collection), { documentKey: keyOf(after), updateDescription: description });
};

export const removed = (collection: Collection, doc: Value): ChangeEvent =>
  event('delete', nsOf(collection), { documentKey: keyOf(doc) });

export const dropped = (collection: Collection): ChangeEvent => event('drop', nsOf(collection), {});

export const databaseDropped = (db: string): ChangeEvent => event('dropDatabase', { db }, {});

/** A rename; made while the collection still has its old name. */
export const renamed = (collection: Collection, db: string, name: string): ChangeEvent =>
  event('rename', nsOf(collection), { to: { db, coll: name } });
