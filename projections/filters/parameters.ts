import { z } from 'zod';
import type { Filter } from './listing.ts';

/** A parameter that may be given several times: any of its values will do. */
export const repeated = <S extends z.ZodType>(schema: S) =>
  z.union([schema.transform((value) => [value]), z.array(schema).min(1).max(50)]);

/** A moment, RFC 3339, or a date that means its first instant in UTC. */
export const Moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()]).transform((text) => Date.parse(text));

export const Id = z.string().min(1).max(200);
export const Flag = z.union([z.boolean(), z.stringbool()]);
export const Seconds = z.coerce.number().int().nonnegative();

/** A customer as a path or parameter names one: the number's digits, with or without `+`, or the `customerId`. */
export const CustomerName = z.string().regex(/^(\+?\d{1,20}|cus_\w{1,64})$/, 'digits of a number, or a customerId');

/** The documents of one customer, named either way. */
export const ofCustomer = (path: string) => (name: string) =>
  name.startsWith('cus_') ? { [`${path}.customerId`]: name } : { [`${path}.waId`]: name.replace(/^\+/, '') };

export const SearchText = z.string().trim().min(1).max(100);

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The documents whose customer's number or name contains the text, whatever its case. */
export const customerMatches =
  (path: string) =>
  (text: string): Filter => {
    const digits = text.replace(/[\s()+-]/g, '');
    const byName: Filter = { [`${path}.name`]: { $regex: escaped(text), $options: 'i' } };
    return /^\d+$/.test(digits) ? { $or: [{ [`${path}.waId`]: { $regex: digits } }, byName] } : byName;
  };
