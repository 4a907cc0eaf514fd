import { evaluate } from './aggregate/evaluate.ts';
import { type Expression, parseExpression } from './aggregate/expression.ts';
import { arrayValue, documentValue, encodeElements, type Writable } from './bson/build.ts';
import { truthy } from './bson/compare.ts';
import { toNumber } from './bson/number.ts';
import { Type } from './bson/types.ts';
import { elements, isArray, isDocument, isNumber, items, type Value } from './bson/value.ts';
import { DocumentError, notImplemented } from './errors.ts';
import { compileFilter, type Matcher } from './filter/matcher.ts';
import { parseFilter } from './filter/parse.ts';
import type { Filter } from './filter/shape.ts';
import { type Details, pathOf } from './paths.ts';

/** Turns a document into what the caller asked to see of it. */
export type Projection = (doc: Value) => Value;

/** What a projection says about one field: whether to keep it, how to compute it, or how to cut its array. */
type Rule =
  | { readonly kind: 'keep' | 'drop' }
  | { readonly kind: 'compute'; readonly expression: Expression }
  | { readonly kind: 'slice'; readonly from: number; readonly count: number | undefined }
  | { readonly kind: 'elemMatch'; readonly filter: Filter }
  | { readonly kind: 'positional' }
  | Tree;

interface Tree {
  readonly kind: 'tree';
  readonly rules: Map<string, Rule>;
}

/** Where a projection stands: `find` has `$slice`, `$elemMatch` and `a.$`; an aggregation has not. */
export type Dialect = 'find' | 'aggregate';

const isFlag = (value: Value): boolean => isNumber(value) || value.type === Type.boolean;

const sliceRule = (value: Value): Rule => {
  if (isNumber(value)) {
    const n = toNumber(value);
    return { kind: 'slice', from: Math.min(n, 0), count: n < 0 ? undefined : n };
  }
  const [from, count] = isArray(value) ? items(value).map(toNumber) : [];
  if (from === undefined || count === undefined || count <= 0) {
    throw new DocumentError(28724, 'First argument to $slice must be an array, and its limit must be positive');
  }
  return { kind: 'slice', from, count };
};

const findOperator = (name: string, value: Value): Rule | undefined => {
  if (name === '$slice' && (isNumber(value) || isArray(value))) {
    const isExpression = isArray(value) && !items(value).every(isNumber);
    return isExpression ? undefined : sliceRule(value);
  }
  if (name === '$elemMatch') return { kind: 'elemMatch', filter: parseFilter(value) };
  if (name === '$meta') throw notImplemented('a projection of $meta');
  return undefined;
};

const ruleOf = (value: Value, dialect: Dialect): Rule => {
  if (isFlag(value)) return { kind: truthy(value) ? 'keep' : 'drop' };
  if (!isDocument(value)) return { kind: 'compute', expression: parseExpression(value) };
  const list = elements(value);
  const first = list[0];
  if (!first)
    throw new DocumentError(51270, 'An empty sub-projection is not a valid value. Found empty object at path');
  if (!first.name.startsWith('$')) return { kind: 'tree', rules: rulesOf(value, dialect) };
  const special = dialect === 'find' ? findOperator(first.name, first.value) : undefined;
  return special ?? { kind: 'compute', expression: parseExpression(value) };
};

const collision = (path: string): DocumentError => new DocumentError(31250, `Path collision at ${path}`);

const place = (tree: Map<string, Rule>, names: readonly string[], rule: Rule, path: string): void => {
  const [name = '', ...rest] = names;
  const there = tree.get(name);
  if (rest.length === 0) {
    if (there) throw collision(path);
    tree.set(name, rule);
    return;
  }
  if (there && there.kind !== 'tree') throw collision(path);
  const inner: Tree = there ?? { kind: 'tree', rules: new Map() };
  tree.set(name, inner);
  place(inner.rules, rest, rule, path);
};

const rulesOf = (spec: Value, dialect: Dialect): Map<string, Rule> => {
  const tree = new Map<string, Rule>();
  for (const { name, value } of elements(spec)) {
    const isPositional = dialect === 'find' && name.endsWith('.$');
    const rule: Rule = isPositional ? { kind: 'positional' } : ruleOf(value, dialect);
    const path = isPositional ? name.slice(0, -2) : name;
    if (path.startsWith('$'))
      throw new DocumentError(
        16410,
        `FieldPath field names may not start with '$'. Consider using $getField or $setField.`,
      );
    place(tree, pathOf(path).names, rule, path);
  }
  return tree;
};

const kindsIn = (rules: ReadonlyMap<string, Rule>, isTop: boolean): Rule['kind'][] =>
  [...rules].flatMap(([name, rule]) => {
    if (rule.kind === 'tree') return kindsIn(rule.rules, false);
    return isTop && name === '_id' ? [] : [rule.kind];
  });

