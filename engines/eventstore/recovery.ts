import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { scanSegment } from './scan.ts';
import { createSegment, listSegments, missingSegment, openSegment, type Segment, segmentName } from './segment.ts';
import { dropSidecar, readSidecar, type Sidecar } from './sidecar.ts';

/** The log cannot be used without losing acknowledged events; says where it is damaged and what to do. */
export class DamagedLog extends Error {
  /** `problem` says what is wrong with the segment at `base`. */
  constructor(base: number, problem: string) {
    super(`${segmentName(base)} ${problem}. Restore a backup; going on without would lose acknowledged events.`);
  }
}

/** What recovery finds, in log order. */
export interface RecoveryVisitor {
  /** A segment's index, read from its sidecar. */
  onSidecar(sidecar: Sidecar): void;
  /** One event found by reading: the gRPC message and the position where it stands. */
  onFrame(frame: Buffer, position: number): void;
  /** The last segment ended in something that was never acknowledged; it was cut off. */
  onCut(segment: string, offset: number, bytes: number): void;
}

/**
 * Opens the log in `dir`, which may be empty, and tells `visitor` every event in it.
 *
 * A torn end of the last segment is cut off: it was being written when the process died, so nobody was told that it
 * is there. Damage anywhere else throws DamagedLog.
 */
export function recover(dir: string, visitor: RecoveryVisitor): Segment[] {
  const bases = listSegments(dir);
  const missing = missingSegment(dir);
  if (missing !== undefined) throw new DamagedLog(missing, 'is missing');
  if (bases.length === 0) return [createSegment(dir, 0)];
  return bases.map((base, place) => {
    const next = bases[place + 1];
    const segment = recoverSegment(dir, base, next === undefined, visitor);
    if (next !== undefined && next !== segment.end)
      throw damaged(base, segment.end - base, `the next segment starts at ${next}`);
    return segment;
  });
}

function recoverSegment(dir: string, base: number, isLast: boolean, visitor: RecoveryVisitor): Segment {
  const sidecar = readSidecar(dir, base);
  const indexed = sidecar?.end ?? base;
  const { size } = statSync(join(dir, segmentName(base)));
  if (indexed > base + size) throw damaged(base, size, `its index knows of events up to offset ${indexed - base}`);
  if (sidecar !== undefined) visitor.onSidecar(sidecar);
  const isByIndex = !isLast && sidecar?.end === base + size;
  const end = isByIndex ? sidecar.end : recoverByReading(dir, base, indexed, isLast, visitor);
  if (end === base) return createSegment(dir, base);
  if (end < base + size && sidecar === undefined) dropSidecar(dir, base);
  return openSegment(dir, base, end, !isByIndex);
}

/** Reads a segment, whose events before position `indexed` are known, and cuts off a torn end; gives where it ends. */
function recoverByReading(
  dir: string,
  base: number,
  indexed: number,
  isLast: boolean,
  visitor: RecoveryVisitor,
): number {
  const path = join(dir, segmentName(base));
  const bytes = readFileSync(path);
  const found = scanSegment(bytes, base, (frame, position) => {
    if (position >= indexed) visitor.onFrame(frame, position);
  });
  if (found.state === 'whole') return base + found.end;
  const isTorn = isLast && !found.hasMoreBehind && base + found.end >= indexed;
  if (!isTorn) throw damaged(base, found.end, found.hasMoreBehind ? 'intact records follow' : 'a record is broken');
  visitor.onCut(segmentName(base), found.end, bytes.length - found.end);
  truncateSync(path, found.end);
  return base + found.end;
}

/** Throws DamagedLog unless every record of a segment is whole. */
export function checkSegment({ path, base, end }: Segment): void {
  const found = scanSegment(readFileSync(path), base, () => {});
  if (found.state !== 'whole' || base + found.end !== end) throw damaged(base, found.end, 'a record is broken');
}

function damaged(base: number, offset: number, reason: string): DamagedLog {
  return new DamagedLog(base, `is damaged at offset ${offset}: ${reason}`);
}
