import { date, toValue } from '../bson/build.ts';
import { elements, isArray, isDocument, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { assertFieldName, fieldPath } from '../field-path.ts';
import type { Path } from '../paths.ts';
import { dateParts } from './dates.ts';
import { isForm, partsOf, switchBranches, variableName } from './forms.ts';
import { assertArity, type Operator } from './operator.ts';
import { operatorOf } from './operators.ts';
import { unsupported } from './unsupported.ts';

/** A parsed aggregation expression. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'variable'; readonly name: string; readonly path: Path | undefined }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      readonly apply: Operator['apply'];
    }
  | {
      readonly kind: 'form';
      readonly name: string;
      readonly args: ReadonlyMap<string, Expression>;
      /** The variables of a `$let`, in the order they are evaluated; the item's variable of the others. */
      readonly variables: readonly (readonly [string, Expression | undefined])[];
      /** The branches of a `$switch`. */
      readonly branches: readonly (readonly [test: Expression, result: Expression])[];
    };

const builtIn = new Set(['ROOT', 'CURRENT', 'NOW', 'REMOVE']);

type Scope = ReadonlySet<string>;

const literal = (value: Value): Expression => ({ kind: 'literal', value });

const notHere = new Set(['CLUSTER_TIME', 'USER_ROLES', 'SEARCH_META']);

const variable = (reference: string, scope: Scope): Expression => {
  const dot = reference.indexOf('.');
  const name = dot < 0 ? reference : reference.slice(0, dot);
  if (notHere.has(name)) throw notImplemented(`the variable ${name}`);
  if (!scope.has(name)) {
    if (!/^[A-Z_]+$/.test(name)) variableName(name);
    throw new DocumentError(17276, `Use of undefined variable: ${name}`);
  }
  const path = dot < 0 ? undefined : fieldPath(reference.slice(dot + 1));
  if (name === 'NOW' && !path) return literal(date(new Date()));
  return { kind: 'variable', name, path };
};

const parseString = (value: Value, scope: Scope): Expression => {
  const source = text(value);
  if (source.startsWith('$$')) return variable(source.slice(2), scope);
  if (!source.startsWith('$')) return literal(value);
  if (source === '$') throw new DocumentError(16872, "'$' by itself is not a valid Expression");
  return { kind: 'variable', name: 'CURRENT', path: fieldPath(source.slice(1)) };
};

const bodies = new Set(['in', 'cond']);

const letVariables = (vars: Value, scope: Scope): (readonly [string, Expression])[] => {
  if (!isDocument(vars)) throw new DocumentError(10065, 'invalid parameter: expected an object (vars)');
  return elements(vars).map(({ name, value }) => [variableName(name), parseExpression(value, scope)] as const);
};

/** The variables a form brings into the scope of its body. */
const variablesOf = (name: string, parts: ReadonlyMap<string, Value>, scope: Scope) => {
  if (name === '$let') return letVariables(parts.get('vars')!, scope);
  if (name === '$reduce') return [['this', undefined] as const, ['value', undefined] as const];
  if (name !== '$map' && name !== '$filter') return [];
  const as = parts.get('as');
  return [[as ? variableName(as) : 'this', undefined] as const];
};

const parseBranches = (value: Value, scope: Scope) => {
  if (!isArray(value)) throw new DocumentError(40061, "$switch expected an array for 'branches'");
  return switchBranches(items(value)).map(
    ([test, result]) => [parseExpression(test, scope), parseExpression(result, scope)] as const,
  );
};

/** The parts of a form that are not expressions of their own. */
const ownParts = new Set(['as', 'vars', 'branches']);

const parseForm = (name: string, value: Value, scope: Scope): Expression => {
  const parts = partsOf(name, value);
  const variables = variablesOf(name, parts, scope);
  const inner: Scope = new Set([...scope, ...variables.map(([own]) => own)]);
  const args = new Map<string, Expression>();
  for (const [part, arg] of parts) {
    if (!ownParts.has(part)) args.set(part, parseExpression(arg, bodies.has(part) ? inner : scope));
  }
  const branches = parts.get('branches');
  return { kind: 'form', name, args, variables, branches: branches ? parseBranches(branches, scope) : [] };
};

/** Named parts of an operator that takes a list as well, in the order of that list. */
const listed = (name: string, value: Value, parts: ReadonlyMap<string, number>, unknown: number): Value[] => {
  const given = new Map(elements(value).map((element) => [element.name, element.value]));
  for (const part of given.keys()) {
    if (!parts.has(part)) throw new DocumentError(unknown, `Unrecognized parameter to ${name}: ${part}`);
  }
  return [...parts].map(([part, code]) => {
    const found = given.get(part);
    if (!found) throw new DocumentError(code, `Missing '${part}' parameter to ${name}`);
    return found;
  });
};

/** What `$year` and its like are about: a date alone, or a date with a time zone. */
const dateArguments = (name: string, value: Value): Value[] => {
  const isNamed = isDocument(value) && elements(value)[0]?.name.startsWith('$') === false;
  if (!isNamed) {
    const args = isArray(value) ? items(value) : [value];
    if (args.length !== 1) throw new DocumentError(40536, `${name} accepts exactly one argument if given an array`);
    return args;
  }
  const given = new Map(elements(value).map((element) => [element.name, element.value]));
  for (const part of given.keys()) {
    if (part !== 'date' && part !== 'timezone')
      throw new DocumentError(40535, `unrecognized option to ${name}: "${part}"`);
  }
  const [at, zone] = [given.get('date'), given.get('timezone')];
  if (!at) throw new DocumentError(40539, `missing 'date' argument to ${name}`);
  return zone ? [at, zone] : [at];
};

const conditionParts: ReadonlyMap<string, number> = new Map([
  ['if', 17080],
  ['then', 17081],
  ['else', 17082],
]);

const argumentsOf = (name: string, value: Value): Value[] => {
  if (name === '$cond' && isDocument(value)) return listed(name, value, conditionParts, 17083);
  if (Object.hasOwn(dateParts, name)) return dateArguments(name, value);
  return isArray(value) ? items(value) : [value];
};

const parseCall = (name: string, value: Value, scope: Scope): Expression => {
  if (name === '$literal' || name === '$const') return literal(value);
  if (isForm(name)) return parseForm(name, value, scope);
  const operator = operatorOf(name);
  if (!operator) throw unsupported(name);
  const args = argumentsOf(name, value);
  assertArity(name, operator, args.length);
  return { kind: 'call', name, args: args.map((arg) => parseExpression(arg, scope)), apply: operator.apply };
};

const parseDocument = (value: Value, scope: Scope): Expression => {
  const list = elements(value);
  const first = list[0];
  if (first?.name.startsWith('$')) {
    if (list.length > 1) {
      const text = `an expression specification must contain exactly one field, the name of the expression. Found ${list.length} fields`;
      throw new DocumentError(15983, text);
    }
    return parseCall(first.name, first.value, scope);
  }
  for (const { name } of list) assertFieldName(name);
  return { kind: 'object', fields: list.map((element) => [element.name, parseExpression(element.value, scope)]) };
};

/** Parses an aggregation expression; unknown operators and variables are refused with MongoDB's codes. */
export const parseExpression = (value: Value, scope: Scope = builtIn): Expression => {
  if (isString(value)) return parseString(value, scope);
  if (isDocument(value)) return parseDocument(value, scope);
  if (isArray(value)) return { kind: 'array', items: items(value).map((item) => parseExpression(item, scope)) };
  return literal(value);
};

/** The expression that is always this number. */
export const constant = (n: number): Expression => literal(toValue(n));
