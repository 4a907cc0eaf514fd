import { toValue } from '../bson/build.ts';
import { elements, isArray, isDocument, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { type Path, pathOf } from '../paths.ts';
import { isFunction, isSpecialForm } from './operators.ts';

/** A parsed aggregation expression. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'variable'; readonly name: string; readonly path: Path | undefined }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'form'; readonly name: string; readonly args: ReadonlyMap<string, Expression> };

const builtIn = new Set(['ROOT', 'CURRENT', 'NOW', 'REMOVE', 'CLUSTER_TIME']);

type Scope = ReadonlySet<string>;

const variable = (reference: string, scope: Scope): Expression => {
  const [name = '', ...rest] = reference.split('.');
  if (!scope.has(name)) throw new DocumentError(17276, `Use of undefined variable: ${name}`);
  return { kind: 'variable', name, path: rest.length > 0 ? pathOf(rest.join('.')) : undefined };
};

const fieldPath = (source: string): Expression => {
  if (source === '') throw new DocumentError(16872, "'$' by itself is not a valid Expression");
  if (source.split('.').includes('')) {
    throw new DocumentError(15998, 'FieldPath field names may not be empty strings.');
  }
  return { kind: 'variable', name: 'ROOT', path: pathOf(source) };
};

const literal = (value: Value): Expression => ({ kind: 'literal', value });

const parseString = (value: Value, scope: Scope): Expression => {
  const source = text(value);
  if (source.startsWith('$$')) return variable(source.slice(2), scope);
  return source.startsWith('$') ? fieldPath(source.slice(1)) : literal(value);
};

/** The names a form's `as`, `vars` and the like bring into the scope of its body. */
const bound = (name: string, args: ReadonlyMap<string, Value>): string[] => {
  if (name === '$let') return elements(args.get('vars')!).map((element) => element.name);
  if (name === '$reduce') return ['this', 'value'];
  const as = args.get('as');
  return [isString(as) ? text(as) : 'this'];
};

const bodies = new Set(['in', 'cond']);

const parseForm = (name: string, value: Value, scope: Scope): Expression => {
  if (!isDocument(value)) throw new DocumentError(16878, `${name} only supports an object as its argument`);
  const given = new Map(elements(value).map((element) => [element.name, element.value]));
  const inner: Scope = name === '$switch' ? scope : new Set([...scope, ...bound(name, given)]);
  const args = new Map<string, Expression>();
  for (const [key, arg] of given) {
    if (key === 'as') args.set(key, literal(arg));
    else args.set(key, parseExpression(arg, bodies.has(key) ? inner : scope));
  }
  if (!args.has('as')) args.set('as', literal(toValue('this')));
  return { kind: 'form', name, args };
};

/** `$cond: {if, then, else}` as the list of its three parts. */
const conditionParts = (value: Value): Value[] => {
  const given = new Map(elements(value).map((element) => [element.name, element.value]));
  return ['if', 'then', 'else'].map((part) => {
    const found = given.get(part);
    if (!found) throw new DocumentError(17080, `Missing '${part}' parameter to $cond`);
    return found;
  });
};

const parseCall = (name: string, value: Value, scope: Scope): Expression => {
  if (name === '$literal' || name === '$const') return literal(value);
  if (isSpecialForm(name)) return parseForm(name, value, scope);
  if (!isFunction(name)) throw new DocumentError('InvalidPipelineOperator', `Unrecognized expression '${name}'`);
  const args = name === '$cond' && isDocument(value) ? conditionParts(value) : isArray(value) ? items(value) : [value];
  return { kind: 'call', name, args: args.map((arg) => parseExpression(arg, scope)) };
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
  return { kind: 'object', fields: list.map((element) => [element.name, parseExpression(element.value, scope)]) };
};

/** Parses an aggregation expression; unknown operators and variables are refused with MongoDB's codes. */
export const parseExpression = (value: Value, scope: Scope = builtIn): Expression => {
  if (isString(value)) return parseString(value, scope);
  if (isDocument(value)) return parseDocument(value, scope);
  if (isArray(value)) return { kind: 'array', items: items(value).map((item) => parseExpression(item, scope)) };
  return literal(value);
};
