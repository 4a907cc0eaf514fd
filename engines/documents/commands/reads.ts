import { setImmediate as breathe } from 'node:timers/promises';
import { int64 } from '../bson/build.ts';
import { toInteger } from '../bson/number.ts';
import { bytesOf, isArray, isNumber, items, type Value } from '../bson/value.ts';
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
  const limit = args.number('limit', 0);
  return requestOf(
    args.document('filter'),
    args.optionalDocument('sort'),
    args.count('skip', 0),
    Math.abs(limit),
    args.get('hint'),
  );
};

const projected = (args: Arguments, request: Request, { source }: Search) => {
  const spec = args.optionalDocument('projection');
  return spec ? mapped(source, compileProjection(spec, 'find', request.matches)) : source;
};

const find: Command = (call) => {
  const { args, db, server } = call;
  const name = collectionName(call);
  if (args.flag('tailable'))
    throw new DocumentError('BadValue', `error processing query: tailable cursor requested on non capped collection`);
  const request = findRequest(args);
  const found = search(server.store, server.store.catalogue.get(`${db}.${name}`), request);
  const isSingle = args.flag('singleBatch') || args.number('limit', 0) < 0;
  const batchSize = args.get('batchSize') ? args.count('batchSize', 0) : undefined;
  return firstBatch(call, sourceFeed(projected(args, request, found)), `${db}.${name}`, batchSize, isSingle);
};

const getMore: Command = (call) => {
  const id = call.args.long('getMore') ?? 0n;
  return nextBatch(call, id, `${call.db}.${call.args.text('collection')}`);
};

const killCursors: Command = ({ args, server }) => {
  const ids = args
    .list('cursors')
    .filter(isNumber)
    .map((value) => toInteger(value)!);
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

const searchFor = (call: Call, request: Request): Search => {
  const collection = call.server.store.catalogue.get(`${call.db}.${collectionName(call)}`);
  return search(call.server.store, collection, request);
};

/** The request of a `count` or `distinct`, whose filter is called `query`. */
export const queryRequest = (args: Arguments): Request => {
  args.refuseCollation();
  const limit = Math.abs(args.number('limit', 0));
  return requestOf(args.document('query'), undefined, args.count('skip', 0), limit, args.get('hint'));
};

const count: Command = async (call) => {
  const { args, db, server } = call;
  const request = queryRequest(args);
  const isWhole = request.filter.kind === 'and' && request.filter.of.length === 0;
  if (isWhole && request.skip === 0 && request.limit === 0) {
    return { n: server.store.catalogue.get(`${db}.${collectionName(call)}`)?.count ?? 0 };
  }
  let n = 0;
  await forEachFound(searchFor(call, request), () => {
    n += 1;
  });
  return { n };
};

const distinct: Command = async (call) => {
  const path = pathOf(call.args.text('key'));
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
