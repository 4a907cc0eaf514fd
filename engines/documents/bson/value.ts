import { Type } from './types.ts';

/** A view of one BSON value: its type byte and where its payload lies. A document is a value that spans a whole buffer. */
export interface Value {
  readonly type: number;
  readonly buf: Buffer;
  readonly start: number;
  readonly end: number;
}

/** One named value of a document. */
export interface Element {
  readonly name: string;
  readonly value: Value;
}

/** How many bytes a value takes, by type byte, where the type alone tells. */
export const fixedSizes: Readonly<Record<number, number>> = {
  [Type.double]: 8,
  [Type.undefined]: 0,
  [Type.objectId]: 12,
  [Type.boolean]: 1,
  [Type.date]: 8,
  [Type.null]: 0,
  [Type.int32]: 4,
  [Type.timestamp]: 8,
  [Type.int64]: 8,
  [Type.decimal]: 16,
  [Type.minKey]: 0,
  [Type.maxKey]: 0,
};

/** The position after the zero byte that ends the text beginning at `at`. */
export const afterText = (buf: Buffer, at: number): number => {
  const zero = buf.indexOf(0, at);
  if (zero < 0) throw new RangeError('BSON: text without an end');
  return zero + 1;
};

const variableEnd = (buf: Buffer, type: number, start: number): number => {
  switch (type) {
    case Type.string:
    case Type.code:
    case Type.symbol:
      return start + 4 + buf.readInt32LE(start);
    case Type.document:
    case Type.array:
    case Type.codeWithScope:
      return start + buf.readInt32LE(start);
    case Type.binary:
      return start + 5 + buf.readInt32LE(start);
    case Type.regex:
      return afterText(buf, afterText(buf, start));
    case Type.dbPointer:
      return start + 16 + buf.readInt32LE(start);
    default:
      throw new RangeError(`BSON: unknown type ${type}`);
  }
};

const endOf = (buf: Buffer, type: number, start: number): number => {
  const size = fixedSizes[type];
  return size === undefined ? variableEnd(buf, type, start) : start + size;
};

/** The document that lies at `at` in a buffer. */
export const documentAt = (buf: Buffer, at = 0): Value => ({
  type: Type.document,
  buf,
  start: at,
  end: at + buf.readInt32LE(at),
});

const nameEnd = (buf: Buffer, at: number): number => {
  let end = at;
  while (buf[end] !== 0) end += 1;
  return end;
};

const nameIs = (buf: Buffer, start: number, end: number, name: Buffer): boolean => {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i += 1) if (buf[start + i] !== name[i]) return false;
  return true;
};

/** The field of a document (or array) with this name in UTF-8, found without decoding anything else. */
export const fieldAt = (doc: Value, name: Buffer): Value | undefined => {
  const { buf } = doc;
  let at = doc.start + 4;
  for (let type = buf[at]!; type !== 0; type = buf[at]!) {
    const end = nameEnd(buf, at + 1);
    const next = endOf(buf, type, end + 1);
    if (nameIs(buf, at + 1, end, name)) return { type, buf, start: end + 1, end: next };
    at = next;
  }
  return undefined;
};

/** The field of a document with this name. */
export const field = (doc: Value, name: string): Value | undefined => fieldAt(doc, Buffer.from(name));

const idName = Buffer.from('_id');

/** The `_id` of a document. */
export const idOf = (doc: Value): Value | undefined => fieldAt(doc, idName);

/** All fields of a document, in order. */
export const elements = (doc: Value): Element[] => {
  const { buf } = doc;
  const found: Element[] = [];
  let at = doc.start + 4;
  for (let type = buf[at]!; type !== 0; type = buf[at]!) {
    const end = nameEnd(buf, at + 1);
    const next = endOf(buf, type, end + 1);
    found.push({ name: buf.toString('utf8', at + 1, end), value: { type, buf, start: end + 1, end: next } });
    at = next;
  }
  return found;
};

/** The items of an array, in order. */
export const items = (array: Value): Value[] => {
  const { buf } = array;
  const found: Value[] = [];
  let at = array.start + 4;
  for (let type = buf[at]!; type !== 0; type = buf[at]!) {
    const end = nameEnd(buf, at + 1);
    const next = endOf(buf, type, end + 1);
    found.push({ type, buf, start: end + 1, end: next });
    at = next;
  }
  return found;
};

/** The bytes of a value, shared with the buffer it lies in. */
export const bytesOf = (value: Value): Buffer => value.buf.subarray(value.start, value.end);

/** Whether two values have the same type and the same bytes. */
export const identical = (a: Value, b: Value): boolean =>
  a.type === b.type && a.buf.compare(b.buf, b.start, b.end, a.start, a.end) === 0;

/** The text of a string, symbol or code. */
export const text = (value: Value): string => value.buf.toString('utf8', value.start + 4, value.end - 1);

/** The pattern and options of a regular expression. */
export const regexParts = (value: Value): { pattern: string; options: string } => {
  const options = afterText(value.buf, value.start);
  return {
    pattern: value.buf.toString('utf8', value.start, options - 1),
    options: value.buf.toString('utf8', options, value.end - 1),
  };
};

/** A value known to be of a type. */
export type Typed<T extends number> = Value & { readonly type: T };

export const isDocument = (value: Value | undefined): value is Typed<3> => value?.type === Type.document;
export const isArray = (value: Value | undefined): value is Typed<4> => value?.type === Type.array;
export const isString = (value: Value | undefined): value is Typed<2> => value?.type === Type.string;
export const isNumber = (value: Value | undefined): value is Typed<1 | 16 | 18 | 19> =>
  value !== undefined &&
  (value.type === Type.int32 || value.type === Type.double || value.type === Type.int64 || value.type === Type.decimal);
