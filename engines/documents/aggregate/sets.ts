import { arrayValue, nullValue } from '../bson/build.ts';
import { compare } from '../bson/compare.ts';
import type { Value } from '../bson/value.ts';
import { encodeKey } from '../key-encoding.ts';
import { any, array, fixed, type Given, isNullish, type Operator, strict } from './operator.ts';

/** Values by their keys: each once, the first of equal ones. */
const asSet = (list: readonly Value[]): Map<string, Value> => {
  const set = new Map<string, Value>();
  for (const item of list) {
    const key = encodeKey(item).toString('latin1');
    if (!set.has(key)) set.set(key, item);
  }
  return set;
};

const ordered = (set: ReadonlyMap<string, Value>): Value => arrayValue([...set.values()].sort(compare));

/** Folds sets from the left, up to the first that is null. */
const folded =
  (code: number, name: string, join: (a: Map<string, Value>, b: Value[]) => Map<string, Value>) =>
  (...lists: Given[]): Value => {
    let result: Map<string, Value> | undefined;
    for (const list of lists) {
      if (isNullish(list)) return nullValue;
      const all = array(code, `All operands of ${name} must be arrays. One argument is of type: `, list);
      result = result ? join(result, all) : asSet(all);
    }
    return ordered(result ?? new Map());
  };

const intersected = (a: Map<string, Value>, b: Value[]): Map<string, Value> => {
  const keys = asSet(b);
  return new Map([...a].filter(([key]) => keys.has(key)));
};

const difference = (a: Value, b: Value): Value => {
  const refusal = 'both operands of $setDifference must be arrays.';
  const kept = asSet(array(17048, `${refusal} First argument is of type: `, a));
  for (const key of asSet(array(17049, `${refusal} Second argument is of type: `, b)).keys()) kept.delete(key);
  return arrayValue([...kept.values()]);
};

/** The operators that take arrays for sets. */
export const sets: Readonly<Record<string, Operator>> = {
  $setUnion: any(folded(17043, '$setUnion', (a, b) => asSet([...a.values(), ...b]))),
  $setIntersection: any(folded(17047, '$setIntersection', intersected)),
  $setDifference: fixed(2, strict(difference)),
};
