import { z } from 'zod';
import { presentRow } from '../http/present.ts';
import { type Answer, type Route, readers, route } from '../http/route.ts';
import type { Filter, Listing, Sort } from '../projections/filters/listing.ts';
import type { Shown } from '../projections/projection.ts';
import type { ReadModel } from '../projections/reader.ts';
import { answerAt } from './answer.ts';
import { cursorAfter, placeOf } from './cursor.ts';
import { type Columns, exportOf } from './export.ts';
import { minPosition, reflectedPosition } from './position.ts';

const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
  ...minPosition,
};

type List = {
  readonly path: string;
  readonly summary: string;
  readonly model: ReadModel<object>;
  readonly listing: Listing;
  readonly columns: Columns;
  /** The part of the list that the path names; throws where that does not exist. */
  readonly within?: (store: string, params: Readonly<Record<string, string>>) => Promise<Filter>;
  readonly params?: Readonly<Record<string, z.ZodString>>;
  /** What else the answer says of the whole list. */
  readonly summarise?: (store: string, filter: Filter) => Promise<object>;
};

/** A list of the public interface: its filters, keyset pages, exports, position and ETag. */
export const listRoute = ({ path, summary, model, listing, columns, ...list }: List): Route =>
  route({
    method: 'get',
    path,
    summary,
    roles: readers,
    params: list.params ?? {},
    query: { ...listing.shape, ...page },
    handle: async (request): Promise<Answer> => {
      const { store } = request.caller;
      const { limit, cursor, minPosition: wanted, ...parameters } = request.query;
      const position = await reflectedPosition([model], wanted, request.signal);
      const part = (await list.within?.(store, request.params)) ?? {};
      const filter = { $and: [part, listing.filterOf(parameters)] };
      const sort = listing.sortOf(parameters);
      const exported = exportOf(request.header('accept'), columns);
      if (exported) return exported(rowsOf(model.stream(store, filter, sort)), position);
      const page = await pageOf(model, store, filter, { sort, limit, cursor });
      return answerAt(request, position, { ...page, ...(await list.summarise?.(store, filter)) });
    },
  });

type Page = { readonly sort: Sort; readonly limit: number; readonly cursor: string | undefined };

const pageOf = async (model: ReadModel<object>, store: string, filter: Filter, { sort, limit, cursor }: Page) => {
  const after = cursor === undefined ? null : placeOf(cursor, sort);
  const found = await model.find(store, filter, { sort, limit: limit + 1, after });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(presentRow), nextCursor: found.length > limit && last ? cursorAfter(last, sort) : null };
};

async function* rowsOf(stored: AsyncIterable<Shown<object>>) {
  for await (const one of stored) yield presentRow(one);
}
