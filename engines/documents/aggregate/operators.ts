import { arrayValue, double, int32, int64, nullValue, toValue } from '../bson/build.ts';
import { compare, equal, truthy } from '../bson/compare.ts';
import { add, divide, multiply, subtract, toInteger, toNumber } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, isArray, isDocument, isNumber, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';

type Given = Value | undefined;

/** An operator that takes its evaluated arguments; a missing one is undefined. */
export interface Operator {
  readonly arity: readonly [least: number, most: number];
  readonly apply: (...args: Given[]) => Given;
}

const isNullish = (value: Given): boolean => !value || value.type === Type.null || value.type === Type.undefined;
const typeName = (value: Given): string => (value ? typeNames[value.type]! : 'missing');
const bool = (value: boolean): Value => toValue(value);

/** The error for an operand of the wrong type. */
const mistyped = (code: number, message: string, value: Given): DocumentError =>
  new DocumentError(code, `${message}, not ${typeName(value)}`);

/** An operator that is null as soon as one operand is null or missing. */
const strict = (apply: (...args: Value[]) => Value): ((...args: Given[]) => Value) => {
  return (...args) => (args.some(isNullish) ? nullValue : apply(...(args as Value[])));
};

const number = (name: string, value: Value): Value => {
  if (!isNumber(value)) throw mistyped(28765, `${name} only supports numeric types`, value);
  return value;
};

const dateMillis = (value: Value): number => Number(value.buf.readBigInt64LE(value.start));

const plus = (a: Value, b: Value): Value => {
  if (a.type === Type.date || b.type === Type.date) {
    const [at, delta] = a.type === Type.date ? [a, b] : [b, a];
    return toValue(new Date(dateMillis(at) + Math.round(toNumber(number('$add', delta)))));
  }
  if (!isNumber(a) || !isNumber(b)) {
    throw mistyped(14, '$add only supports numeric or date types', isNumber(a) ? b : a);
  }
  return add(a, b) ?? double(toNumber(a) + toNumber(b));
};

const minus = (a: Value, b: Value): Value => {
  if (a.type === Type.date && b.type === Type.date) return int64(BigInt(dateMillis(a) - dateMillis(b)));
  if (a.type === Type.date && isNumber(b)) return toValue(new Date(dateMillis(a) - Math.round(toNumber(b))));
  if (!isNumber(a) || !isNumber(b)) {
    throw new DocumentError(14, `can't $subtract ${typeName(b)} from ${typeName(a)}`);
  }
  return subtract(a, b) ?? double(toNumber(a) - toNumber(b));
};

const times = (a: Value, b: Value): Value => {
  const [x, y] = [number('$multiply', a), number('$multiply', b)];
  return multiply(x, y) ?? double(toNumber(x) * toNumber(y));
};

const over = (a: Value, b: Value): Value => {
  if (!isNumber(a) || !isNumber(b)) {
    throw new DocumentError(14, `$divide only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);
  }
  if (toNumber(b) === 0) throw new DocumentError('BadValue', "can't $divide by zero");
  return divide(a, b);
};

const modulo = (a: Value, b: Value): Value => {
  if (!isNumber(a) || !isNumber(b)) {
    throw new DocumentError(16611, `$mod only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);
  }
  if (toNumber(b) === 0) throw new DocumentError(16610, "can't $mod by zero");
  const [x, y] = [toInteger(a), toInteger(b)];
  const isWhole = x !== undefined && y !== undefined && a.type !== Type.double && b.type !== Type.double;
  if (!isWhole) return double(toNumber(a) % toNumber(b));
  return a.type === Type.int32 && b.type === Type.int32 ? int32(Number(x % y)) : int64(x % y);
};

/** Rounding that leaves integers as they are. */
const rounded = (name: string, round: (n: number) => number) =>
  strict((value) => {
    const n = number(name, value);
    return n.type === Type.double ? double(round(toNumber(n))) : n;
  });

const roundEven = (n: number): number => {
  const low = Math.floor(n);
  if (n - low !== 0.5) return Math.round(n);
  return low % 2 === 0 ? low : low + 1;
};

const roundTo = (value: Given, place?: Given): Value => {
  if (isNullish(value)) return nullValue;
  const n = number('$round', value!);
  const digits = place ? toNumber(place) : 0;
  const scale = 10 ** digits;
  if (n.type === Type.double) return double(roundEven(toNumber(n) * scale) / scale);
  return digits >= 0 ? n : (toValue(roundEven(toNumber(n) * scale) / scale) as Value);
};

const absolute = (value: Value): Value => {
  const n = number('$abs', value);
  return toNumber(n) < 0 ? times(n, int32(-1)) : n;
};

const string = (code: number, name: string, value: Value): string => {
  if (!isString(value)) throw mistyped(code, `${name} only supports strings`, value);
  return text(value);
};

