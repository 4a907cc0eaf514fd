import type { Db, Document } from 'mongodb';
import { pause } from '../store/back-off.ts';
import { checkpointsOf } from './checkpoints.ts';
import type { Filter, Sort } from './filters/listing.ts';
import { collectionOf, type Projection, type Shown } from './projection.ts';

/** Where a page ended: the last document's value of the sort field, and its id. */
export type Place = { readonly value: unknown; readonly id: string };

/** A document that changed, was removed or went to rest, and the position of its last event. */
export type Change = { readonly _id: string; readonly at: bigint; readonly store: string };

export type Page = { readonly sort: Sort; readonly limit: number; readonly after?: Place | null };

/** A document as lists have it: without its `detail`, which would be most of what is read. */
export type Row<D> = Shown<Omit<D, 'detail'>>;

const pollMs = 20;
const withoutDetail = { projection: { 'doc.detail': 0 } };

/** The documents of a read model, for those who show them. Nobody is shown another store's, or removed ones. */
export const readModel = <D>(db: Db, projection: Projection<D>) => {
  const name = collectionOf(projection);
  const documents = db.collection<Document & { _id: string }>(name);

  const checkpoint = () => checkpointsOf(db).findOne({ _id: name });
  const rows = (filter: Filter, { path, direction }: Sort) =>
    documents.find<Row<D>>(filter, withoutDetail).sort({ [path]: direction, _id: direction });
  const changes = (filter: Filter, after: bigint, upTo: bigint, limit: number): Promise<readonly Change[]> =>
    documents
      .find<Change>({ ...filter, at: { $gt: after, $lte: upTo } }, { projection: { at: 1, store: 1 } })
      .sort({ at: 1 })
      .limit(limit)
      .toArray();

  return {
    /** How far the read model is; `null` before it was begun. */
    checkpoint,

    /** True once everything up to a position is in the read model; false after `timeoutMs`, or when the signal aborts. */
    async waitFor(position: bigint, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }) {
      const until = performance.now() + timeoutMs;
      while (!signal.aborted) {
        if (((await checkpoint())?.at ?? 0n) >= position) return true;
        if (performance.now() >= until) return false;
        await pause(pollMs, signal);
      }
      return false;
    },

    /** One document, with its detail. */
    get: (store: string, key: string) => documents.findOne<Shown<D>>(shown(store, { _id: key })),

    /** One page, in an order that is total: the sort field, then the id. */
    find: (store: string, filter: Filter, { sort, limit, after = null }: Page): Promise<readonly Row<D>[]> =>
      rows(shown(store, filter, after ? beyond(sort, after) : {}), sort)
        .limit(limit)
        .toArray(),

    count: (store: string, filter: Filter) => documents.countDocuments(shown(store, filter)),

    /** The whole list, read as it is taken. */
    stream: (store: string, filter: Filter, sort: Sort): AsyncIterable<Row<D>> => rows(shown(store, filter), sort),

    /** How many documents have each combination of these fields (names below `doc`). */
    groups: (store: string, filter: Filter, fields: readonly string[]) =>
      documents
        .aggregate<{ _id: Record<string, string | null>; count: number }>([
          { $match: shown(store, filter) },
          { $group: { _id: Object.fromEntries(fields.map((f) => [f, `$doc.${f}`])), count: { $sum: 1 } } },
        ])
        .toArray(),

    /** What changed in (after, upTo], in the order of the log; every store's, removed ones included. */
    changes: (after: bigint, upTo: bigint, limit: number) => changes({}, after, upTo, limit),

    /** The same of one store. */
    changed: (store: string, after: bigint, upTo: bigint, limit: number) => changes({ store }, after, upTo, limit),

    /** Those of these documents that are there and match, with their detail. */
    matching: (store: string, ids: readonly string[], filter: Filter): Promise<readonly Shown<D>[]> =>
      documents.find<Shown<D>>(shown(store, filter, { _id: { $in: [...ids] } })).toArray(),
  };
};

export type ReadModel<D> = ReturnType<typeof readModel<D>>;

const shown = (store: string, ...filters: readonly Filter[]): Filter => ({
  store,
  doc: { $ne: null },
  $and: [...filters],
});

/** What follows a place; the first condition says nothing new, but bounds what an index must be read for. */
const beyond = ({ path, direction }: Sort, { value, id }: Place): Filter => {
  const further = direction === 1 ? '$gt' : '$lt';
  return {
    [path]: { [`${further}e`]: value },
    $or: [{ [path]: { [further]: value } }, { [path]: value, _id: { [further]: id } }],
  };
};
