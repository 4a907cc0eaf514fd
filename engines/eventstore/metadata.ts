/** What a stream's metadata hides from its readers. */
export interface Truncation {
  /** `$tb`: revisions below are gone. */
  before: number;
  /** `$maxCount`: only this many of the newest events are left. */
  maxCount: number;
  /** `$maxAge` in milliseconds: older events are gone. */
  maxAge: number;
}

export const NO_TRUNCATION: Truncation = {
  before: 0,
  maxCount: Number.POSITIVE_INFINITY,
  maxAge: Number.POSITIVE_INFINITY,
};

/** A metastream shows its newest event only. */
export const METASTREAM_TRUNCATION: Truncation = { ...NO_TRUNCATION, maxCount: 1 };

/** `$tb` of a deleted stream that may come back: 2^63 - 1, which JSON can carry but a double cannot. */
const DELETED = '9223372036854775807';

/** The metadata of a stream that was deleted and may come back; what it had before is gone. */
export const DELETED_METADATA = Buffer.from(`{"$tb":${DELETED}}`);

/** Whether the stream was deleted (and may come back). */
export function isSoftDeleted(truncation: Truncation): boolean {
  return truncation.before >= Number(DELETED);
}

export function isMetastream(name: string): boolean {
  return name.startsWith('$$');
}

/** The name of the stream that holds the metadata of stream `name`. */
export function metastreamOf(name: string): string {
  return `$$${name}`;
}

/** The stream whose fate `name` shares: itself, or the one it is the metastream of. */
export function originalOf(name: string): string {
  return isMetastream(name) ? name.slice(2) : name;
}

/**
 * Reads stream metadata. A limit of nothing is none; metadata that is not JSON, or has anything but a whole number where
 * one belongs, hides nothing at all.
 */
export function parseTruncation(json: Buffer): Truncation {
  const { $tb = 0, $maxCount = 0, $maxAge = 0 } = parseObject(json);
  if (!isWhole($tb) || !isWhole($maxCount) || !isWhole($maxAge)) return NO_TRUNCATION;
  return {
    before: Math.max($tb, NO_TRUNCATION.before),
    maxCount: $maxCount > 0 ? $maxCount : NO_TRUNCATION.maxCount,
    maxAge: $maxAge > 0 ? $maxAge * 1000 : NO_TRUNCATION.maxAge,
  };
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

function parseObject(json: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/** The metadata `json` with `$tb` set to a revision. */
export function withTruncateBefore(json: Buffer, before: number): Buffer {
  return Buffer.from(JSON.stringify({ ...parseObject(json), $tb: before }));
}
