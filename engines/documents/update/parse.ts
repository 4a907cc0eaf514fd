import { elements, isDocument, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { arrayIndex } from '../paths.ts';
import { elementText } from '../shell-text.ts';
import { Claims, conflict } from './conflicts.ts';
import { isDynamic, updatePath } from './names.ts';
import { neverCreates, updateOperators } from './operators.ts';
import type { Change, Missing } from './tree.ts';

/** One operator's work on one path; a rename takes the value from a source. */
export interface Modification {
  readonly operator: string;
  readonly names: readonly string[];
  readonly missing: Missing;
  readonly change: Change;
  readonly source?: readonly string[];
}

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

const isWithin = (path: string, other: string): boolean => path.startsWith(`${other}.`);

const rename = (path: string, operand: Value): Modification => {
  if (!isString(operand)) throw bad(`The 'to' field for $rename must be a string: ${elementText(path, operand)}`);
  const to = text(operand);
  const [source, names] = [updatePath(path), updatePath(to)];
  if (to.includes('\0')) throw bad("The 'to' field for $rename cannot contain an embedded null byte");
  if (path === to) throw bad(`The source and target field for $rename must differ: ${elementText(path, operand)}`);
  if (isWithin(path, to) || isWithin(to, path)) {
    throw bad(`The source and target field for $rename must not be on the same path: ${elementText(path, operand)}`);
  }
  if (source.some(isDynamic)) throw bad(`The source field for $rename may not be dynamic: ${path}`);
  if (names.some(isDynamic)) throw bad(`The destination field for $rename may not be dynamic: ${to}`);
  return { operator: '$rename', names, source, missing: 'create', change: () => undefined };
};

const modification = (operator: string, path: string, operand: Value): Modification => {
  if (operator === '$rename') return rename(path, operand);
  const names = updatePath(path);
  const missing = operator === '$unset' ? 'ignore' : neverCreates.has(operator) ? 'refuse' : 'create';
  return { operator, names, missing, change: updateOperators[operator]!(path, operand) };
};

const compareNames = (a: string, b: string): number => {
  const [x, y] = [arrayIndex(a), arrayIndex(b)];
  if (x >= 0 && y >= 0) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
};

const comparePaths = (a: readonly string[], b: readonly string[]): number => {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const found = compareNames(a[i]!, b[i]!);
    if (found !== 0) return found;
  }
  return a.length - b.length;
};

const assertOperator = (name: string, value: Value): void => {
  if (!Object.hasOwn(updateOperators, name) && name !== '$rename') {
    throw new DocumentError(
      'FailedToParse',
      `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
    );
  }
  if (!isDocument(value)) {
    throw new DocumentError(
      'FailedToParse',
      `Modifiers operate on fields but we found another type for '${name}'. For example: {$mod: {<field>: ...}} not {${elementText(name, value)}}`,
    );
  }
};

/** Parses an update of operators, in the order MongoDB applies them: by path. The first thing that is wrong is refused. */
export const parseModifications = (update: Value): Modification[] => {
  const claims = new Claims();
  const list: Modification[] = [];
  for (const { name: operator, value } of elements(update)) {
    assertOperator(operator, value);
    for (const { name, value: operand } of elements(value)) {
      const made = modification(operator, name, operand);
      for (const names of made.source ? [made.source, made.names] : [made.names]) {
        claims.add(names, (at) => conflict(names.join('.'), at));
      }
      list.push(made);
    }
  }
  return list.sort((a, b) => comparePaths(a.names, b.names));
};
