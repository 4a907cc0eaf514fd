import { arrayValue, documentValue, encodeElements } from '../bson/build.ts';
import { elements, isArray, isDocument, items, type Value } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';
import type { Matcher } from '../filter/matcher.ts';
import { positioned, sliced } from './find-operators.ts';
import { type Dialect, parseProjection } from './parse.ts';
import type { Branch, Mode, Rule } from './shape.ts';

/** Turns a document into what the caller asked to see of it. */
export type Projection = (doc: Value) => Value;

type Rules = ReadonlyMap<string, Rule>;

/** What a projection is applied to: the whole document, which expressions see, and the way it is read. */
interface Scene {
  readonly root: Value;
  readonly mode: Mode;
}

const computes = (rules: Rules): boolean =>
  [...rules.values()].some((rule) => rule.kind === 'compute' || (rule.kind === 'branch' && computes(rule.rules)));

const emptyDocument = documentValue(encodeElements([]));

/** A value within which fields are projected; one that is no document becomes one if fields are computed in it. */
const projectWithin = (value: Value, branch: Branch, scene: Scene): Value | undefined => {
  if (isDocument(value)) return projectFields(value, branch.rules, scene);
  if (isArray(value)) {
    const all = items(value).map((item) => projectWithin(item, branch, scene));
    return arrayValue(all.filter((item) => item !== undefined));
  }
  if (computes(branch.rules)) return projectFields(emptyDocument, branch.rules, scene);
  return scene.mode === 'inclusion' ? undefined : value;
};

/** Whether a field is shown after those of the document: an inclusion computes its fields last. */
const comesLast = (value: Value, rule: Rule, { mode }: Scene): boolean => {
  if (mode !== 'inclusion') return false;
  if (rule.kind === 'compute') return true;
  return rule.kind === 'branch' && !isDocument(value) && !isArray(value) && computes(rule.rules);
};

const projectField = (value: Value, rule: Rule, scene: Scene): Value | undefined => {
  switch (rule.kind) {
    case 'keep':
      return value;
    case 'drop':
      return undefined;
    case 'compute':
      return rule.compute(scene.root);
    case 'branch':
      return projectWithin(value, rule, scene);
  }
};

const computed = (rule: Rule, scene: Scene): Value | undefined => {
  if (rule.kind === 'compute') return rule.compute(scene.root);
  return rule.kind === 'branch' && computes(rule.rules) ? projectFields(emptyDocument, rule.rules, scene) : undefined;
};

/** Fields that are computed and not in their place yet. */
const added = (rules: Rules, placed: ReadonlySet<string>, scene: Scene): [string, Writable][] =>
  [...rules].flatMap(([name, rule]): [string, Writable][] => {
    const value = placed.has(name) ? undefined : computed(rule, scene);
    return value ? [[name, value]] : [];
  });

const projectFields = (doc: Value, rules: Rules, scene: Scene): Value => {
  const shown: [string, Writable][] = [];
  const placed = new Set<string>();
  for (const { name, value } of elements(doc)) {
    const rule = rules.get(name);
    if (!rule) {
      if (scene.mode !== 'inclusion') shown.push([name, value]);
    } else if (!comesLast(value, rule, scene)) {
      placed.add(name);
      const projected = projectField(value, rule, scene);
      if (projected) shown.push([name, projected]);
    }
  }
  return documentValue(encodeElements([...shown, ...added(rules, placed, scene)]));
};

/** Compiles a projection; `filter` is what a positional one refers to. */
export const compileProjection = (spec: Value, dialect: Dialect, filter?: Matcher): Projection => {
  const { mode, rules, slices, positional } = parseProjection(spec, dialect);
  if (rules.size === 0) return (doc) => doc;
  return (root) => {
    const fields = projectFields(root, rules, { root, mode });
    const cut = positional ? positioned(fields, positional, root, filter) : fields;
    return slices.reduce(sliced, cut);
  };
};
