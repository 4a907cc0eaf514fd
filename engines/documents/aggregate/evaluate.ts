import { arrayValue, documentValue, encodeElements, toValue } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { fieldAt, isArray, isDocument, items, type Value } from '../bson/value.ts';
import type { Path } from '../paths.ts';
import { forms } from './evaluate-forms.ts';
import type { Expression } from './expression.ts';
import { isNullish } from './operator.ts';

type Variables = ReadonlyMap<string, Value | undefined>;

/** The value at a path as expressions see it: an array on the way gives the array of what its documents hold. */
const along = (value: Value | undefined, path: Path, at: number): Value | undefined => {
  if (at === path.bytes.length) return value;
  if (isDocument(value)) return along(fieldAt(value, path.bytes[at]!), path, at + 1);
  if (!isArray(value)) return undefined;
  const found = items(value).map((item) => (isDocument(item) ? along(item, path, at) : undefined));
  return arrayValue(found.filter((item) => item !== undefined));
};

const lookUp = (name: string, doc: Value, variables: Variables): Value | undefined => {
  if (name === 'ROOT') return doc;
  return name === 'CURRENT' && !variables.has(name) ? doc : variables.get(name);
};

const objectOf = (fields: readonly (readonly [string, Expression])[], doc: Value, variables: Variables): Value => {
  const evaluated = fields.map(([name, part]) => [name, evaluate(part, doc, variables)] as const);
  return documentValue(encodeElements(evaluated));
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
      if (!isNullish(value)) return value;
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
      return forms[expression.name]!(
        expression,
        (part, own) => part && evaluate(part, doc, own ? new Map([...variables, ...own]) : variables),
      );
    case 'call': {
      const choose = choices[expression.name];
      if (choose) return choose(expression.args.map((arg) => () => evaluate(arg, doc, variables)));
      return expression.apply(...expression.args.map((arg) => evaluate(arg, doc, variables)));
    }
  }
};
