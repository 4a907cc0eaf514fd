import { evaluate } from '../aggregate/evaluate.ts';
import { truthy } from '../bson/compare.ts';
import { isArray, isDocument, items, type Value } from '../bson/value.ts';
import { type Details, visitPath } from '../paths.ts';
import type { Filter, Test } from './shape.ts';
import { type ValueTest, valueTest } from './value-tests.ts';

/** Says whether a document matches; notes in `details` which array item did. */
export type Matcher = (doc: Value, details?: Details) => boolean;

const elementTest = (tests: readonly Matcher[]): ValueTest => {
  return (item) => item !== undefined && tests.every((matches) => matches(item));
};

const someItem = (array: Value | undefined, matches: ValueTest, details?: Details): boolean => {
  if (!isArray(array)) return false;
  const index = items(array).findIndex(matches);
  if (index >= 0 && details) details.index = index;
  return index >= 0;
};

type ArrayTest = (value: Value | undefined, details?: Details) => boolean;

/** A test of an array as a whole. */
const arrayTest = (test: Test): ArrayTest => {
  if (test.op === '$size') return (value) => isArray(value) && items(value).length === test.size;
  if (test.op === '$elemMatch') {
    const matches = compileFilter(test.filter);
    return (value, details) =>
      someItem(value, (item) => (isDocument(item) || isArray(item) ? matches(item!) : false), details);
  }
  const tests = test.op === '$elemTest' ? test.tests.map(compileItemFilter) : [];
  return (value, details) => someItem(value, elementTest(tests), details);
};

/** A filter over an array item itself, as `$elemMatch: {$gt: 5}` has it. */
const compileItemFilter = (filter: Filter): Matcher => {
  if (filter.kind === 'not') {
    const matches = compileItemFilter(filter.of);
    return (item) => !matches(item);
  }
  if (filter.kind === 'and' || filter.kind === 'or') {
    const all = filter.of.map(compileItemFilter);
    return filter.kind === 'and' ? (item) => all.every((m) => m(item)) : (item) => all.some((m) => m(item));
  }
  if (filter.kind !== 'test') return compileFilter(filter);
  return valueTest(filter.test) ?? arrayTest(filter.test);
};

const compileTest = (filter: Filter & { kind: 'test' }): Matcher => {
  const { path, test } = filter;
  const single = valueTest(test);
  const expand = single !== undefined && test.op !== '$exists';
  if (single) return (doc, details) => visitPath(doc, path, 0, single, expand, details);
  const whole = arrayTest(test);
  return (doc, details) => visitPath(doc, path, 0, (value) => whole(value, details), false);
};

/** All of several filters; one that fails leaves no trace of those before it. */
const compileAll = (all: readonly Matcher[]): Matcher => {
  return (doc, details) => {
    if (all.every((matches) => matches(doc, details))) return true;
    if (details) details.index = undefined;
    return false;
  };
};

/** Compiles a parsed filter into a test of raw documents. */
export const compileFilter = (filter: Filter): Matcher => {
  switch (filter.kind) {
    case 'test':
      return compileTest(filter);
    case 'and':
      return compileAll(filter.of.map(compileFilter));
    case 'or': {
      const any = filter.of.map(compileFilter);
      return (doc, details) => any.some((matches) => matches(doc, details));
    }
    case 'not': {
      const matches = compileFilter(filter.of);
      return (doc) => !matches(doc);
    }
    case 'expression':
      return (doc) => truthy(evaluate(filter.expression, doc));
    case 'constant':
      return () => filter.value;
  }
};
