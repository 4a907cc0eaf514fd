import { compilePipeline, parseStages, splitPipeline } from '../aggregate/pipeline.ts';
import { field, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileProjection } from '../projection/project.ts';
import { type Request, requestOf } from '../query/find.ts';
import { mapped, type Source } from '../query/source.ts';
import type { Change } from '../writes/operations.ts';
import type { Arguments } from './arguments.ts';
import type { Call } from './context.ts';
import { modifyOperation } from './find-and-modify.ts';
import { findRequest, queryRequest } from './reads.ts';
import { deleteOf, updateOf } from './writes.ts';

/** The search behind a command, and what becomes of the documents it finds. */
export interface Prepared {
  readonly request: Request;
  readonly filter: Value;
  readonly sort: Value | undefined;
  /** What becomes of the documents. */
  readonly run: (source: Source) => Source;
  /** How many documents it stops after. */
  readonly most?: number;
  /** How many stages of a pipeline come after the search. */
  readonly restCount: number;
  /** The stage that takes the documents; where the command returns none, it has a word for their number. */
  readonly taker?: { readonly stage: string; readonly total?: string };
}

const unchanged = (source: Source): Source => source;

/** An `aggregate` taken apart: what a search can do, and the rest of the pipeline. */
export const preparePipeline = (args: Arguments): Prepared => {
  args.refuseCollation();
  const split = splitPipeline(parseStages(args.documents('pipeline')));
  const request = requestOf(split.filter, split.sort, split.skip, split.limit, args.hint());
  return {
    request: { ...request, mayUseDisk: args.flagByDefault('allowDiskUse') },
    filter: split.filter,
    sort: split.sort,
    run: compilePipeline(split.rest),
    restCount: split.rest.length,
  };
};

const prepareFind = (args: Arguments): Prepared => {
  const request = findRequest(args);
  const projection = args.optionalDocument('projection');
  const found = { request, filter: args.document('filter'), sort: args.optionalDocument('sort'), restCount: 0 };
  if (!projection) return { ...found, run: unchanged };
  const show = compileProjection(projection, 'find', request.matches);
  return { ...found, run: (source) => mapped(source, show), taker: { stage: 'PROJECTION_DEFAULT' } };
};

const prepareQuery = (args: Arguments): Prepared => ({
  request: queryRequest(args),
  filter: args.document('query'),
  sort: undefined,
  run: unchanged,
  restCount: 0,
  ...(args.command === 'count' ? { taker: { stage: 'COUNT', total: 'nCounted' } } : {}),
});

/** The search of a change; one that is not for many ends with its first document. */
const prepareChange = ({ request, isMulti, update }: Change, filter: Value, sort: Value | undefined): Prepared => ({
  request,
  filter,
  sort,
  most: isMulti ? Number.MAX_SAFE_INTEGER : 1,
  run: unchanged,
  restCount: 0,
  taker: update ? { stage: 'UPDATE', total: 'nMatched' } : { stage: 'DELETE', total: 'nWouldDelete' },
});

/** The one statement of a command that can have many. */
const onlyStatement = (args: Arguments, list: string): Value => {
  const [doc, ...others] = args.documents(list);
  if (doc && others.length === 0) return doc;
  throw new DocumentError('InvalidLength', 'explained write batches must be of size 1');
};

const prepareModify = (call: Call): Prepared =>
  prepareChange(modifyOperation(call), call.args.document('query'), call.args.optionalDocument('sort'));

const prepareUpdate = (call: Call): Prepared => {
  const statement = onlyStatement(call.args, 'updates');
  return prepareChange(updateOf(call)(statement), field(statement, 'q')!, field(statement, 'sort'));
};

const prepareDelete = (call: Call): Prepared => {
  const statement = onlyStatement(call.args, 'deletes');
  return prepareChange(deleteOf(call)(statement), field(statement, 'q')!, undefined);
};

/** How each command that can be explained finds its documents. */
export const explainable: ReadonlyMap<string, (call: Call) => Prepared> = new Map(
  Object.entries({
    aggregate: ({ args }: Call) => preparePipeline(args),
    find: ({ args }: Call) => prepareFind(args),
    count: ({ args }: Call) => prepareQuery(args),
    distinct: ({ args }: Call) => prepareQuery(args),
    findAndModify: prepareModify,
    findandmodify: prepareModify,
    update: prepareUpdate,
    delete: prepareDelete,
  }),
);
