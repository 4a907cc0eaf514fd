import type { Document, Filter as MongoFilter } from 'mongodb';
import { z } from 'zod';

/** A MongoDB filter on the stored form of a read model's documents. */
export type Filter = MongoFilter<Document & { _id: string }>;

/** What a list is ordered by: a path of the stored form that is never missing, 1 upwards or -1 downwards. */
export type Sort = { readonly path: string; readonly direction: 1 | -1 };

type Criterion<S extends z.ZodType = z.ZodType> = { readonly schema: S; where(value: z.output<S>): Filter };

/** One filter: what its parameter looks like, and which documents it lets through. */
export const by = <S extends z.ZodType>(schema: S, where: (value: z.output<S>) => Filter): Criterion<S> => ({
  schema,
  where,
});

/** A filter on one field that must equal the parameter. */
export const equal = <S extends z.ZodType>(path: string, schema: S) => by(schema, (value) => ({ [path]: value }));

type Shape<C extends Record<string, Criterion>> = { [K in keyof C]: z.ZodOptional<C[K]['schema']> };

/**
 * A list's filters and orders, declared once for HTTP and realtime: `shape` validates the parameters, and the two
 * functions turn valid ones into what the reader takes. The first order is the default; `-name` turns one round.
 */
export const listing = <C extends Record<string, Criterion>>(
  criteria: C,
  orders: readonly { name: string; path: string }[],
  defaultSort: string,
) => {
  const names = orders.flatMap(({ name }) => [name, `-${name}`]);
  const optional = Object.entries(criteria).map(([name, { schema }]) => [name, schema.optional()]);
  const shape = Object.fromEntries(optional) as Shape<C>;
  return {
    shape: { ...shape, sort: z.enum(names).default(defaultSort) },
    filterOf(parameters: { readonly [name: string]: unknown }): Filter {
      const given = Object.entries(criteria).filter(([name]) => parameters[name] !== undefined);
      const all = given.map(([name, { where }]) => where(parameters[name]));
      return all.length === 0 ? {} : { $and: all };
    },
    sortOf({ sort = defaultSort }: { readonly sort?: string | undefined }): Sort {
      const name = sort.replace(/^-/, '');
      const { path } = orders.find((order) => order.name === name)!;
      return { path, direction: sort === name ? 1 : -1 };
    },
  };
};

/** What `listing` makes, for whoever serves any list. */
export type Listing = ReturnType<typeof listing>;
