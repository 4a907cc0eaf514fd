import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOMBSTONE } from './event-frame.ts';
import { scanSegment } from './scan.ts';
import { listSegments, missingSegment, segmentName } from './segment.ts';
import { knownEnd } from './sidecar.ts';
import { StoredEvent } from './stored-event.ts';

/** The first place where a log is not as it was written. */
interface Damage {
  /** The segment's file name. */
  segment: string;
  /** The offset in that file. */
  offset: number;
  reason: string;
}

export interface Verification {
  segments: number;
  events: number;
  streams: number;
  /** Where the log is damaged, if it is; what stands behind is not counted. */
  damage: Damage | undefined;
  /** Bytes at the end of the last segment that belong to a write still under way, or to one that a crash cut short. */
  unfinishedBytes: number;
}

/**
 * Checks the event store in `dir`, which may be running: every record against its checksum, every event's position,
 * and that each stream's revisions run from 0 without a gap. `onBytes` is told how much more has been checked.
 */
export async function verify(dir: string, onBytes: (bytes: number) => void = () => {}): Promise<Verification> {
  const result: Verification = { segments: 0, events: 0, streams: 0, damage: undefined, unfinishedBytes: 0 };
  const revisions = new Map<string, number>();
  const bases = listSegments(dir);
  const missing = missingSegment(dir);
  let end = 0;
  for (const base of bases) {
    result.damage =
      base === end ? undefined : { segment: segmentName(base), offset: 0, reason: `the log before it ends at ${end}` };
    if (result.damage === undefined) end = verifySegment(dir, base, base === bases.at(-1), revisions, result);
    result.streams = revisions.size;
    if (result.damage !== undefined) return result;
    onBytes(end - base);
  }
  if (missing !== undefined)
    result.damage = { segment: segmentName(missing), offset: 0, reason: 'the file is missing' };
  return result;
}

function verifySegment(
  dir: string,
  base: number,
  isLast: boolean,
  revisions: Map<string, number>,
  result: Verification,
): number {
  const segment = segmentName(base);
  const known = knownEnd(dir, base);
  const bytes = readFileSync(join(dir, segment));
  const found = scanSegment(bytes, base, (frame, position) => {
    const reason = result.damage === undefined ? faultOf(new StoredEvent(frame), position, revisions) : undefined;
    if (reason !== undefined) result.damage = { segment, offset: position - base, reason };
    if (result.damage === undefined) result.events++;
  });
  result.segments++;
  if (result.damage !== undefined) return base;
  if (found.state === 'unfinished' && isLast && !found.hasMoreBehind) result.unfinishedBytes = bytes.length - found.end;
  else if (found.state !== 'whole') result.damage = { segment, offset: found.end, reason: 'the checksum does not fit' };
  if (result.damage === undefined && base + found.end < known)
    result.damage = { segment, offset: found.end, reason: `its index knows of events up to offset ${known - base}` };
  return base + found.end;
}

/** What is wrong with an event, given the revisions of the streams so far. */
function faultOf(event: StoredEvent, position: number, revisions: Map<string, number>): string | undefined {
  const { stream } = event;
  const expected = (revisions.get(stream) ?? -1) + 1;
  revisions.set(stream, event.revision);
  if (event.position !== position) return `an event of position ${event.position} stands here`;
  if (event.revision === expected || (event.revision === TOMBSTONE && expected <= TOMBSTONE)) return undefined;
  return `revision ${event.revision} of stream ${stream} where ${expected} belongs`;
}
