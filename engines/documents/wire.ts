import { encode } from './bson/build.ts';
import { assertDocument } from './bson/validate.ts';
import { afterText, documentAt, field, type Value } from './bson/value.ts';
import type { Writable } from './bson/writer.ts';
import { crc32c } from './crc32c.ts';
import { DocumentError } from './errors.ts';

const opReply = 1;
const opQuery = 2004;
const opMsg = 2013;
/** The bytes before what a message says. */
export const headerSize = 16;

/** One request of a client. */
export interface Message {
  readonly requestId: number;
  readonly isLegacy: boolean;
  /** The client wants no reply at all. */
  readonly isSilent: boolean;
  readonly body: Value;
  /** Documents sent beside the command, under the name of the argument they stand for. */
  readonly sequences: ReadonlyMap<string, readonly Value[]>;
  /** What is wrong with its documents, which then are left out. */
  readonly error?: DocumentError;
}

const checkedDocument = (buf: Buffer, at: number, limit: number): Value => {
  const doc = documentAt(buf, at);
  assertDocument(doc, limit);
  return doc;
};

const readSequence = (buf: Buffer, at: number, end: number): { name: string; docs: Value[] } => {
  const nameEnd = afterText(buf, at);
  const docs: Value[] = [];
  for (let next = nameEnd; next < end; ) {
    const doc = checkedDocument(buf, next, end);
    docs.push(doc);
    next = doc.end;
  }
  return { name: buf.toString('utf8', at, nameEnd - 1), docs };
};

/** The parts of a message read so far. */
interface Sections {
  body: Value | undefined;
  readonly sequences: Map<string, Value[]>;
}

const readSection = (buf: Buffer, at: number, end: number, into: Sections): void => {
  if (buf[at] === 0) {
    if (into.body) throw new DocumentError(40430, 'Multiple body sections in message');
    into.body = checkedDocument(buf, at + 1, end);
    return;
  }
  const { name, docs } = readSequence(buf, at + 5, end);
  if (into.sequences.has(name)) throw new DocumentError(40431, `Duplicate document sequence: ${name}`);
  into.sequences.set(name, docs);
};

const readSections = (buf: Buffer, from: number, to: number): Pick<Message, 'body' | 'sequences'> => {
  const sections: Sections = { body: undefined, sequences: new Map() };
  for (let at = from; at < to; ) {
    const kind = buf[at]!;
    if (kind > 1) throw new RangeError(`OP_MSG: unknown section kind ${kind}`);
    const end = at + 1 + buf.readInt32LE(at + 1);
    if (end < at + 6 || end > to) throw new RangeError('OP_MSG: section beyond its message');
    readSection(buf, at, end, sections);
    at = end;
  }
  const { body, sequences } = sections;
  if (!body) throw new RangeError('OP_MSG: no body');
  const twice = [...sequences.keys()].find((name) => field(body, name));
  if (twice) throw new DocumentError(40433, `Duplicate field between body and document sequence ${twice}`);
  return { body, sequences };
};

const noDocument = documentAt(encode({}));

const assertUnharmed = (buf: Buffer, end: number): void => {
  if (crc32c(buf.subarray(0, end)) === buf.readUInt32LE(end)) return;
  throw new DocumentError('ChecksumMismatch', 'OP_MSG checksum does not match contents');
};

/** The documents of a message, or what is wrong with them. */
const readable = (buf: Buffer, end: number): Pick<Message, 'body' | 'sequences' | 'error'> => {
  try {
    if (end < buf.length) assertUnharmed(buf, end);
    return readSections(buf, headerSize + 4, end);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return { body: noDocument, sequences: new Map(), error };
  }
};

const readMsg = (buf: Buffer, requestId: number): Message => {
  const flags = buf.readUInt32LE(headerSize);
  if ((flags & 0xfffc) !== 0) throw new RangeError('OP_MSG: unknown required flag');
  const end = buf.length - ((flags & 1) !== 0 ? 4 : 0);
  return { requestId, isLegacy: false, isSilent: (flags & 2) !== 0, ...readable(buf, end) };
};

const readQuery = (buf: Buffer, requestId: number): Message => {
  const body = checkedDocument(buf, afterText(buf, headerSize + 4) + 8, buf.length);
  return { requestId, isLegacy: true, isSilent: false, body, sequences: new Map() };
};

/** Reads one whole message; throws a RangeError for what is not one. */
export const readMessage = (buf: Buffer): Message => {
  const requestId = buf.readInt32LE(4);
  const code = buf.readInt32LE(12);
  if (code === opMsg) return readMsg(buf, requestId);
  if (code === opQuery) return readQuery(buf, requestId);
  throw new RangeError(`unknown opcode ${code}`);
};

let lastRequestId = 0;

const header = (size: number, responseTo: number, code: number): Buffer => {
  const buf = Buffer.alloc(size);
  lastRequestId = (lastRequestId + 1) & 0x7fffffff;
  buf.writeInt32LE(lastRequestId, 4);
  buf.writeInt32LE(responseTo, 8);
  buf.writeInt32LE(code, 12);
  return buf;
};

/** Frames a reply to a message. */
export const frameReply = (message: Message, fields: { readonly [name: string]: Writable }): Buffer => {
  const body = encode(fields);
  const head = message.isLegacy
    ? header(headerSize + 20, message.requestId, opReply)
    : header(headerSize + 5, message.requestId, opMsg);
  if (message.isLegacy) {
    head.writeInt32LE(8, headerSize);
    head.writeInt32LE(1, headerSize + 16);
  }
  head.writeInt32LE(head.length + body.length, 0);
  return Buffer.concat([head, body]);
};
