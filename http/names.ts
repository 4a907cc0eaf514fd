import { z } from 'zod';

type Path = readonly PropertyKey[];

/** What JSON Schema tells of a schema's members, through all that may be left out and all that are one of several. */
type Shape = {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
};

/** The names that a schema knows at a path; where one of several shapes is meant, those of all of them. */
export const namesAt = (schema: z.ZodType, path: Path): readonly string[] =>
  namesIn(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape, path);

const namesIn = (shape: Shape, path: Path): readonly string[] => {
  const choices = [...(shape.anyOf ?? []), ...(shape.oneOf ?? [])];
  if (choices.length > 0) return choices.flatMap((choice) => namesIn(choice, path));
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(shape.properties ?? {});
  const inner = typeof step === 'number' ? shape.items : shape.properties?.[String(step)];
  return inner ? namesIn(inner, rest) : [];
};

/** The known name nearest to a mistyped one, if any is near. */
export const nearest = (name: string, known: readonly string[]): string | undefined =>
  known
    .filter((candidate) => candidate !== name) // known, but to another of several shapes
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
