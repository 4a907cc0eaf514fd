import { bytesField, messageField, varintSize, writeVarint } from './wire.ts';

/** One event as it is written: everything a reader will get, and where it stands. */
export interface EventFrame {
  id: string;
  /** The stream's name in UTF-8. */
  stream: Buffer;
  revision: number;
  /** Byte offset of the frame in the log: both commit and prepare position. */
  position: number;
  /** Milliseconds since 1970. */
  createdAt: number;
  type: string;
  isJson: boolean;
  metadata: Buffer;
  data: Buffer;
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
export function frameBound(event: Pick<EventFrame, 'type' | 'metadata' | 'data'>, stream: Buffer): number {
  return 250 + stream.length + 3 * event.type.length + event.metadata.length + event.data.length;
}

/** Writes a complete gRPC message `ReadResp{event}` into `target` at `start` and returns the offset behind it. */
export function writeFrame(target: Buffer, start: number, frame: EventFrame): number {
  const headers = [
    typeField(frame.type),
    frame.isJson ? JSON_FIELD : BINARY_FIELD,
    createdFieldOf(frame.createdAt),
  ] as const;
  const isTombstone = frame.revision === TOMBSTONE;
  const revisionSize = isTombstone ? TOMBSTONE_VARINT.length : varintSize(frame.revision);
  const positionSize = varintSize(frame.position);
  const identifier = delimited(frame.stream.length);
  const recorded =
    40 +
    delimited(identifier) +
    (1 + revisionSize) +
    2 * (1 + positionSize) +
    (headers[0].length + headers[1].length + headers[2].length) +
    delimited(frame.metadata.length) +
    delimited(frame.data.length);
  const event = 1 + varintSize(recorded) + recorded + 1 + positionSize;
  const message = 1 + varintSize(event) + event;

  let at = target.writeUInt8(0, start);
  at = target.writeUInt32BE(message, at);
  at = writeTagged(target, at, 0x0a, event);
  at = writeTagged(target, at, 0x0a, recorded);
  at += UUID_FIELD.copy(target, at);
  at += target.write(frame.id, at, 36, 'latin1');
  at = writeTagged(target, at, 0x12, identifier);
  at = writeBytes(target, at, 0x1a, frame.stream);
  if (isTombstone) {
    target[at++] = 0x18;
    at += TOMBSTONE_VARINT.copy(target, at);
  } else at = writeTagged(target, at, 0x18, frame.revision);
  at = writeTagged(target, at, 0x20, frame.position);
  at = writeTagged(target, at, 0x28, frame.position);
  for (const header of headers) at += header.copy(target, at);
  at = writeBytes(target, at, 0x3a, frame.metadata);
  at = writeBytes(target, at, 0x42, frame.data);
  return writeTagged(target, at, 0x18, frame.position);
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
