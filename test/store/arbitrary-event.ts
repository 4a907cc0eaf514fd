import fc from 'fast-check';
import type { z } from 'zod';
import { catalogue, type DomainEvent } from '../../domain/index.ts';

/** Marks a personal value, so that a test can look for it in stored bytes. */
export const tracer = 'tr4cer';

type Def = z.core.$ZodTypes['_zod']['def'];
const defOf = (schema: z.core.$ZodType): Def => (schema as z.core.$ZodTypes)._zod.def;

/** Values of a schema, for the kinds of schema that events are made of. */
const anyOf = (schema: z.core.$ZodType): fc.Arbitrary<unknown> => {
  const def = defOf(schema);
  switch (def.type) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 12 });
    case 'number':
      return fc.integer({ min: 1, max: Math.min((schema as z.ZodNumber).maxValue ?? 2 ** 31, 2 ** 31) });
    case 'boolean':
      return fc.boolean();
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'nullable':
      return fc.option(anyOf(def.innerType), { nil: null });
    case 'optional':
      return fc.option(anyOf(def.innerType), { nil: undefined });
    case 'default':
      return anyOf(def.innerType);
    case 'array':
      return fc.array(anyOf(def.element), { maxLength: 3 });
    case 'record':
      return fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), anyOf(def.valueType), { maxKeys: 3 });
    case 'union':
      return fc.oneof(...def.options.map(anyOf));
    case 'object':
      return fc.record(Object.fromEntries(Object.entries(def.shape).map(([name, one]) => [name, anyOf(one)])));
    case 'unknown':
      return fc.jsonValue();
    default:
      throw new Error(`no values for a schema of type ${def.type} yet: add them`);
  }
};

// strings with a form of their own
const formed: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  workingHours: fc.option(
    fc.constant({ timezone: 'Asia/Kolkata', weekly: [{ day: 'MONDAY', open: '10:00', close: '19:00' }] }),
    { nil: null },
  ),
  holidays: fc.constant([{ date: '2026-12-25' }]),
  displayText: fc.constantFrom(null, 'Call Now'),
  ttlMinutes: fc.integer({ min: 1, max: 43_200 }),
};

/** Any event of a type; every personal value, unless `null`, carries the tracer. */
export const eventOf = (type: string): fc.Arbitrary<DomainEvent> => {
  const { schema, personal } = catalogue.get(type)!;
  const def = defOf(schema);
  if (def.type !== 'object') throw new Error(`${type} is no object`);
  const fields = Object.entries(def.shape).map(([name, one]) => {
    const traced = fc.option(
      fc.string().map((text) => tracer + text),
      { nil: null },
    );
    return [name, personal.has(name) ? traced : (formed[name] ?? anyOf(one))];
  });
  return fc.record(Object.fromEntries(fields)).map((event) => schema.parse(event));
};