const array = (code: number, name: string, value: Value): Value[] => {
  if (!isArray(value)) throw mistyped(code, `${name} needs an array`, value);
  return items(value);
};

const caseChanged = (name: string, change: (source: string) => string) => (value: Given) =>
  toValue(isNullish(value) ? '' : change(string(16007, name, value!)));

const itemAt = strict((list, index) => {
  const all = array(28689, '$arrayElemAt', list);
  const at = toNumber(index);
  return all[at < 0 ? all.length + at : at] ?? absent;
});

/** Stands for a missing result where a value is required. */
const absent: Value = { type: 0, buf: Buffer.alloc(0), start: 0, end: 0 };

const presentOrMissing =
  (apply: (...args: Given[]) => Value) =>
  (...args: Given[]): Given => {
    const result = apply(...args);
    return result === absent ? undefined : result;
  };

const ordered = (accept: (order: number) => boolean): Operator => ({
  arity: [2, 2],
  apply: (a, b) => bool(accept(compareMissing(a, b))),
});

const compareMissing = (a: Given, b: Given): number => {
  if (a && b) return compare(a, b);
  return a ? 1 : b ? -1 : 0;
};

const fixed = (arity: number, apply: (...args: Given[]) => Given): Operator => ({ arity: [arity, arity], apply });
const any = (apply: (...args: Given[]) => Given): Operator => ({ arity: [0, 1e6], apply });

const datePart = (part: (at: Date) => number): Operator =>
  fixed(
    1,
    strict((value) => {
      if (value.type !== Type.date) throw mistyped(16006, "can't convert to date", value);
      return toValue(part(new Date(dateMillis(value))));
    }),
  );

const contains = (needle: Given, list: Given): Value => {
  if (!isArray(list)) throw mistyped(40081, '$in requires an array as a second argument', list);
  return bool(items(list).some((item) => needle !== undefined && equal(item, needle)));
};

const merged = (...docs: Given[]): Value => {
  const fields = new Map<string, Value>();
  for (const doc of docs) {
    if (isNullish(doc)) continue;
    if (!isDocument(doc)) throw mistyped(40400, '$mergeObjects requires object inputs', doc);
    for (const { name, value } of elements(doc)) fields.set(name, value);
  }
  return toValue(Object.fromEntries(fields));
};

const folded = (start: Value, step: (a: Value, b: Value) => Value) => strict((...values) => values.reduce(step, start));

const textOf = (value: Value): string => {
  if (isString(value)) return text(value);
  if (value.type === Type.objectId) return value.buf.toString('hex', value.start, value.end);
  if (value.type === Type.boolean) return String(truthy(value));
  if (value.type === Type.date) return new Date(dateMillis(value)).toISOString();
  if (isNumber(value) && value.type !== Type.decimal) return String(toInteger(value) ?? toNumber(value));
  throw new DocumentError('ConversionFailure', `Unsupported conversion from ${typeName(value)} to string in $convert`);
};

const millisOf = (value: Value): number => {
  if (value.type === Type.date) return dateMillis(value);
  if (value.type === Type.objectId) return value.buf.readUInt32BE(value.start) * 1000;
  if (value.type === Type.int64 || value.type === Type.double) return Math.trunc(toNumber(value));
  const parsed = isString(value) ? Date.parse(text(value)) : Number.NaN;
  if (Number.isNaN(parsed)) throw unconverted(value, 'date');
  return parsed;
};

const unconverted = (value: Value, to: string): DocumentError =>
  new DocumentError(
    'ConversionFailure',
    `Failed to convert ${typeName(value)} to ${to} in $convert with no onError value`,
  );

/** A value as a number: what it is, a boolean as 0 or 1, a date as milliseconds, a text if it is one. */
const numberOf = (value: Value, to: string): number => {
  if (isNumber(value)) return toNumber(value);
  if (value.type === Type.boolean) return truthy(value) ? 1 : 0;
  if (value.type === Type.date) return dateMillis(value);
  const source = isString(value) ? text(value) : '';
  const parsed = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(source) ? Number(source) : Number.NaN;
  if (Number.isNaN(parsed)) throw unconverted(value, to);
  return parsed;
};

const integerOf = (value: Value, to: 'int' | 'long'): Value => {
  if (isString(value) && !/^[-+]?\d+$/.test(text(value))) throw unconverted(value, to);
  const exact = isNumber(value) ? toInteger(value) : isString(value) ? BigInt(text(value)) : undefined;
  const n = exact ?? BigInt(Math.trunc(numberOf(value, to)));
  const bits = to === 'int' ? 32 : 64;
  if (BigInt.asIntN(bits, n) !== n) throw unconverted(value, to);
  return to === 'int' ? int32(Number(n)) : int64(n);
};

const padded = (n: number, width: number): string => String(n).padStart(width, '0');

