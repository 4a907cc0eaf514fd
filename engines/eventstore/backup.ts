import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { scanSegment } from './scan.ts';
import { listSegments, missingSegment, SEGMENT_HEADER, segmentName, syncDirectory } from './segment.ts';
import { knownEnd, sidecarPath } from './sidecar.ts';

/** What a backup holds. `end` is the position behind its last event. */
export interface Backup {
  segments: number;
  events: number;
  end: number;
}

/**
 * Copies the event store in `dir`, which may be running, to `target`: every event that was durable when the copy
 * began, and nothing half-written. The copy is an event store directory of its own. `onBytes` is told how much more
 * has been copied.
 *
 * Throws if `target` exists and is not empty, or if what it copies is damaged; `target` then does not appear.
 */
export async function backup(
  dir: string,
  target: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<Backup> {
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new Error(`${target} is not empty; name a new directory.`);
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  try {
    const result = copySegments(dir, partial, onBytes);
    syncDirectory(partial);
    if (existsSync(target)) rmdirSync(target);
    renameSync(partial, target);
    syncDirectory(dirname(target));
    return result;
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

function copySegments(dir: string, target: string, onBytes: (bytes: number) => void): Backup {
  const bases = listSegments(dir);
  if (bases.length === 0) throw new Error(`${dir} holds no event store.`);
  const missing = missingSegment(dir);
  if (missing !== undefined) throw new Error(`${dir} lacks ${segmentName(missing)}; restore an older backup.`);
  const copy: Backup = { segments: 0, events: 0, end: 0 };
  for (const base of bases) {
    if (base !== copy.end) throw new Error(`${dir} has a gap: ${segmentName(base)} should start at ${copy.end}.`);
    copySegment(dir, target, base, base === bases.at(-1), copy);
    onBytes(copy.end - base);
  }
  return copy;
}

function copySegment(dir: string, target: string, base: number, isLast: boolean, copy: Backup): void {
  const path = join(target, segmentName(base));
  const known = knownEnd(dir, base);
  copyFileSync(join(dir, segmentName(base)), path);
  const bytes = readFileSync(path);
  const { end, state, hasMoreBehind } = scanSegment(bytes, base, () => copy.events++);
  if (hasMoreBehind || (state !== 'whole' && !isLast) || base + end < known)
    throw new Error(`${segmentName(base)} is damaged at offset ${end}; restore an older backup.`);
  if (end < SEGMENT_HEADER) {
    rmSync(path);
    return;
  }
  truncateSync(path, end);
  sync(path);
  copy.segments++;
  copy.end = base + end;
  if (!isLast && existsSync(sidecarPath(dir, base))) copyFileSync(sidecarPath(dir, base), sidecarPath(target, base));
}

function sync(path: string): void {
  const fd = openSync(path, 'r+');
  fsyncSync(fd);
  closeSync(fd);
}
