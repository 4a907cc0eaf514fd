import { DocumentError } from '../errors.ts';
import type { Path } from '../paths.ts';
import type { Branch, Rule } from './shape.ts';

const collision = ({ text }: Path): DocumentError => new DocumentError(31250, `Path collision at ${text}`);

/** The branch a path leads to but for its last name, made as far as there is none. */
const parentAt = (from: Branch, path: Path): Branch => {
  let branch = from;
  path.names.slice(0, -1).forEach((name, at) => {
    const there: Rule = branch.rules.get(name) ?? { kind: 'branch', rules: new Map() };
    if (there.kind !== 'branch') {
      const remaining = path.names.slice(at + 1).join('.');
      throw new DocumentError(31249, `Path collision at ${path.text} remaining portion ${remaining}`);
    }
    branch.rules.set(name, there);
    branch = there;
  });
  return branch;
};

const lastName = ({ names }: Path): string => names[names.length - 1]!;

/** Puts a rule at a path; no two may be on the same way. */
export const place = (from: Branch, path: Path, rule: Rule): void => {
  const parent = parentAt(from, path);
  if (parent.rules.has(lastName(path))) throw collision(path);
  parent.rules.set(lastName(path), rule);
};

/** The branch at a path, which may have been begun before. */
export const branchAt = (from: Branch, path: Path): Branch => {
  const parent = parentAt(from, path);
  const there: Rule = parent.rules.get(lastName(path)) ?? { kind: 'branch', rules: new Map() };
  if (there.kind !== 'branch') throw collision(path);
  parent.rules.set(lastName(path), there);
  return there;
};
