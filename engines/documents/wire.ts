import { encode } from './bson/build.ts';
import { assertDocument } from './bson/validate.ts';
import { afterText, documentAt, type Value } from './bson/value.ts';
import type { Writable } from './bson/writer.ts';
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

const readSections = (buf: Buffer, from: number, to: number): Pick<Message, 'body' | 'sequences'> => {
  let body: Value | undefined;
  const sequences = new Map<string, Value[]>();
  for (let at = from; at < to; ) {
    const kind = buf[at]!;
    if (kind > 1) throw new RangeError(`OP_MSG: unknown section kind ${kind}`);
    const end = at + 1 + buf.readInt32LE(at + 1);
    if (end < at + 6 || end > to) throw new RangeError('OP_MSG: section beyond its message');
    if (kind === 0) body = checkedDocument(buf, at + 1, end);
    else {
      const { name, docs } = readSequence(buf, at + 5, end);
      sequences.set(name, docs);
    }
    at = end;
  }
  if (!body) throw new RangeError('OP_MSG: no body');
  return { body, sequences };
};

const noDocument = documentAt(encode({}));

/** The documents of a message, or what is wrong with them. */
const readable = (buf: Buffer, end: number): Pick<Message, 'body' | 'sequences' | 'error'> => {
  try {
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
