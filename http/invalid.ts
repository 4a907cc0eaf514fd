import type { z } from 'zod';
import { Problem } from './problem.ts';

/** The known name nearest to a mistyped one, if any is near. */
const nearest = (name: string, known: readonly string[]) =>
  known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;

const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
  }
  return row[b.length]!;
};

const fieldsOf = (schema: z.ZodType): readonly string[] =>
  'shape' in schema ? Object.keys(schema.shape as object) : [];

const describe = (issue: z.core.$ZodIssue, where: string, known: readonly string[]): string => {
  if (issue.code !== 'unrecognized_keys') return `${[where, ...issue.path].join('.')}: ${issue.message}`;
  return issue.keys
    .map((key) => {
      const meant = nearest(key, known);
      return `${where}: unknown "${[...issue.path, key].join('.')}"${meant ? `, did you mean "${meant}"?` : ''}`;
    })
    .join('; ');
};

/** Parses one part of a request; what is wrong with it becomes one 422 problem that names every fault. */
export const parsePart = async (schema: z.ZodType, value: unknown, where: 'path' | 'query' | 'body') => {
  const parsed = await schema.safeParseAsync(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => describe(issue, where, fieldsOf(schema)));
  throw new Problem(422, 'request.invalid', `${faults.join('; ')}.`, { facts: { errors: faults } });
};
