import { z } from 'zod';
import { type Answer, type Route, readers, route } from '../http/route.ts';
import type { Filter, Listing } from '../projections/filters/listing.ts';
import { presentRow } from '../projections/present.ts';
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

type List<D extends object> = {
  readonly path: string;
  readonly summary: string;
  readonly model: ReadModel<D>;
  readonly listing: Listing;
  readonly columns: Columns;
  /** The part of the list that the path names; throws where that does not exist. */
  readonly within?: (store: string, params: Readonly<Record<string, string>>) => Promise<Filter>;
  readonly params?: Readonly<Record<string, z.ZodString>>;
  /** What else the answer says of the whole list. */
  readonly summarise?: (store: string, filter: Filter) => Promise<object>;
};

/** A list of the public interface: its filters, keyset pages, exports, position and ETag. */
export const listRoute = <D extends object>({ path, summary, model, listing, columns, ...list }: List<D>): Route =>
  route({
    method: 'get',
    path,
    summary,
    roles: readers,
    params: list.params ?? {},
    query: { ...listing.shape, ...page },
    handle: async ({ caller: { store }, params, query, header, signal }): Promise<Answer> => {
      const { limit, cursor, minPosition: wanted, ...parameters } = query;
      const part = (await list.within?.(store, params)) ?? {};
      const filter = { $and: [part, listing.filterOf(parameters)] };
      const sort = listing.sortOf(parameters);
      const position = await reflectedPosition([model], wanted, signal);
      const exported = exportOf(header('accept'), columns);
      if (exported) return exported(rowsOf(model.stream(store, filter, sort)), position);

      const after = cursor === undefined ? null : placeOf(cursor, sort);
      const found = await model.find(store, filter, { sort, limit: limit + 1, after });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const nextCursor = found.length > limit && last ? cursorAfter(last, sort) : null;
      const more = await list.summarise?.(store, filter);
      return answerAt(position, { items: items.map(presentRow), nextCursor, ...more });
    },
  });

async function* rowsOf<D extends object>(stored: AsyncIterable<Parameters<typeof presentRow>[0] & { doc: D }>) {
  for await (const one of stored) yield presentRow(one);
}
