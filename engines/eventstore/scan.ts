import { framesOf, nextRecord, RECORD_HEADER, recordAt } from './record.ts';
import { hasSegmentHeader, SEGMENT_HEADER } from './segment.ts';

/** How the bytes of a segment end: with its last record, in one that was being written, or in damage. */
export interface ScanResult {
  /** The offset behind the last good record. */
  end: number;
  state: 'whole' | 'unfinished' | 'damaged';
  /** Whether good records stand behind the bad one, so that the bad one cannot be a torn end. */
  hasMoreBehind: boolean;
}

/** Reads the bytes of the segment at `base`; `onFrame` gets every event's gRPC message and its position. */
export function scanSegment(
  bytes: Buffer,
  base: number,
  onFrame: (frame: Buffer, position: number) => void,
): ScanResult {
  if (!hasSegmentHeader(bytes, base)) {
    const isUnfinished = bytes.length < SEGMENT_HEADER;
    return { end: 0, state: isUnfinished ? 'unfinished' : 'damaged', hasMoreBehind: !isUnfinished };
  }
  let at = SEGMENT_HEADER;
  let found = recordAt(bytes, at, base);
  for (; found.is === 'record'; found = recordAt(bytes, at, base)) {
    let position = base + at + RECORD_HEADER;
    for (const frame of framesOf(found.bytes)) {
      onFrame(frame, position);
      position += frame.length;
    }
    at += found.bytes.length;
  }
  const state = found.is === 'end' ? 'whole' : found.is;
  return { end: at, state, hasMoreBehind: state !== 'whole' && nextRecord(bytes, at, base) !== -1 };
}
