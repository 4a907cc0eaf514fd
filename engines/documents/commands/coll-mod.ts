import { equal } from '../bson/compare.ts';
import { elements } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { documentText } from '../shell-text.ts';
import { type Collection, type Index, namespaceOf } from '../storage/collection.ts';
import { Arguments } from './arguments.ts';
import { refuseOptions } from './collections.ts';
import type { Call, Reply } from './context.ts';
import { isIdPattern } from './index-keys.ts';

const invalid = (message: string): DocumentError => new DocumentError('InvalidOptions', message);

const chosen = (collection: Collection, change: Arguments): Index => {
  const [key, name] = [change.optionalDocument('keyPattern'), change.optionalText('name')];
  if ((key === undefined) === (name === undefined)) {
    throw invalid(key ? 'Cannot specify both key pattern and name.' : 'Must specify either index name or key pattern.');
  }
  if (name === '_id_' || (key && isIdPattern(key))) throw new DocumentError('BadValue', "can't change the _id index");
  const [found, other] = collection.indexes.filter((index) => (key ? equal(index.key, key) : index.name === name));
  const what = key ? documentText(key) : name;
  if (!found) throw new DocumentError('IndexNotFound', `cannot find index ${what} for ns ${namespaceOf(collection)}`);
  if (other) throw new DocumentError('AmbiguousIndexKeyPattern', `index keyPattern ${what} matches several indexes`);
  return found;
};

const expiryOf = (change: Arguments): number | undefined => {
  if (!change.has('expireAfterSeconds')) return undefined;
  const seconds = change.number('expireAfterSeconds', 0);
  if (seconds >= 0 && seconds <= 2 ** 31 - 1) return seconds;
  throw invalid("TTL index 'expireAfterSeconds' option must be within an acceptable range");
};

/** What is to be changed of an index, and what the reply tells of it. */
const changesOf = (change: Arguments, index: Index): { set: Partial<Index>; reply: Reply } => {
  const expiry = expiryOf(change);
  if (expiry !== undefined && elements(index.key).length > 1)
    throw invalid('TTL indexes are single-field indexes, compound indexes do not support TTL');
  const isHidden = change.has('hidden') ? change.flag('hidden') : undefined;
  const { expireAfterSeconds: old } = index;
  return {
    set: {
      ...(expiry === undefined ? {} : { expireAfterSeconds: expiry }),
      ...(isHidden === undefined ? {} : { isHidden }),
    },
    reply: {
      ...(expiry === undefined ? {} : { expireAfterSeconds_old: old, expireAfterSeconds_new: expiry }),
      ...(isHidden === undefined ? {} : { hidden_old: index.isHidden, hidden_new: isHidden }),
    },
  };
};

const known = new Set(['keyPattern', 'name', 'expireAfterSeconds', 'hidden']);

/** Changes an index: when its documents expire, or whether it is hidden from the planner. */
export const collMod = async (call: Call, collection: Collection): Promise<Reply> => {
  refuseOptions(call.args);
  if (!call.args.has('index')) return {};
  const change = new Arguments(call.args.requiredDocument('index'), 'collMod.index');
  const other = change.names().find((name) => !known.has(name));
  if (other) throw notImplemented(`collMod with ${other}`);
  const index = chosen(collection, change);
  if (change.names().every((name) => name === 'keyPattern' || name === 'name'))
    throw invalid('must specify expireAfterSeconds, hidden, unique, or prepareUnique');
  const { set, reply } = changesOf(change, index);
  await call.server.store.write(() => {
    Object.assign(index, set);
    call.server.store.catalogue.save(collection);
  });
  return reply;
};
