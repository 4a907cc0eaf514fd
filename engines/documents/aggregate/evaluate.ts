import { arrayValue, date, documentValue, encodeElements, nullValue, toValue } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { Type } from '../bson/types.ts';
import { fieldAt, isArray, isDocument, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import type { Path } from '../paths.ts';
import type { Expression } from './expression.ts';
import { operator } from './operators.ts';

type Variables = ReadonlyMap<string, Value | undefined>;

/** The value at a path as expressions see it: arrays on the way give the array of what their documents hold. */
const along = (value: Value | undefined, path: Path, at: number): Value | undefined => {
  if (at === path.bytes.length) return value;
  if (isDocument(value)) return along(fieldAt(value, path.bytes[at]!), path, at + 1);
  if (!isArray(value)) return undefined;
  const found = items(value).map((item) => (isDocument(item) || isArray(item) ? along(item, path, at) : undefined));
  return arrayValue(found.filter((item) => item !== undefined));
};

const lookUp = (name: string, doc: Value, variables: Variables): Value | undefined => {
  if (name === 'ROOT' || name === 'CURRENT') return variables.get(name) ?? doc;
  if (name === 'NOW') return date(new Date());
  return variables.get(name);
};

const objectOf = (fields: readonly (readonly [string, Expression])[], doc: Value, variables: Variables): Value => {
  const evaluated = fields.map(([name, part]) => [name, evaluate(part, doc, variables)] as const);
  return documentValue(encodeElements(evaluated));
};

type Form = (args: ReadonlyMap<string, Expression>, doc: Value, variables: Variables) => Value | undefined;

const part = (args: ReadonlyMap<string, Expression>, name: string): Expression => {
  const found = args.get(name);
  if (!found) throw new DocumentError(16879, `Missing '${name}' parameter`);
  return found;
};

const inputItems = (name: string, args: ReadonlyMap<string, Expression>, doc: Value, variables: Variables) => {
  const input = evaluate(part(args, 'input'), doc, variables);
  if (!input || input.type === Type.null || input.type === Type.undefined) return undefined;
  if (!isArray(input)) throw new DocumentError(16883, `input to ${name} must be an array`);
  return items(input);
};

const nameOf = (args: ReadonlyMap<string, Expression>): string => text((part(args, 'as') as { value: Value }).value);

const forms: Readonly<Record<string, Form>> = {
  $let: (args, doc, variables) => {
    const given = part(args, 'vars') as Expression & { kind: 'object' };
    const inner = new Map(variables);
    for (const [name, value] of given.fields) inner.set(name, evaluate(value, doc, variables));
    return evaluate(part(args, 'in'), doc, inner);
  },
  $map: (args, doc, variables) => {
    const list = inputItems('$map', args, doc, variables);
    const body = part(args, 'in');
    const as = nameOf(args);
    return list
      ? arrayValue(list.map((item) => evaluate(body, doc, new Map(variables).set(as, item)) ?? null))
      : nullValue;
  },
  $filter: (args, doc, variables) => {
    const list = inputItems('$filter', args, doc, variables);
    const test = part(args, 'cond');
    const as = nameOf(args);
    return list
      ? arrayValue(list.filter((item) => truthy(evaluate(test, doc, new Map(variables).set(as, item)))))
      : nullValue;
  },
  $reduce: (args, doc, variables) => {
    const list = inputItems('$reduce', args, doc, variables);
    const body = part(args, 'in');
    const start = evaluate(part(args, 'initialValue'), doc, variables);
    return list
      ? list.reduce<Value | undefined>(
          (value, item) => evaluate(body, doc, new Map(variables).set('this', item).set('value', value)),
          start,
        )
      : nullValue;
  },
  $switch: (args, doc, variables) => {
    const branches = part(args, 'branches') as Expression & { kind: 'array' };
    for (const branch of branches.items) {
      const { fields } = branch as Expression & { kind: 'object' };
      const named = new Map(fields);
      if (truthy(evaluate(part(named, 'case'), doc, variables))) return evaluate(part(named, 'then'), doc, variables);
    }
    const otherwise = args.get('default');
    if (!otherwise)
      throw new DocumentError(
        40066,
        '$switch could not find a matching branch for an input, and no default was specified.',
      );
    return evaluate(otherwise, doc, variables);
  },
};

type Later = () => Value | undefined;

/** The operators that evaluate only what they need, so that a branch not taken cannot fail. */
const choices: Readonly<Record<string, (args: readonly Later[]) => Value | undefined>> = {
  $cond: ([test, yes, no]) => (truthy(test!()) ? yes!() : no!()),
  $and: (args) => toValue(args.every((arg) => truthy(arg()))),
  $or: (args) => toValue(args.some((arg) => truthy(arg()))),
  $ifNull: (args) => {
    let value: Value | undefined;
    for (const arg of args) {
      value = arg();
      if (value && value.type !== Type.null && value.type !== Type.undefined) return value;
    }
    return value;
  },
};

const none: Variables = new Map();

/** The value of an expression for a document; undefined where the result is missing. */
export const evaluate = (expression: Expression, doc: Value, variables: Variables = none): Value | undefined => {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'variable': {
      const start = lookUp(expression.name, doc, variables);
      return expression.path ? along(start, expression.path, 0) : start;
    }
    case 'object':
      return objectOf(expression.fields, doc, variables);
    case 'array':
      return arrayValue(expression.items.map((item) => evaluate(item, doc, variables) ?? null));
    case 'form':
      return forms[expression.name]!(expression.args, doc, variables);
    case 'call': {
      const { apply } = operator(expression.name, expression.args.length);
      const choose = choices[expression.name];
      if (choose) return choose(expression.args.map((arg) => () => evaluate(arg, doc, variables)));
      return apply(...expression.args.map((arg) => evaluate(arg, doc, variables)));
    }
  }
};
