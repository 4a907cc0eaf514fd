import { existsSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Columns, EventIndex } from './event-index.ts';
import { segmentName } from './segment.ts';
import type { NameTable, StreamTable } from './stream-table.ts';

/**
 * The index of one segment beside it, so that opening need not read the events.
 *
 *     magic 8 bytes | crc32 of the rest u32 | length of the heading u32 | heading: JSON, padded with blanks to 8 bytes
 *     | position f64[n] | created f64[n] | length u32[n] | stream u32[n] | type u32[n] | hash of the id u32[n]
 *
 * Streams and types are numbered by their place in the heading. It holds the events before position `end`; whatever
 * follows in the segment must be read. A sidecar can always be thrown away.
 */
interface Heading {
  base: number;
  end: number;
  count: number;
  streams: string[];
  types: string[];
  /** Which of the events, by place, ended their stream. */
  tombstones: number[];
}

const MAGIC = Buffer.from('EVTIDX01');
const PREFIX = 16;
const BYTES_PER_EVENT = 32;

/** The sidecar's path of the segment at `base`. */
export function sidecarPath(dir: string, base: number): string {
  return join(dir, segmentName(base).replace('.seg', '.idx'));
}

/** What the index must offer to be written down. */
export interface Indexed {
  index: EventIndex;
  streams: StreamTable;
  types: NameTable;
}

/** The sidecar of the events `from` (inclusive) to `to` (exclusive), which stand between positions `base` and `end`. */
export function encodeSidecar(indexed: Indexed, base: number, end: number, from: number, to: number): Buffer {
  const { index } = indexed;
  const streams = localNames(index.stream.subarray(from, to), indexed.streams.names);
  const types = localNames(index.type.subarray(from, to), indexed.types.names);
  const tombstones = indexed.streams.tombstonesBetween(from, to).map((seq) => seq - from);
  const heading: Heading = { base, end, count: to - from, streams: streams.names, types: types.names, tombstones };
  const text = Buffer.from(JSON.stringify(heading));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const columns = [index.position, index.createdAt, index.length].map((column) => bytesOf(column.subarray(from, to)));
  columns.push(bytesOf(streams.numbers), bytesOf(types.numbers), bytesOf(index.idHash.subarray(from, to)));
  const prefix = Buffer.alloc(PREFIX);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(padded.length, 12);
  const sidecar = Buffer.concat([prefix, padded, ...columns]);
  sidecar.writeUInt32LE(crc32(sidecar.subarray(12)), 8);
  return sidecar;
}

function bytesOf(column: Float64Array | Uint32Array): Buffer {
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength);
}

/** Renumbers `numbers` by first appearance, with the names in that order. */
function localNames(numbers: Uint32Array, names: readonly string[]): { numbers: Uint32Array; names: string[] } {
  const local = new Map<number, number>();
  const renumbered = numbers.map((number) => {
    const known = local.get(number) ?? local.size;
    local.set(number, known);
    return known;
  });
  return { numbers: renumbered, names: [...local.keys()].map((number) => names[number]!) };
}

/** Puts a sidecar beside the segment at `base`, whole or not at all. */
export async function writeSidecar(dir: string, base: number, sidecar: Buffer): Promise<void> {
  const path = sidecarPath(dir, base);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(sidecar);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** A sidecar's content: where it ends, and what it knows of its events once names are numbered. */
export interface Sidecar {
  end: number;
  read(streams: StreamTable, types: NameTable): { columns: Columns; tombstones: readonly number[] };
}

/** The sidecar of the segment at `base`, unless it is missing or broken. */
export function readSidecar(dir: string, base: number): Sidecar | undefined {
  const path = sidecarPath(dir, base);
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  if (bytes.length < PREFIX || !bytes.subarray(0, 8).equals(MAGIC)) return undefined;
  if (bytes.readUInt32LE(8) !== crc32(bytes.subarray(12))) return undefined;
  const body = PREFIX + bytes.readUInt32LE(12);
  const heading = JSON.parse(bytes.toString('utf8', PREFIX, body)) as Heading;
  if (heading.base !== base) return undefined;
  return { end: heading.end, read: (streams, types) => contentOf(heading, bytes.subarray(body), streams, types) };
}

/** The position up to which the segment at `base` must hold events, as far as its sidecar knows. */
export function knownEnd(dir: string, base: number): number {
  return readSidecar(dir, base)?.end ?? base;
}

function contentOf(heading: Heading, bytes: Buffer, streams: StreamTable, types: NameTable) {
  const { count, tombstones } = heading;
  const body = new Uint8Array(BYTES_PER_EVENT * count);
  body.set(bytes);
  const large = (place: number) => new Float64Array(body.buffer, 8 * place * count, count);
  const small = (place: number) => new Uint32Array(body.buffer, (16 + 4 * place) * count, count);
  const streamNumbers = heading.streams.map((name) => streams.add(name));
  const typeNumbers = heading.types.map((name) => types.add(name));
  const columns: Columns = {
    position: large(0),
    createdAt: large(1),
    length: small(0),
    stream: small(1).map((local) => streamNumbers[local]!),
    type: small(2).map((local) => typeNumbers[local]!),
    idHash: small(3),
  };
  return { columns, tombstones };
}

/** Throws the sidecar away, if there is one. */
export function dropSidecar(dir: string, base: number): void {
  rmSync(sidecarPath(dir, base), { force: true });
}