const formats: Readonly<Record<string, (at: Date) => string>> = {
  '%Y': (at) => padded(at.getUTCFullYear(), 4),
  '%m': (at) => padded(at.getUTCMonth() + 1, 2),
  '%d': (at) => padded(at.getUTCDate(), 2),
  '%H': (at) => padded(at.getUTCHours(), 2),
  '%M': (at) => padded(at.getUTCMinutes(), 2),
  '%S': (at) => padded(at.getUTCSeconds(), 2),
  '%L': (at) => padded(at.getUTCMilliseconds(), 3),
  '%z': () => '+0000',
  '%%': () => '%',
};

const dateText = (options: Given): Given => {
  if (!isDocument(options)) throw new DocumentError(18629, '$dateToString only supports an object as its argument');
  const given = new Map(elements(options).map(({ name, value }) => [name, value]));
  const zone = given.get('timezone');
  if (zone && !(isString(zone) && ['UTC', 'GMT', 'Z'].includes(text(zone)))) throw notImplemented('a time zone');
  const at = given.get('date');
  if (isNullish(at)) return given.get('onNull') ?? nullValue;
  const format = given.get('format');
  const pattern = isString(format) ? text(format) : '%Y-%m-%dT%H:%M:%S.%LZ';
  const moment = new Date(millisOf(at!));
  return toValue(
    pattern.replace(/%./gs, (code) => {
      const write = formats[code];
      if (!write) throw new DocumentError(18536, `Invalid format character '${code}' in format string`);
      return write(moment);
    }),
  );
};

/** The items an operator of totals looks at: those of its one array, or its arguments. */
const totalled = (args: readonly Given[]): Value[] => {
  const [only] = args;
  const list = args.length === 1 && isArray(only) ? items(only) : args;
  return list.filter((value) => value !== undefined && !isNullish(value)) as Value[];
};

const numbersOf = (args: readonly Given[]): Value[] => totalled(args).filter(isNumber);

const average = (list: readonly Value[]): Value =>
  list.length === 0 ? nullValue : divide(list.reduce(plus), int32(list.length));

const extreme =
  (wanted: number) =>
  (...args: Given[]): Value =>
    totalled(args).reduce<Value | undefined>(
      (best, value) => (best && compare(value, best) * wanted <= 0 ? best : value),
      undefined,
    ) ?? nullValue;

const distinct = (list: readonly Value[]): Value[] =>
  list.filter((value, i) => list.findIndex((other) => equal(other, value)) === i);

const has = (list: readonly Value[], value: Value): boolean => list.some((other) => equal(other, value));

const sets = (combine: (a: Value[], b: Value[]) => Value[]) =>
  strict((...lists) =>
    arrayValue(distinct(lists.map((list) => array(17043, 'a set operator', list)).reduce((a, b) => combine(a, b)))),
  );

const sliced = strict((list, ...rest) => {
  const all = array(28724, '$slice', list);
  const [a, b] = rest.map(toNumber);
  if (b === undefined) return arrayValue(a! < 0 ? all.slice(a) : all.slice(0, a));
  const from = a! < 0 ? Math.max(all.length + a!, 0) : a!;
  return arrayValue(all.slice(from, from + b));
});

const range = strict((from, to, step) => {
  const [start, end, by] = [toNumber(from), toNumber(to), step ? toNumber(step) : 1];
  const list: number[] = [];
  for (let n = start; by > 0 ? n < end : n > end; n += by) list.push(n);
  return arrayValue(list);
});

const ends = (name: string, at: number): Operator =>
  fixed(1, presentOrMissing(strict((list) => array(28689, name, list).at(at) ?? absent)));

