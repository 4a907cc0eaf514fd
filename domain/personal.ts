import { z } from 'zod';

/** Whose data a personal field is: the event's field that names the person. */
export type Subject = 'customerId' | 'agentId';

const marks = z.registry<{ subject: Subject }>();

/**
 * A field that must never stand in clear in the log (a number, a name, free text, a session description).
 * `null` when it was never known, or when the person has been erased. Only top-level fields of an event may be personal.
 */
export const personal = <S extends z.ZodType>(schema: S, subject: Subject = 'customerId') => {
  const field = schema.nullable();
  marks.add(field, { subject });
  return field;
};

/** The personal fields of an event's shape, each with the field that names its person. */
export const personalFields = (shape: z.ZodRawShape): ReadonlyMap<string, Subject> =>
  new Map(
    Object.entries(shape).flatMap(([field, schema]) => {
      const mark = marks.get(schema as z.ZodType);
      return mark ? [[field, mark.subject] as const] : [];
    }),
  );
