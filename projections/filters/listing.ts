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

type Parameters = Readonly<Record<string, unknown>>;

/** A list's filters and orders, for whoever serves it: HTTP or realtime. */
export type Listing = {
  /** Validates the parameters. */
  readonly shape: Readonly<Record<string, z.ZodType>>;
  /** What valid parameters let through; others than the list's own are ignored. */
  filterOf(parameters: Parameters): Filter;
  sortOf(parameters: Parameters): Sort;
};

/**
 * Declares a list's filters and orders, once. An order's name with a `-` before it is the same order downwards;
 * `always` says of every document what an index can use.
 */
export const listing = (
  criteria: Readonly<Record<string, Criterion>>,
  orders: Readonly<Record<string, string>>,
  defaultSort: string,
  always: readonly Filter[] = [],
): Listing => {
  const names = Object.keys(orders).flatMap((name) => [name, `-${name}`]);
  const optional = Object.entries(criteria).map(([name, { schema }]) => [name, schema.optional()]);
  return {
    shape: { ...Object.fromEntries(optional), sort: z.enum(names).default(defaultSort) },
    filterOf(parameters) {
      const given = Object.entries(criteria).filter(([name]) => parameters[name] !== undefined);
      const all = [...always, ...given.map(([name, { where }]) => where(parameters[name]))];
      return all.length === 0 ? {} : { $and: all };
    },
    sortOf(parameters) {
      const sort = String(parameters.sort ?? defaultSort);
      const name = sort.replace(/^-/, '');
      return { path: orders[name]!, direction: sort === name ? 1 : -1 };
    },
  };
};
