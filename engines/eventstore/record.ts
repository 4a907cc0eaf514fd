import { crc32 } from 'node:zlib';

/**
 * A batch record: what one group commit writes.
 *
 *     magic u32 | payload length u32 | crc u32 | events u32 | payload: complete gRPC frames, back to back
 *
 * Little-endian. The crc covers the record's own position in the log, the length, the count and the payload, so that
 * a record is only valid where it was written.
 */
export const RECORD_HEADER = 16;
const MAGIC = Buffer.from('ESB1');

/** Fills in the header at the start of `record`, whose payload holds `events` frames and stands at `position`. */
export function sealRecord(record: Buffer, position: number, events: number): void {
  MAGIC.copy(record);
  record.writeUInt32LE(record.length - RECORD_HEADER, 4);
  record.writeUInt32LE(events, 12);
  record.writeUInt32LE(checksum(record, position), 8);
}

function checksum(record: Buffer, position: number): number {
  const head = Buffer.allocUnsafe(16);
  head.writeDoubleLE(position, 0);
  record.copy(head, 8, 4, 8);
  record.copy(head, 12, 12, 16);
  return crc32(record.subarray(RECORD_HEADER), crc32(head));
}

/** What stands at one place of a segment: a record, nothing more, the beginning of one, or something else. */
export type RecordAt = { is: 'record'; bytes: Buffer; events: number } | { is: 'end' | 'unfinished' | 'damaged' };

/** Looks at offset `at` of `segment` (its bytes as read), whose first byte is position `base` of the log. */
export function recordAt(segment: Buffer, at: number, base: number): RecordAt {
  const left = segment.length - at;
  if (left === 0) return { is: 'end' };
  const start = segment.subarray(at, at + 4);
  if (!MAGIC.subarray(0, start.length).equals(start)) return { is: 'damaged' };
  if (left < RECORD_HEADER || segment.readUInt32LE(at + 4) > left - RECORD_HEADER) return { is: 'unfinished' };
  const bytes = segment.subarray(at, at + RECORD_HEADER + segment.readUInt32LE(at + 4));
  if (bytes.readUInt32LE(8) !== checksum(bytes, base + at)) return { is: 'damaged' };
  return { is: 'record', bytes, events: bytes.readUInt32LE(12) };
}

/** The offset of the first valid record behind `at`, or -1: tells damage in the middle from a torn end. */
export function nextRecord(segment: Buffer, at: number, base: number): number {
  for (let next = segment.indexOf(MAGIC, at + 1); next !== -1; next = segment.indexOf(MAGIC, next + 1)) {
    if (recordAt(segment, next, base).is === 'record') return next;
  }
  return -1;
}

/** The frames of a record's payload, each a complete gRPC message. */
export function* framesOf(record: Buffer): Generator<Buffer> {
  for (let at = RECORD_HEADER; at < record.length; ) {
    const end = at + 5 + record.readUInt32BE(at + 1);
    yield record.subarray(at, end);
    at = end;
  }
}
