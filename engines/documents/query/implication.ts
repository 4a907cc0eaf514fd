import { compare, equal } from '../bson/compare.ts';
import { rank, Type } from '../bson/types.ts';
import type { Value } from '../bson/value.ts';
import type { Filter, Test } from '../filter/shape.ts';

/** The tests every match of a filter passes. */
export const conjuncts = (filter: Filter): Filter[] =>
  filter.kind === 'and' ? filter.of.flatMap(conjuncts) : filter.kind === 'constant' && filter.value ? [] : [filter];

const isNull = (value: Value): boolean => value.type === Type.null;

const isEdge = ({ type }: Value): boolean => type === Type.minKey || type === Type.maxKey;

/** Whether a value that passes the test is certainly there: null and the ranges of the edges accept what is missing. */
export const impliesPresence = (test: Test): boolean => {
  if (test.op === '$in') return !test.operands.some(isNull);
  if (!('operand' in test)) return true;
  return !isNull(test.operand) && (test.op === '$eq' || !isEdge(test.operand));
};

const isSameType = (a: Value, b: Value): boolean => rank[a.type] === rank[b.type];

const pointImplies = (value: Value, wanted: Test): boolean => {
  if (!('operand' in wanted) || !isSameType(value, wanted.operand)) return false;
  const order = compare(value, wanted.operand);
  const accepted = { $eq: order === 0, $gt: order > 0, $gte: order >= 0, $lt: order < 0, $lte: order <= 0 };
  return accepted[wanted.op];
};

const rangeImplies = (given: Test & { operand: Value }, wanted: Test & { operand: Value }): boolean => {
  if (!isSameType(given.operand, wanted.operand) || given.op[1] !== wanted.op[1]) return false;
  const order = compare(given.operand, wanted.operand) * (given.op.startsWith('$g') ? 1 : -1);
  const isWider = wanted.op.endsWith('e') || !given.op.endsWith('e');
  return order > 0 || (order === 0 && isWider);
};

const testImplies = (given: Test, wanted: Test): boolean => {
  if (wanted.op === '$exists') return impliesPresence(given);
  if (given.op === '$in')
    return given.patterns.length === 0 && given.operands.every((value) => pointImplies(value, wanted));
  if (wanted.op === '$in') {
    return given.op === '$eq' && wanted.operands.some((value) => equal(value, given.operand));
  }
  if (!('operand' in given) || !('operand' in wanted)) return false;
  if (given.op === '$eq') return pointImplies(given.operand, wanted);
  return wanted.op !== '$eq' && rangeImplies(given, wanted);
};

/** Whether every document that passes all of `given` also passes `wanted`; false when in doubt. */
export const implies = (given: readonly Filter[], wanted: Filter): boolean =>
  conjuncts(wanted).every(
    (part) =>
      part.kind === 'test' &&
      given.some((one) => one.kind === 'test' && one.path.text === part.path.text && testImplies(one.test, part.test)),
  );
