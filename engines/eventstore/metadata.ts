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

/** Reads stream metadata; what is not JSON, or not a whole number where one belongs, hides nothing. */
export function parseTruncation(json: Buffer): Truncation {
  const metadata = parseObject(json);
  return {
    before: wholeNumber(metadata.$tb) ?? NO_TRUNCATION.before,
    maxCount: wholeNumber(metadata.$maxCount) ?? NO_TRUNCATION.maxCount,
    maxAge: (wholeNumber(metadata.$maxAge) ?? NO_TRUNCATION.maxAge) * 1000,
  };
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function parseObject(json: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/** The metadata `json` with `$tb` set: to a revision, or so that the stream counts as deleted. */
export function withTruncateBefore(json: Buffer, before: number | 'deleted'): Buffer {
  const { $tb: _, ...rest } = parseObject(json);
  const others = JSON.stringify(rest).slice(1, -1);
  const own = `"$tb":${before === 'deleted' ? DELETED : before}`;
  return Buffer.from(`{${others === '' ? own : `${others},${own}`}}`);
}
