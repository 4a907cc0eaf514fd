import { documentValue, encode } from '../bson/build.ts';
import { equal } from '../bson/compare.ts';
import { idOf, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import type { Filter } from '../filter/shape.ts';
import { elementText } from '../shell-text.ts';
import type { Update } from '../update/apply.ts';
import { changeAt, open, seal } from '../update/tree.ts';
import { assertUpdatedId, withIdFirst } from './ids.ts';
import { assertStorable } from './limits.ts';

/** A field that a filter fixes to one value. */
interface Fixed {
  readonly path: string;
  readonly names: readonly string[];
  readonly value: Value;
}

/** The fields a filter fixes, also within `$and` and an `$or` of one branch. */
const fixedFields = (filter: Filter): Fixed[] => {
  if (filter.kind === 'and' || (filter.kind === 'or' && filter.of.length === 1)) return filter.of.flatMap(fixedFields);
  if (filter.kind !== 'test') return [];
  const { test, path } = filter;
  const value =
    test.op === '$eq'
      ? test.operand
      : test.op === '$in' && test.operands.length === 1 && test.patterns.length === 0
        ? test.operands[0]
        : undefined;
  return value ? [{ path: path.text, names: path.names, value }] : [];
};

const notSingle = (text: string): DocumentError =>
  new DocumentError('NotSingleValueField', `cannot infer query fields to set, ${text}`);

/** The fixed fields in the order of their paths; throws if two are on the same way. */
const distinct = (fields: readonly Fixed[]): Fixed[] => {
  const sorted = fields.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  for (const [i, { path }] of sorted.entries()) {
    for (const other of sorted.slice(i + 1)) {
      if (other.path === path) throw notSingle(`path '${path}' is matched twice`);
      if (other.path.startsWith(`${path}.`)) throw notSingle(`both paths '${other.path}' and '${path}' are matched`);
    }
  }
  return sorted;
};

/** What a replacement takes from the filter: the `_id`, which must be there as a whole. */
const onlyId = (fields: readonly Fixed[]): Fixed[] => {
  const part = fields.find(({ names }) => names[0] === '_id' && names.length > 1);
  if (part) {
    const text = `field at '_id' must be exactly specified, field at sub-path '${part.path}' found`;
    throw new DocumentError('NotExactValueField', text);
  }
  return fields.filter(({ path }) => path === '_id');
};

const seed = (filter: Filter, update: Update): Value => {
  const root = open(documentValue(encode({})));
  const all = fixedFields(filter);
  for (const { names, value } of distinct(update.kind === 'replacement' ? onlyId(all) : all)) {
    changeAt(root, names, 'create', () => value);
  }
  return seal(root);
};

/** The document an upsert inserts: what the filter fixes, then the update applied to it. */
export const upsertedDocument = (filter: Filter, update: Update): Value => {
  const start = seed(filter, update);
  const { doc: made } = update.apply(start, { matchedIndex: undefined, isInsert: true });
  const [wanted, got] = [idOf(start), idOf(made)];
  if (wanted && !(got && equal(wanted, got))) {
    const text =
      update.kind === 'operators'
        ? "Performing an update on the path '_id' would modify the immutable field '_id'"
        : `The _id field cannot be changed from {${elementText('_id', wanted)}} to {${got ? elementText('_id', got) : ''}}.`;
    throw new DocumentError('ImmutableField', text);
  }
  const whole = withIdFirst(made);
  assertUpdatedId(whole);
  assertStorable(whole, 'upsert');
  return whole;
};