/** Whether fields that are not named stay out. */
const isInclusive = (rules: ReadonlyMap<string, Rule>, dialect: Dialect): boolean => {
  const kinds = kindsIn(rules, true);
  const keeps = kinds.some((kind) => kind === 'keep' || kind === 'positional' || kind === 'elemMatch');
  const drops = kinds.includes('drop');
  const computes = kinds.includes('compute');
  if (drops && (keeps || computes)) {
    const [inner, outer] = kinds[0] === 'drop' ? ['inclusion', 'exclusion'] : ['exclusion', 'inclusion'];
    const code = outer === 'exclusion' ? 31253 : 31254;
    throw new DocumentError(code, `Cannot do ${inner} in ${outer} projection`);
  }
  if (drops) return false;
  if (keeps || computes) return true;
  const id = rules.get('_id');
  return (
    id?.kind === 'keep' ||
    (id?.kind === 'compute' && dialect === 'aggregate') ||
    (id !== undefined && id.kind !== 'drop')
  );
};

interface Scene {
  readonly root: Value;
  readonly isInclusive: boolean;
  readonly details: Details;
}

const window = (list: Value[], from: number, count: number | undefined): Value[] => {
  const start = from < 0 ? Math.max(list.length + from, 0) : from;
  return list.slice(start, count === undefined ? undefined : start + count);
};

const matchedItem = (list: Value[], { details }: Scene): Value[] => {
  if (details.index === undefined) {
    throw new DocumentError(
      51246,
      "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
    );
  }
  return list.slice(details.index, details.index + 1);
};

const projectArray = (array: Value, rule: Tree, scene: Scene): Value =>
  arrayValue(
    items(array).flatMap((item) => {
      if (isDocument(item)) return [projectDocument(item, rule.rules, scene)];
      if (isArray(item)) return [projectArray(item, rule, scene)];
      return scene.isInclusive ? [] : [item];
    }),
  );

const projectTree = (value: Value, rule: Tree, scene: Scene): Value | undefined => {
  if (isDocument(value)) return projectDocument(value, rule.rules, scene);
  if (isArray(value)) return projectArray(value, rule, scene);
  return scene.isInclusive ? undefined : value;
};

const elemMatchOf = (value: Value, matches: Matcher): Value | undefined => {
  const found = isArray(value) ? items(value).find((item) => isDocument(item) && matches(item)) : undefined;
  return found && arrayValue([found]);
};

const projectField = (value: Value, rule: Rule, scene: Scene): Value | undefined => {
  switch (rule.kind) {
    case 'keep':
      return value;
    case 'drop':
    case 'compute':
      return undefined;
    case 'slice':
      return isArray(value) ? arrayValue(window(items(value), rule.from, rule.count)) : value;
    case 'elemMatch':
      return elemMatchOf(value, compileFilter(rule.filter));
    case 'positional':
      return isArray(value) ? arrayValue(matchedItem(items(value), scene)) : value;
    case 'tree':
      return projectTree(value, rule, scene);
  }
};

/** Fields computed by expressions, appended where the document has no such document yet. */
const computed = (rules: ReadonlyMap<string, Rule>, scene: Scene, present: ReadonlySet<string>): [string, Writable][] =>
  [...rules].flatMap(([name, rule]): [string, Writable][] => {
    if (rule.kind === 'compute') {
      const value = evaluate(rule.expression, scene.root);
      return value ? [[name, value]] : [];
    }
    if (rule.kind !== 'tree' || present.has(name) || !hasComputed(rule.rules)) return [];
    return [[name, documentValue(encodeElements(computed(rule.rules, scene, new Set())))]];
  });

const hasComputed = (rules: ReadonlyMap<string, Rule>): boolean =>
  [...rules.values()].some((rule) => rule.kind === 'compute' || (rule.kind === 'tree' && hasComputed(rule.rules)));

const projectDocument = (doc: Value, rules: ReadonlyMap<string, Rule>, scene: Scene, isTop = false): Value => {
  const out: [string, Writable][] = [];
  const present = new Set<string>();
  for (const { name, value } of elements(doc)) {
    const rule = rules.get(name);
    const isKept = rule ? undefined : !scene.isInclusive || (isTop && name === '_id');
    const shown = rule ? projectField(value, rule, scene) : isKept ? value : undefined;
    if (shown) out.push([name, shown]);
    if (rule?.kind === 'tree') present.add(name);
  }
  out.push(...computed(rules, scene, present));
  return documentValue(encodeElements(out));
};

/** Compiles a projection; `filter` is what a positional projection refers to. */
export const compileProjection = (spec: Value, dialect: Dialect, filter?: Matcher): Projection => {
  const rules = rulesOf(spec, dialect);
  if (rules.size === 0) return (doc) => doc;
  const inclusive = isInclusive(rules, dialect);
  const isPositional = [...elements(spec)].some(({ name }) => name.endsWith('.$'));
  return (doc) => {
    const details: Details = {};
    if (isPositional) filter?.(doc, details);
    return projectDocument(doc, rules, { root: doc, isInclusive: inclusive, details }, true);
  };
};
