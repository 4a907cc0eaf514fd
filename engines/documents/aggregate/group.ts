import { documentValue, encode, encodeElements, nullValue } from '../bson/build.ts';
import { elements, isArray, isDocument, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { encodeKey } from '../key-encoding.ts';
import { drawn, gathered, listSource, type Source } from '../query/source.ts';
import { type Accumulator, accumulatorOf } from './accumulators.ts';
import { evaluate } from './evaluate.ts';
import { constant, type Expression, parseExpression } from './expression.ts';

interface GroupField {
  readonly name: string;
  readonly make: () => Accumulator;
  readonly expression: Expression;
}

const assertGroupField = (name: string): void => {
  if (name.includes('.')) throw new DocumentError(40235, `The field name '${name}' cannot contain '.'`);
  if (name.startsWith('$')) throw new DocumentError(40236, `The field name '${name}' cannot be an operator name`);
};

const operandOf = (name: string, operand: Value): Expression => {
  if (!isArray(operand)) return parseExpression(operand);
  const [only, ...others] = items(operand);
  if (!only || others.length > 0) throw new DocumentError(40237, `The ${name} accumulator is a unary operator`);
  return parseExpression(only);
};

const counted = (name: string, operand: Value): GroupField => {
  if (!isDocument(operand) || elements(operand).length > 0) {
    throw new DocumentError('TypeMismatch', '$count takes no arguments, i.e. $count:{}');
  }
  return { name, make: accumulatorOf('$sum'), expression: constant(1) };
};

const groupField = (name: string, spec: Value): GroupField => {
  assertGroupField(name);
  const [only, ...others] = isDocument(spec) ? elements(spec) : [];
  if (!only?.name.startsWith('$')) throw new DocumentError(40234, `The field '${name}' must be an accumulator object`);
  if (others.length > 0) throw new DocumentError(40238, `The field '${name}' must specify one accumulator`);
  if (only.name === '$count') return counted(name, only.value);
  return { name, make: accumulatorOf(only.name), expression: operandOf(only.name, only.value) };
};

function* groupDocuments(groups: Iterable<Group>, fields: readonly GroupField[]): Generator<Value, undefined> {
  for (const one of groups) yield groupDocument(one, fields);
}

const mostBytes = 100 * 1024 * 1024;

interface Group {
  readonly id: Value;
  readonly accumulators: readonly Accumulator[];
}

const groupDocument = ({ id, accumulators }: Group, fields: readonly GroupField[]): Value =>
  documentValue(
    encodeElements([['_id', id], ...fields.map(({ name }, i) => [name, accumulators[i]!.result()] as const)]),
  );

/** The `$group` stage. */
export const group = (spec: Value): ((source: Source) => Source) => {
  if (!isDocument(spec)) throw new DocumentError(15947, "a group's fields must be specified in an object");
  const list = elements(spec);
  const id = list.find(({ name }) => name === '_id');
  if (!id) throw new DocumentError(15955, 'a group specification must include an _id');
  const idExpression = parseExpression(id.value);
  const fields = list.filter(({ name }) => name !== '_id').map(({ name, value }) => groupField(name, value));
  return (source) => {
    const groups = new Map<string, Group>();
    let size = 0;
    const absorb = (doc: Value): void => {
      const value = evaluate(idExpression, doc) ?? nullValue;
      const key = encodeKey(value).toString('latin1');
      const found = groups.get(key) ?? { id: value, accumulators: fields.map(({ make }) => make()) };
      if (!groups.has(key)) groups.set(key, found);
      for (const [i, { expression }] of fields.entries()) found.accumulators[i]!.add(evaluate(expression, doc));
      size += doc.end - doc.start;
      if (size > mostBytes && groups.size * 200 > mostBytes) throw tooLarge();
    };
    return gathered(source, absorb, () => drawn(groupDocuments(groups.values(), fields)));
  };
};

const tooLarge = (): DocumentError =>
  new DocumentError(
    'QueryExceededMemoryLimitNoDiskUseAllowed',
    `Exceeded memory limit for $group of ${mostBytes} bytes, which cannot go to disk here`,
  );

/** The `$count` stage: one document, or none if there was nothing to count. */
export const count = (name: string): ((source: Source) => Source) => {
  return (source) => {
    let n = 0;
    return gathered(
      source,
      () => {
        n += 1;
      },
      () => listSource(n === 0 ? [] : [documentValue(encode({ [name]: n }))]),
    );
  };
};
