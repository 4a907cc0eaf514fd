import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import type { Sort } from '../projections/filters/listing.ts';
import type { Shown } from '../projections/projection.ts';
import type { Place } from '../projections/reader.ts';

const Token = z.strictObject({
  path: z.string(),
  direction: z.union([z.literal(1), z.literal(-1)]),
  value: z.union([z.string(), z.number(), z.strictObject({ bigint: z.string().regex(/^\d+$/) })]),
  id: z.string(),
});

/** Where a page ended, for the client to hand back: the list goes on right behind that row, whatever arrived since. */
export const cursorAfter = (last: Shown<unknown>, { path, direction }: Sort): string => {
  const value = valueAt(last, path);
  const plain = typeof value === 'bigint' ? { bigint: value.toString() } : value;
  return Buffer.from(JSON.stringify({ path, direction, value: plain, id: last._id })).toString('base64url');
};

/** The place a cursor names; 422 when it is none of ours, or of another order. */
export const placeOf = (cursor: string, sort: Sort): Place => {
  const token = Token.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!token.success || token.data.path !== sort.path || token.data.direction !== sort.direction) throw badCursor();
  const { value, id } = token.data;
  return { value: typeof value === 'object' ? BigInt(value.bigint) : value, id };
};

const badCursor = () =>
  new Problem(422, 'request.invalid', 'query.cursor: hand back the nextCursor of a page in the same order.', {
    facts: { errors: ['query.cursor: not a cursor of this list'] },
  });

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const valueAt = (stored: object, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name], stored);
