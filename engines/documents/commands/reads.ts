import { setImmediate as breathe } from 'node:timers/promises';
import { int64 } from '../bson/build.ts';
import { bytesOf, isArray, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { encodeKey } from '../key-encoding.ts';
import { pathOf, visitPath } from '../paths.ts';
import { compileProjection } from '../projection/project.ts';
import { type Request, requestOf, type Search, search } from '../query/find.ts';
import { mapped, turn } from '../query/source.ts';
import type { Arguments } from './arguments.ts';
import type { Call, Command } from './context.ts';
import { firstBatch, nextBatch, sourceFeed } from './cursor-replies.ts';
import { collectionName } from './namespace.ts';

/** The request of a `find`. */
export const findRequest = (args: Arguments): Request => {
  args.refuseCollation();
  const [filter, sort] = [args.document('filter'), args.optionalDocument('sort')];
  const request = requestOf(filter, sort, args.count('skip', 0), args.count('limit', 0), args.hint());
  return { ...request, mayUseDisk: args.flagByDefault('allowDiskUse') };
};

const projected = (args: Arguments, request: Request, { source }: Search) => {
  const spec = args.optionalDocument('projection');
  return spec ? mapped(source, compileProjection(spec, 'find', request.matches)) : source;
};

const refuseTailable = (args: Arguments): void => {
  if (args.flag('tailable'))
    throw new DocumentError('BadValue', 'error processing query: tailable cursor requested on non capped collection');
  if (args.flag('awaitData'))
    throw new DocumentError('FailedToParse', "Cannot set 'awaitData' without also setting 'tailable'");
};

const searchFor = (call: Call, request: Request): Search => {
  const { store } = call.server;
  return search(store, store.catalogue.get(`${call.db}.${collectionName(call)}`), request, call.timeLimit);
};

const find: Command = (call) => {
  const { args, db } = call;
  const name = collectionName(call);
  refuseTailable(args);
  const request = findRequest(args);
  const batchSize = args.has('batchSize') ? args.count('batchSize', 0) : undefined;
  const source = projected(args, request, searchFor(call, request));
  return firstBatch(call, sourceFeed(source, call.timeLimit), `${db}.${name}`, batchSize, args.flag('singleBatch'));
};

const getMore: Command = (call) => {
  const id = call.args.long('getMore') ?? 0n;
  const name = call.args.text('collection');
  return nextBatch(call, id, `${call.db}.${name}`);
};

const killCursors: Command = ({ args, server }) => {
  const ids = args.longs('cursors');
  if (ids.length === 0) throw new DocumentError('BadValue', 'Must specify at least one cursor id in: killCursors');
  const killed = ids.filter((id) => server.cursors.close(id));
  const missing = ids.filter((id) => !killed.includes(id));
  const list = (of: bigint[]) => of.map((id) => int64(id));
  return { cursorsKilled: list(killed), cursorsNotFound: list(missing), cursorsAlive: [], cursorsUnknown: [] };
};

/** Looks at every document of a search, giving others their turn. */
const forEachFound = async ({ source }: Search, look: (doc: Value) => void): Promise<void> => {
  while (!source.isDone) {
    for (const doc of source.pull(turn(1000))) look(doc);
    if (!source.isDone) await breathe();
  }
};

/** The request of a `count` or `distinct`, whose filter is called `query`. */
export const queryRequest = (args: Arguments): Request => {
  args.refuseCollation();
  const limit = Math.abs(Math.trunc(args.number('limit', 0)));
  return requestOf(args.document('query'), undefined, args.count('skip', 0), limit, args.hint());
};

const count: Command = async (call) => {
  const { args, db, server } = call;
  const request = queryRequest(args);
  const isWhole = request.filter.kind === 'and' && request.filter.of.length === 0;
  if (isWhole && request.skip === 0 && request.limit === 0 && !request.hint) {
    return { n: server.store.catalogue.get(`${db}.${collectionName(call)}`)?.count ?? 0 };
  }
  let n = 0;
  await forEachFound(searchFor(call, request), () => {
    n += 1;
  });
  return { n };
};

const distinct: Command = async (call) => {
  const key = call.args.text('key');
  if (key.includes('\0')) throw new DocumentError('BadValue', 'Key field cannot contain an embedded null byte');
  const path = pathOf(key);
  const values = new Map<string, Value>();
  await forEachFound(searchFor(call, queryRequest(call.args)), (doc) => {
    visitPath(doc, path, 0, (value) => addItems(values, value), false);
  });
  return { values: [...values.values()] };
};

const addItems = (values: Map<string, Value>, value: Value | undefined): false => {
  const list = isArray(value) ? items(value) : value ? [value] : [];
  for (const item of list) {
    const key = encodeKey(item).toString('latin1');
    if (!values.has(key))
      values.set(key, { ...item, buf: Buffer.from(bytesOf(item)), start: 0, end: item.end - item.start });
  }
  return false;
};

/** The commands that read collections. */
export const readCommands: Readonly<Record<string, Command>> = { find, getMore, killCursors, count, distinct };
