import { truthy } from './bson/compare.ts';
import { decimalText, readDecimal } from './bson/decimal.ts';
import { toNumber } from './bson/number.ts';
import { Type } from './bson/types.ts';
import { elements, items, regexParts, text, type Value } from './bson/value.ts';

const doubleText = (n: number): string => {
  if (Number.isNaN(n)) return 'nan.0';
  if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
  return Number.isInteger(n) && Math.abs(n) < 1e15 ? `${n}.0` : String(n);
};

const binaryText = ({ buf, start, end }: Value): string =>
  buf[start + 4] === 4 && end - start === 21
    ? `UUID("${buf.toString('hex', start + 5, end).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}")`
    : `BinData(${buf[start + 4]}, ${buf.toString('hex', start + 5, end).toUpperCase()})`;

const timestampText = ({ buf, start }: Value): string =>
  `Timestamp(${buf.readUInt32LE(start + 4)}, ${buf.readUInt32LE(start)})`;

const regexText = (value: Value): string => {
  const { pattern, options } = regexParts(value);
  return `/${pattern}/${options}`;
};

const texts: Readonly<Record<number, (value: Value) => string>> = {
  [Type.double]: (value) => doubleText(toNumber(value)),
  [Type.int32]: (value) => String(toNumber(value)),
  [Type.int64]: ({ buf, start }) => String(buf.readBigInt64LE(start)),
  [Type.decimal]: (value) => decimalText(readDecimal(value)),
  [Type.string]: (value) => JSON.stringify(text(value)),
  [Type.document]: (value) => documentText(value),
  [Type.array]: (value) => (items(value).length > 0 ? `[ ${items(value).map(valueText).join(', ')} ]` : '[]'),
  [Type.binary]: binaryText,
  [Type.undefined]: () => 'undefined',
  [Type.objectId]: ({ buf, start, end }) => `ObjectId('${buf.toString('hex', start, end)}')`,
  [Type.boolean]: (value) => String(truthy(value)),
  [Type.date]: ({ buf, start }) => `new Date(${buf.readBigInt64LE(start)})`,
  [Type.null]: () => 'null',
  [Type.regex]: regexText,
  [Type.timestamp]: timestampText,
  [Type.minKey]: () => 'MinKey',
  [Type.maxKey]: () => 'MaxKey',
};

/** A value as MongoDB prints it in messages. */
export const valueText = (value: Value): string => texts[value.type]?.(value) ?? '?';

/** A named value as MongoDB prints it in messages. */
export const elementText = (name: string, value: Value): string => `${name}: ${valueText(value)}`;

/** A document as MongoDB prints it in messages. */
export const documentText = (doc: Value): string => {
  const parts = elements(doc).map(({ name, value }) => elementText(name, value));
  return parts.length > 0 ? `{ ${parts.join(', ')} }` : '{}';
};