const functions: Readonly<Record<string, Operator>> = {
  $add: any(folded(int32(0), plus)),
  $subtract: fixed(2, strict(minus)),
  $multiply: any(folded(int32(1), times)),
  $divide: fixed(2, strict(over)),
  $mod: fixed(2, strict(modulo)),
  $abs: fixed(1, strict(absolute)),
  $ceil: fixed(1, rounded('$ceil', Math.ceil)),
  $floor: fixed(1, rounded('$floor', Math.floor)),
  $trunc: fixed(1, rounded('$trunc', Math.trunc)),
  $round: { arity: [1, 2], apply: roundTo },
  $eq: ordered((order) => order === 0),
  $ne: ordered((order) => order !== 0),
  $gt: ordered((order) => order > 0),
  $gte: ordered((order) => order >= 0),
  $lt: ordered((order) => order < 0),
  $lte: ordered((order) => order <= 0),
  $cmp: fixed(2, (a, b) => int32(Math.sign(compareMissing(a, b)))),
  $and: any((...args) => bool(args.every(truthy))),
  $or: any((...args) => bool(args.some(truthy))),
  $not: fixed(1, (value) => bool(!truthy(value))),
  $cond: fixed(3, (test, yes, no) => (truthy(test) ? yes : no)),
  $ifNull: { arity: [2, 1e6], apply: (...args) => args.find((value) => !isNullish(value)) ?? args.at(-1) },
  $concat: any(strict((...parts) => toValue(parts.map((part) => string(16702, '$concat', part)).join('')))),
  $toLower: fixed(
    1,
    caseChanged('$toLower', (source) => source.toLowerCase()),
  ),
  $toUpper: fixed(
    1,
    caseChanged('$toUpper', (source) => source.toUpperCase()),
  ),
  $strLenCP: fixed(1, (value) => int32([...string(34471, '$strLenCP', value ?? nullValue)].length)),
  $strLenBytes: fixed(1, (value) => int32(Buffer.byteLength(string(34473, '$strLenBytes', value ?? nullValue)))),
  $substrCP: fixed(3, (value, from, length) => {
    const source = isNullish(value) ? '' : textOf(value!);
    return toValue([...source].slice(toNumber(from!), toNumber(from!) + toNumber(length!)).join(''));
  }),
  $split: fixed(
    2,
    strict((value, by) => arrayValue(string(40085, '$split', value).split(string(40086, '$split', by)))),
  ),
  $size: fixed(1, (list) => {
    if (!isArray(list)) {
      throw new DocumentError(17124, `The argument to $size must be an array, but was of type: ${typeName(list)}`);
    }
    return int32(items(list).length);
  }),
  $arrayElemAt: fixed(2, presentOrMissing(itemAt)),
  $first: ends('$first', 0),
  $last: ends('$last', -1),
  $in: fixed(2, contains),
  $concatArrays: any(strict((...lists) => arrayValue(lists.flatMap((list) => array(28664, '$concatArrays', list))))),
  $slice: { arity: [2, 3], apply: sliced },
  $range: { arity: [2, 3], apply: range },
  $reverseArray: fixed(
    1,
    strict((list) => arrayValue(array(34435, '$reverseArray', list).reverse())),
  ),
  $isArray: fixed(1, (value) => bool(isArray(value))),
  $isNumber: fixed(1, (value) => bool(isNumber(value))),
  $type: fixed(1, (value) => toValue(typeName(value))),
  $toString: fixed(
    1,
    strict((value) => toValue(textOf(value))),
  ),
  $toBool: fixed(
    1,
    strict((value) => bool(truthy(value))),
  ),
  $toInt: fixed(
    1,
    strict((value) => integerOf(value, 'int')),
  ),
  $toLong: fixed(
    1,
    strict((value) => integerOf(value, 'long')),
  ),
  $toDouble: fixed(
    1,
    strict((value) => double(numberOf(value, 'double'))),
  ),
  $toDate: fixed(
    1,
    strict((value) => toValue(new Date(millisOf(value)))),
  ),
  $dateToString: fixed(1, dateText),
  $sum: any((...args) => numbersOf(args).reduce(plus, int32(0))),
  $avg: any((...args) => average(numbersOf(args))),
  $min: any(extreme(-1)),
  $max: any(extreme(1)),
  $setUnion: any(sets((a, b) => [...a, ...b])),
  $setIntersection: any(sets((a, b) => a.filter((value) => has(b, value)))),
  $setDifference: fixed(
    2,
    sets((a, b) => a.filter((value) => !has(b, value))),
  ),
  $mergeObjects: any(merged),
  $objectToArray: fixed(
    1,
    strict((doc) => arrayValue(elements(doc).map(({ name, value }) => ({ k: name, v: value })))),
  ),
  $year: datePart((at) => at.getUTCFullYear()),
  $month: datePart((at) => at.getUTCMonth() + 1),
  $dayOfMonth: datePart((at) => at.getUTCDate()),
  $dayOfWeek: datePart((at) => at.getUTCDay() + 1),
  $hour: datePart((at) => at.getUTCHours()),
  $minute: datePart((at) => at.getUTCMinutes()),
  $second: datePart((at) => at.getUTCSeconds()),
  $millisecond: datePart((at) => at.getUTCMilliseconds()),
};

const forms = new Set(['$let', '$map', '$filter', '$reduce', '$switch']);

/** Whether an operator evaluates all its arguments before it is applied. */
export const isFunction = (name: string): boolean => Object.hasOwn(functions, name);

/** Whether an operator takes named parts and brings variables of its own. */
export const isSpecialForm = (name: string): boolean => forms.has(name);

/** The operator of this name; checks how many arguments it is given. */
export const operator = (name: string, given: number): Operator => {
  const found = functions[name]!;
  const [least, most] = found.arity;
  if (given < least || given > most) {
    const text = `Expression ${name} takes exactly ${least} arguments. ${given} were passed in.`;
    throw new DocumentError(16020, text);
  }
  return found;
};
