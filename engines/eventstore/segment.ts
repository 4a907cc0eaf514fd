import { closeSync, constants, fsyncSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** Every segment starts with this many bytes of its own, so that no event ever stands at position 0. */
export const SEGMENT_HEADER = 64;
const MAGIC = Buffer.from('EVTSEG01');

/** One file of the log: the bytes from position `base` to `end`. */
export interface Segment {
  base: number;
  end: number;
  fd: number;
  path: string;
  /** Whether its records are known to be whole; one that was opened by its index is checked before it is first read. */
  isChecked: boolean;
}

/** `000000000000.seg`: named for the position of its first byte, so that names sort as positions do. */
export function segmentName(base: number): string {
  return `${String(base).padStart(16, '0')}.seg`;
}

/** The positions at which the segments in `dir` start, in order. */
export function listSegments(dir: string): number[] {
  return basesIn(readdirSync(dir), /^\d{16}\.seg$/);
}

/** The first segment of the log in `dir` that is not there, although a later one is, or its own index. */
export function missingSegment(dir: string): number | undefined {
  const names = readdirSync(dir);
  const segments = new Set(basesIn(names, /^\d{16}\.seg$/));
  const known = basesIn(names, /^\d{16}\.(seg|idx)$/);
  return (known.length === 0 ? [] : [0, ...known]).find((base) => !segments.has(base));
}

function basesIn(names: readonly string[], shape: RegExp): number[] {
  const bases = names.filter((name) => shape.test(name)).map((name) => Number.parseInt(name, 10));
  return bases.sort((a, b) => a - b);
}

/** Which of `segments` (in order, from position 0) holds `position`. */
export function segmentAt(segments: readonly Segment[], position: number): Segment {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (segments[middle]!.base <= position) low = middle;
    else high = middle - 1;
  }
  return segments[low]!;
}

/** Opens a segment for reading and durable writing: a write has reached the disk when it returns. */
export function openSegment(dir: string, base: number, end: number, isChecked: boolean): Segment {
  const path = join(dir, segmentName(base));
  return { base, end, path, isChecked, fd: openSync(path, constants.O_RDWR | constants.O_DSYNC) };
}

/** Creates the segment that starts at `base`, durably, and opens it. */
export function createSegment(dir: string, base: number): Segment {
  const path = join(dir, segmentName(base));
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC, 0o600);
  writeSync(fd, segmentHeader(base), 0, SEGMENT_HEADER, 0);
  fsyncSync(fd);
  syncDirectory(dir);
  return { base, end: base + SEGMENT_HEADER, path, isChecked: true, fd };
}

function segmentHeader(base: number): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER);
  MAGIC.copy(header);
  header.writeBigUInt64LE(BigInt(base), 8);
  header.writeUInt32LE(crc32(header.subarray(0, 16)), 16);
  return header;
}

/** Whether `bytes`, a segment's content, starts with the header of the segment at `base`. */
export function hasSegmentHeader(bytes: Buffer, base: number): boolean {
  return bytes.subarray(0, SEGMENT_HEADER).equals(segmentHeader(base));
}

/** Makes the names in `dir` durable: a new file is only there after its directory was synced. */
export function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

/** `length` bytes of the file `fd` from `offset`; throws if it is shorter. */
export function readExactly(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let read = 0;
  while (read < length) {
    const count = readSync(fd, bytes, read, length - read, offset + read);
    if (count === 0) throw new Error(`the file ends at ${offset + read}, ${length - read} bytes too early`);
    read += count;
  }
  return bytes;
}
