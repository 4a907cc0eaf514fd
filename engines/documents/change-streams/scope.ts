import { truthy } from '../bson/compare.ts';
import { field, isDocument, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';

/** What a change stream watches: one collection, one database, or everything. */
export interface Scope {
  readonly db: string | undefined;
  readonly name: string | undefined;
}

const internal = new Set(['admin', 'config', 'local']);

/** What a change stream watches, from the database and collection of its command. */
export const scopeOf = (db: string, name: string | undefined, spec: Value): Scope => {
  const isForAll = truthy(field(spec, 'allChangesForCluster'));
  if (isForAll && db === 'admin' && name === undefined) return { db: undefined, name: undefined };
  if (isForAll) {
    const where = "may only be opened on the 'admin' database, and with no collection name";
    throw new DocumentError('InvalidOptions', `A $changeStream with 'allChangesForCluster:true' ${where}; found ${db}`);
  }
  if (internal.has(db)) {
    const what = name === undefined ? `${db} database` : `${db}.${name} collection`;
    throw new DocumentError('InvalidNamespace', `$changeStream may not be opened on the internal ${what}`);
  }
  return { db, name };
};

/** The text at a path of an event. */
export const textAt = (doc: Value, ...names: readonly string[]): string | undefined => {
  let value: Value | undefined = doc;
  for (const name of names) value = isDocument(value) ? field(value, name) : undefined;
  return isString(value) ? text(value) : undefined;
};

/** Whether an event is about what a stream watches. */
export const concerns = (event: Value, { db, name }: Scope): boolean => {
  if (db === undefined) return !internal.has(textAt(event, 'ns', 'db')!);
  if (textAt(event, 'ns', 'db') !== db && textAt(event, 'to', 'db') !== db) return false;
  return name === undefined || textAt(event, 'ns', 'coll') === name || textAt(event, 'to', 'coll') === name;
};

const ending: Readonly<Record<'collection' | 'database', ReadonlySet<string>>> = {
  collection: new Set(['drop', 'rename', 'dropDatabase']),
  database: new Set(['dropDatabase']),
};

/** Whether a stream ends with an event that concerns it. */
export const ends = (event: Value, { db, name }: Scope): boolean => {
  if (db === undefined) return false;
  return ending[name === undefined ? 'database' : 'collection'].has(textAt(event, 'operationType')!);
};
