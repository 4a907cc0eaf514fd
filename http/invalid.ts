import type { z } from 'zod';
import { namesAt, nearest } from './names.ts';
import { Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;
type Unknown = { readonly at: readonly PropertyKey[]; readonly name: string };

/** Parses one part of a request; what is wrong with it becomes one 422 problem that names every fault. */
export const parsePart = async (schema: z.ZodType, value: unknown, where: 'path' | 'query' | 'body') => {
  const parsed = await schema.safeParseAsync(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => describe(issue, where, schema));
  throw new Problem(422, 'request.invalid', `${faults.join('; ')}.`, { facts: { errors: faults } });
};

const describe = (issue: Issue, where: string, schema: z.ZodType): readonly string[] => {
  const strangers = unknownIn(issue).map(({ at, name }) => {
    const meant = nearest(name, namesAt(schema, at));
    return `${where}: unknown "${[...at, name].join('.')}"${meant ? `, did you mean "${meant}"?` : ''}`;
  });
  if (issue.code === 'unrecognized_keys') return strangers;
  return [`${[where, ...issue.path].join('.')}: ${issue.message}`, ...strangers];
};

/** The names that nothing knows; where one of several shapes is meant, those that none of them knows. */
const unknownIn = (issue: Issue): readonly Unknown[] => {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => ({ at: issue.path, name }));
  if (issue.code !== 'invalid_union') return [];
  const [first = [], ...others] = issue.errors.map((errors) => errors.flatMap(unknownIn));
  return first
    .filter((one) => others.every((other) => other.some((it) => isSame(it, one))))
    .map(({ at, name }) => ({ at: [...issue.path, ...at], name }));
};

const isSame = (a: Unknown, b: Unknown) => a.name === b.name && a.at.join() === b.at.join();
