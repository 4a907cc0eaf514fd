import { toInteger } from '../bson/number.ts';
import { elements, isDocument, isNumber, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { typeName } from './operator.ts';

/** What an expression with named parts must look like, with MongoDB's codes for what does not. */
interface Form {
  readonly notObject: number;
  readonly unknown: number;
  /** The parts that must be there, by the code for their absence. */
  readonly required: Readonly<Record<string, number>>;
  readonly optional: readonly string[];
}

const FailedToParse = 9;

/** The expressions that take named parts. */
const forms: Readonly<Record<string, Form>> = {
  $let: { notObject: 16874, unknown: 16875, required: { vars: 16876, in: 16877 }, optional: [] },
  $map: { notObject: 16878, unknown: 16879, required: { input: 16880, in: 16882 }, optional: ['as'] },
  $filter: { notObject: 28646, unknown: 28647, required: { input: 28648, cond: 28650 }, optional: ['as', 'limit'] },
  $reduce: {
    notObject: 40075,
    unknown: 40076,
    required: { input: 40077, initialValue: 40078, in: 40079 },
    optional: [],
  },
  $switch: { notObject: 40060, unknown: 40067, required: { branches: 40068 }, optional: ['default'] },
  $convert: {
    notObject: FailedToParse,
    unknown: FailedToParse,
    required: { input: FailedToParse, to: FailedToParse },
    optional: ['onError', 'onNull'],
  },
  $dateToString: {
    notObject: 18629,
    unknown: 18534,
    required: { date: 18628 },
    optional: ['format', 'timezone', 'onNull'],
  },
};

/** Whether an operator takes named parts. */
export const isForm = (name: string): boolean => Object.hasOwn(forms, name);

/** The named parts of an expression, checked. */
export const partsOf = (name: string, value: Value): ReadonlyMap<string, Value> => {
  const { notObject, unknown, required, optional } = forms[name]!;
  if (!isDocument(value)) {
    throw new DocumentError(notObject, `${name} only supports an object as its argument, not ${typeName(value)}`);
  }
  const parts = new Map(elements(value).map((element) => [element.name, element.value]));
  for (const part of parts.keys()) {
    if (!Object.hasOwn(required, part) && !optional.includes(part))
      throw new DocumentError(unknown, `Unrecognized parameter to ${name}: ${part}`);
  }
  for (const [part, code] of Object.entries(required)) {
    if (!parts.has(part)) throw new DocumentError(code, `Missing '${part}' parameter to ${name}`);
  }
  return parts;
};

const branchCodes: ReadonlyMap<string, number> = new Map([
  ['case', 40064],
  ['then', 40065],
]);

/** The branches of a `$switch`, each with its `case` and `then`. */
export const switchBranches = (value: readonly Value[]): (readonly [test: Value, result: Value])[] => {
  if (value.length === 0) throw new DocumentError(40068, '$switch requires at least one branch.');
  return value.map((branch) => {
    if (!isDocument(branch)) {
      throw new DocumentError(40062, `$switch expected each branch to be an object, found: ${typeName(branch)}`);
    }
    const parts = new Map(elements(branch).map((element) => [element.name, element.value]));
    for (const part of parts.keys()) {
      if (!branchCodes.has(part))
        throw new DocumentError(40063, `$switch found an unknown argument to a branch: ${part}`);
    }
    const of = (part: string): Value => {
      const found = parts.get(part);
      if (!found)
        throw new DocumentError(branchCodes.get(part)!, `$switch requires each branch have a '${part}' expression`);
      return found;
    };
    return [of('case'), of('then')] as const;
  });
};

/** A variable's name as a user may write it. */
export const variableName = (value: Value | string): string => {
  const name = typeof value === 'string' ? value : isString(value) ? text(value) : '';
  if (name === '') throw new DocumentError('FailedToParse', 'empty variable names are not allowed');
  if (!/^[a-z\u0080-\uffff]/.test(name) && name !== 'CURRENT') {
    const text = `'${name}' starts with an invalid character for a user variable name`;
    throw new DocumentError('FailedToParse', text);
  }
  if (!/^[a-zA-Z][\w\u0080-\uffff]*$|^[\u0080-\uffff][\w\u0080-\uffff]*$/.test(name)) {
    throw new DocumentError('FailedToParse', `'${name}' contains an invalid character for a variable name`);
  }
  return name;
};

/** How many items a `$filter` may keep. */
export const filterLimit = (value: Value | undefined): number => {
  const n = isNumber(value) ? toInteger(value) : undefined;
  if (n === undefined || BigInt.asIntN(32, n) !== n) {
    throw new DocumentError(327391, '$filter: limit must be represented as a 32-bit integral value');
  }
  if (n <= 0n) throw new DocumentError(327392, `$filter: limit must be greater than 0: ${n}`);
  return Number(n);
};
