import { arrayValue, nullValue } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { toNumber } from '../bson/number.ts';
import { typeNames } from '../bson/types.ts';
import { isArray, isDocument, isNumber, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { conversionsTo, converted } from './conversions.ts';
import { dateText } from './dates.ts';
import type { Expression } from './expression.ts';
import { filterLimit } from './forms.ts';
import { isNullish, typeName } from './operator.ts';

type Given = Value | undefined;
type Form = Expression & { readonly kind: 'form' };

/** Evaluates a part of a form, with variables of its own if it is the body; a part that was not given is missing. */
type Evaluate = (part: Expression | undefined, own?: readonly (readonly [string, Given])[]) => Given;

const listOf = (code: number, name: string, input: Given): Value[] | undefined => {
  if (isNullish(input)) return undefined;
  if (!isArray(input)) throw new DocumentError(code, `input to ${name} must be an array not ${typeName(input)}`);
  return items(input);
};

const mapped = ({ args, variables }: Form, at: Evaluate): Value => {
  const as = variables[0]![0];
  const list = listOf(16883, '$map', at(args.get('input')));
  return list ? arrayValue(list.map((item) => at(args.get('in'), [[as, item]]) ?? null)) : nullValue;
};

const filtered = ({ args, variables }: Form, at: Evaluate): Value => {
  const as = variables[0]![0];
  const list = listOf(28651, '$filter', at(args.get('input')));
  if (!list) return nullValue;
  const limit = at(args.get('limit'));
  const most = isNullish(limit) ? Number.POSITIVE_INFINITY : filterLimit(limit);
  const found: Value[] = [];
  for (const item of list) {
    if (found.length === most) break;
    if (truthy(at(args.get('cond'), [[as, item]]))) found.push(item);
  }
  return arrayValue(found);
};

const reduced = ({ args }: Form, at: Evaluate): Given => {
  const list = listOf(40080, '$reduce', at(args.get('input')));
  if (!list) return nullValue;
  let value = at(args.get('initialValue'));
  for (const item of list) {
    const own: [string, Given][] = [
      ['this', item],
      ['value', value],
    ];
    value = at(args.get('in'), own);
  }
  return value;
};

const switched = ({ args, branches }: Form, at: Evaluate): Given => {
  for (const [test, result] of branches) if (truthy(at(test))) return at(result);
  if (args.has('default')) return at(args.get('default'));
  const text = '$switch could not find a matching branch for an input, and no default was specified.';
  throw new DocumentError(40066, text);
};

const targetOf = (to: Given): string | undefined => {
  if (isNullish(to)) return undefined;
  if (isDocument(to)) throw notImplemented('$convert with a subtype');
  if (!isString(to) && !isNumber(to)) {
    throw new DocumentError('FailedToParse', "$convert's 'to' argument must be a string or number");
  }
  const name = isString(to) ? text(to) : (typeNames[toNumber(to)] ?? '');
  if (Object.hasOwn(conversionsTo, name)) return name;
  throw new DocumentError('BadValue', `Unknown type name: ${name}`);
};

const convert = ({ args }: Form, at: Evaluate): Given => {
  const [input, target] = [at(args.get('input')), targetOf(at(args.get('to')))];
  if (isNullish(input)) return args.has('onNull') ? at(args.get('onNull')) : nullValue;
  if (target === undefined) return nullValue;
  try {
    return converted(input, target);
  } catch (error) {
    const isFailure = error instanceof DocumentError && error.codeName === 'ConversionFailure';
    if (isFailure && args.has('onError')) return at(args.get('onError'));
    throw error;
  }
};

const dated = ({ args }: Form, at: Evaluate): Given => {
  const zone = at(args.get('timezone'));
  if (args.has('timezone') && isNullish(zone)) return nullValue;
  return dateText(at(args.get('date')), at(args.get('format')), zone, at(args.get('onNull')));
};

/** The expressions with named parts, by name. */
export const forms: Readonly<Record<string, (form: Form, at: Evaluate) => Given>> = {
  $let: ({ args, variables }, at) =>
    at(
      args.get('in'),
      variables.map(([name, value]) => [name, at(value)]),
    ),
  $map: mapped,
  $filter: filtered,
  $reduce: reduced,
  $switch: switched,
  $convert: convert,
  $dateToString: dated,
};
