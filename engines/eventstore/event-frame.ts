import { bytesField, messageField, varintSize, writeVarint } from './wire-fields.ts';

/** An event somebody wants to append. */
export interface NewEvent {
  id: string;
  type: string;
  isJson: boolean;
  metadata: Buffer;
  data: Buffer;
}

/** Where and when an event is written; kept apart from the event, as a copy of both in one would cost most of an append. */
export interface Place {
  /** The stream's name in UTF-8. */
  stream: Buffer;
  revision: number;
  /** Byte offset of the frame in the log: both commit and prepare position. */
  position: number;
  /** Milliseconds since 1970. */
  createdAt: number;
}

/** The revision of the event that ends a stream for good: 2^63 - 1, here as the nearest double. */
export const TOMBSTONE = 2 ** 63;

/** Length of gRPC's prefix of a message: a compression flag and the length in four bytes. */
export const PREFIX = 5;

const UUID_FIELD = Buffer.from([0x0a, 38, 0x12, 36]);
const TOMBSTONE_VARINT = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
export const JSON_FIELD = mapEntry('content-type', 'application/json');
const BINARY_FIELD = mapEntry('content-type', 'application/octet-stream');
const typeFields = new Map<string, Buffer>();
let createdField = { at: 0, bytes: mapEntry('created', '0') };

function mapEntry(key: string, value: string): Buffer {
  return messageField(6, bytesField(1, key), bytesField(2, value));
}

function typeField(type: string): Buffer {
  const known = typeFields.get(type);
  if (known !== undefined) return known;
  const bytes = mapEntry('type', type);
  if (typeFields.size < 10_000) typeFields.set(type, bytes);
  return bytes;
}

/** `created` counts ticks of 100 ns since 1970. */
function createdFieldOf(at: number): Buffer {
  if (createdField.at !== at) createdField = { at, bytes: mapEntry('created', `${at}0000`) };
  return createdField.bytes;
}

function delimited(length: number): number {
  return length === 0 ? 0 : 1 + varintSize(length) + length;
}

/** An upper bound of the bytes `writeFrame` takes, whatever the revision and the position. */
export function frameBound(event: NewEvent, stream: Buffer): number {
  return 250 + stream.length + 3 * event.type.length + event.metadata.length + event.data.length;
}

/** Writes a complete gRPC message `ReadResp{event}` into `target` at `start` and returns the offset behind it. */
export function writeFrame(target: Buffer, start: number, event: NewEvent, place: Place): number {
  const { stream, revision, position, createdAt } = place;
  const headers = [typeField(event.type), event.isJson ? JSON_FIELD : BINARY_FIELD, createdFieldOf(createdAt)] as const;
  const isTombstone = revision === TOMBSTONE;
  const revisionSize = isTombstone ? TOMBSTONE_VARINT.length : varintSize(revision);
  const positionSize = varintSize(position);
  const identifier = delimited(stream.length);
  const recorded =
    40 +
    delimited(identifier) +
    (1 + revisionSize) +
    2 * (1 + positionSize) +
    (headers[0].length + headers[1].length + headers[2].length) +
    delimited(event.metadata.length) +
    delimited(event.data.length);
  const readEvent = 1 + varintSize(recorded) + recorded + 1 + positionSize;
  const message = 1 + varintSize(readEvent) + readEvent;

  let at = target.writeUInt8(0, start);
  at = target.writeUInt32BE(message, at);
  at = writeTagged(target, at, 0x0a, readEvent);
  at = writeTagged(target, at, 0x0a, recorded);
  at += UUID_FIELD.copy(target, at);
  at += target.write(event.id, at, 36, 'latin1');
  at = writeTagged(target, at, 0x12, identifier);
  at = writeBytes(target, at, 0x1a, stream);
  if (isTombstone) {
    target[at++] = 0x18;
    at += TOMBSTONE_VARINT.copy(target, at);
  } else at = writeTagged(target, at, 0x18, revision);
  at = writeTagged(target, at, 0x20, position);
  at = writeTagged(target, at, 0x28, position);
  for (const header of headers) at += header.copy(target, at);
  at = writeBytes(target, at, 0x3a, event.metadata);
  at = writeBytes(target, at, 0x42, event.data);
  return writeTagged(target, at, 0x18, position);
}

function writeTagged(target: Buffer, at: number, tag: number, value: number): number {
  target[at] = tag;
  return writeVarint(target, at + 1, value);
}

function writeBytes(target: Buffer, at: number, tag: number, bytes: Buffer): number {
  if (bytes.length === 0) return at;
  const next = writeTagged(target, at, tag, bytes.length);
  return next + bytes.copy(target, next);
}
