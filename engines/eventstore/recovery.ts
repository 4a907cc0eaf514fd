import { closeSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { scanSegment } from './scan.ts';
import { createSegment, listSegments, openSegment, type Segment, segmentName } from './segment.ts';
import { dropSidecar, readSidecar, type Sidecar } from './sidecar.ts';

/** The log cannot be opened without losing acknowledged events; says where it is damaged and what to do. */
export class DamagedLog extends Error {}

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
  if (bases.length === 0) return [createSegment(dir, 0)];
  return bases.map((base, place) => {
    const next = bases[place + 1];
    const end = recoverSegment(dir, base, next === undefined, visitor);
    if (next !== undefined && next !== end) throw damaged(base, end - base, `the next segment starts at ${next}`);
    return openSegment(dir, base, end);
  });
}

function recoverSegment(dir: string, base: number, isLast: boolean, visitor: RecoveryVisitor): number {
  const path = join(dir, segmentName(base));
  const { size } = statSync(path);
  const sidecar = readSidecar(dir, base, base + size);
  if (sidecar !== undefined) visitor.onSidecar(sidecar);
  if (!isLast && sidecar?.end === base + size) return sidecar.end;
  const indexed = sidecar?.end ?? base;
  const found = scanSegment(readFileSync(path), base, (frame, position) => {
    if (position >= indexed) visitor.onFrame(frame, position);
  });
  if (found.state === 'whole') return base + found.end;
  const isTorn = isLast && !found.hasMoreBehind && base + found.end >= indexed;
  if (!isTorn) throw damaged(base, found.end, found.hasMoreBehind ? 'intact records follow' : 'a record is broken');
  visitor.onCut(segmentName(base), found.end, size - found.end);
  if (found.end === 0) return recreate(dir, base);
  if (sidecar === undefined) dropSidecar(dir, base);
  truncateSync(path, found.end);
  return base + found.end;
}

/** A process died while it created this segment: nothing was ever written there. */
function recreate(dir: string, base: number): number {
  const { fd, end } = createSegment(dir, base);
  closeSync(fd);
  return end;
}

function damaged(base: number, offset: number, reason: string): DamagedLog {
  const place = `${segmentName(base)} is damaged at offset ${offset}: ${reason}`;
  return new DamagedLog(`${place}. Restore a backup; opening it as it is would lose acknowledged events.`);
}
