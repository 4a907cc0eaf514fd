import { isString, text } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import type { Call } from './context.ts';

const invalid = (message: string): DocumentError => new DocumentError('InvalidNamespace', message);

/** Throws unless a database may have this name. */
export const assertDatabase = (db: string): void => {
  if (db === '' || Buffer.byteLength(db) > 63 || /[/\\. "$*<>:|?\0]/.test(db)) {
    throw invalid(`Invalid database name: '${db}'`);
  }
};

/** Throws unless a collection may have this name. */
export const assertCollection = (db: string, name: string): void => {
  assertDatabase(db);
  const isWrong = name === '' || name.startsWith('.') || name.endsWith('.') || /[$\0]/.test(name);
  if (isWrong || Buffer.byteLength(`${db}.${name}`) > 255) throw invalid(`Invalid namespace specified '${db}.${name}'`);
};

/** The collection a command names as the value of its own field. */
export const collectionName = ({ args, db }: Call): string => {
  const value = args.get(args.command);
  if (!isString(value)) {
    throw invalid(`collection name has invalid type`);
  }
  assertCollection(db, text(value));
  return text(value);
};

/** Splits a full name at its first dot. */
export const splitNamespace = (namespace: string): { db: string; name: string } => {
  const dot = namespace.indexOf('.');
  const parts = dot < 0 ? { db: namespace, name: '' } : { db: namespace.slice(0, dot), name: namespace.slice(dot + 1) };
  assertCollection(parts.db, parts.name);
  return parts;
};
