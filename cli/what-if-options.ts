import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { RoutingBody } from '../commands/bodies.ts';
import { RoutingMode } from '../domain/routing.ts';
import { days, type Instant } from '../domain/time.ts';
import type { Span } from '../domain/what-if/shift.ts';
import type { Asked } from '../domain/what-if/what-if.ts';
import { Moment } from '../projections/filters/parameters.ts';

/** As they are typed. */
export type Options = Readonly<
  Partial<
    Record<'mode' | 'onlyIfAvailable' | 'ringSeconds' | 'queueSeconds' | 'capacity' | 'rules' | 'from' | 'to', string>
  >
> & { readonly store: string; readonly json?: boolean };

const { ringSeconds, queueSeconds, capacity } = RoutingBody.shape;
const whole = <S extends z.ZodType<number, number>>(schema: S) => z.coerce.number().pipe(schema).optional();

const Changes = z.object({
  mode: RoutingMode.optional(),
  onlyIfAvailable: z.stringbool().optional(),
  ringSeconds: whole(ringSeconds.unwrap()),
  queueSeconds: whole(queueSeconds.unwrap()),
  capacity: whole(capacity.unwrap().shape.global.unwrap().unwrap()),
});
const Times = z.object({ from: Moment.optional(), to: Moment.optional() });

const asTyped = (name: string) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Parses, or throws one sentence per fault. */
const parsed = <S extends z.ZodType>(schema: S, value: unknown, where: (path: string) => string): z.output<S> => {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw new Error(error.issues.map(({ path, message }) => `${where(path.join('.'))}: ${message}`).join('\n'));
};

const rulesIn = (file: string): Asked => {
  let body: unknown;
  try {
    body = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`--rules: ${(cause as Error).message}`, { cause });
  }
  return parsed(RoutingBody, body, (path) => `--rules ${file}: ${path || 'the body of PUT /v1/routing'}`);
};

/** What is to be different: the file's rules, and over them whatever is named by itself. */
export const askedOf = (options: Options): Asked => {
  const { capacity: global, ...changes } = parsed(Changes, options, asTyped);
  const ofFile = options.rules === undefined ? {} : rulesIn(options.rules);
  const named = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const asked: Asked = { ...ofFile, ...named, ...(global && { capacity: { ...ofFile.capacity, global } }) };
  if (Object.keys(asked).length > 0) return asked;
  throw new Error(`say what should be different: ${Object.keys(Changes.shape).map(asTyped).join(', ')} or --rules`);
};

/** Which calls are meant: by default those of the last seven days. */
export const spanOf = (options: Options, now: Instant): Span => {
  const times = parsed(Times, options, asTyped);
  const to = times.to ?? now;
  const from = times.from ?? to - days(7);
  if (from >= to) throw new Error(`--from ${told(from)} is not before --to ${told(to)}`);
  return { from, to };
};

/** A moment as people read it. */
export const told = (at: Instant) => new Date(at).toISOString();
