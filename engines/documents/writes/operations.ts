import { identical, idOf, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import type { Details } from '../paths.ts';
import type { Request } from '../query/find.ts';
import type { TimeLimit } from '../query/time-limit.ts';
import type { Collection } from '../storage/collection.ts';
import type { Store } from '../storage/store.ts';
import type { Transaction } from '../storage/transactions.ts';
import { assertSameId, type Update, withTimestamps } from '../update/apply.ts';
import { assertInsertedId, assertUpdatedId, withIdFirst } from './ids.ts';
import { assertStorable } from './limits.ts';
import { upsertedDocument } from './upsert.ts';

/** Where an operation writes. */
export interface Namespace {
  readonly db: string;
  readonly name: string;
}

/** What one operation did. `value` is the document that findAndModify returns. */
export interface Outcome {
  readonly n: number;
  readonly modified: number;
  readonly upsertedId?: Value;
  readonly value?: Value;
  readonly error?: DocumentError;
}

export interface Insert {
  readonly kind: 'insert';
  readonly timeLimit?: TimeLimit | undefined;
  readonly namespace: Namespace;
  readonly doc: Value;
}

/** An operation on documents that have to be found first. */
export interface Change {
  readonly kind: 'change';
  readonly timeLimit?: TimeLimit | undefined;
  readonly namespace: Namespace;
  readonly request: Request;
  readonly isMulti: boolean;
  /** How to change a document; undefined deletes it. */
  readonly update: Update | undefined;
  readonly isUpsert: boolean;
  /** Which document to return, if any. */
  readonly returns: 'before' | 'after' | 'nothing';
}

/** A statement that makes no sense; it fails in its place, and the others of its list are not concerned. */
interface Invalid {
  readonly kind: 'invalid';
  readonly error: DocumentError;
}

export type Operation = Insert | Change | Invalid;

const nothing: Outcome = { n: 0, modified: 0 };

/** Inserts the document of an operation. */
export const applyInsert = (store: Store, tx: Transaction, { namespace, doc }: Insert): Outcome => {
  assertInsertedId(doc);
  const whole = withTimestamps(withIdFirst(doc));
  assertStorable(whole, 'insert');
  store.insert(tx, store.collectionFor(namespace.db, namespace.name), whole);
  return { n: 1, modified: 0 };
};

const removeFound = (
  store: Store,
  tx: Transaction,
  collection: Collection,
  op: Change,
  id: Buffer,
  doc: Value,
): Outcome => {
  store.remove(tx, collection, id, doc);
  return { n: 1, modified: 0, ...(op.returns === 'nothing' ? {} : { value: doc }) };
};

const matchedIndex = (op: Change, doc: Value): number | undefined => {
  const details: Details = {};
  if (op.update?.needsMatchedIndex) op.request.matches(doc, details);
  return details.index;
};

/** MongoDB tells in which command a document could not be changed. */
const inPlan = <T>(op: Change, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    const command = op.returns === 'nothing' ? 'update' : 'findAndModify';
    const text = `Plan executor error during ${command} :: caused by :: ${error.message}`;
    throw new DocumentError(error.code, text, error.details);
  }
};

const changed = (update: Update, doc: Value, index: number | undefined) => {
  const { doc: made, touched } = update.apply(doc, { matchedIndex: index, isInsert: false });
  assertSameId(doc, made, update.kind);
  const after = withIdFirst(made);
  assertUpdatedId(after);
  assertStorable(after, 'update');
  return { after, touched };
};

/** Changes one found document; it must still match. */
export const applyToFound = (
  store: Store,
  tx: Transaction,
  collection: Collection,
  op: Change,
  id: Buffer,
  doc: Value,
): Outcome => {
  if (!op.update) return removeFound(store, tx, collection, op, id, doc);
  const { after, touched } = inPlan(op, () => changed(op.update!, doc, matchedIndex(op, doc)));
  const isSame = identical(doc, after);
  if (!isSame) store.replace(tx, collection, id, doc, after, op.update.kind === 'replacement' ? 'whole' : touched);
  const value = op.returns === 'before' ? doc : op.returns === 'after' ? after : undefined;
  return { n: 1, modified: isSame ? 0 : 1, ...(value ? { value } : {}) };
};

/** What an operation does when nothing matches: insert if it is an upsert. */
export const applyToNone = (store: Store, tx: Transaction, op: Change): Outcome => {
  if (!op.isUpsert || !op.update) return nothing;
  const doc = inPlan(op, () => upsertedDocument(op.request.filter, op.update!));
  store.insert(tx, store.collectionFor(op.namespace.db, op.namespace.name), doc);
  return {
    n: 1,
    modified: 0,
    upsertedId: idOf(doc)!,
    ...(op.returns === 'after' ? { value: doc } : {}),
  };
};
