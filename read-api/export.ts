import { Readable } from 'node:stream';
import type { Answer } from '../http/route.ts';

type Row = Readonly<Record<string, unknown>>;
/** A column's heading, and where its value is in a row, e.g. `customer.waId`. */
export type Columns = Readonly<Record<string, string>>;

const chunkLength = 16_384;

/** The whole list as a stream, in the form the client prefers; `null` when it prefers JSON pages. */
export const exportOf = (accept: string | undefined, columns: Columns) => {
  if (accept?.includes('text/csv'))
    return (rows: AsyncIterable<Row>, position: bigint) =>
      streamed('text/csv; charset=utf-8', csv(rows, columns), position);
  if (accept?.includes('application/x-ndjson'))
    return (rows: AsyncIterable<Row>, position: bigint) => streamed('application/x-ndjson', ndjson(rows), position);
  return null;
};

const streamed = (type: string, lines: AsyncIterable<string>, position: bigint): Answer => ({
  headers: { 'Content-Type': type, 'X-Position': position.toString(), Vary: 'Accept' },
  body: Readable.from(chunked(lines), { objectMode: false }),
});

async function* ndjson(rows: AsyncIterable<Row>) {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

async function* csv(rows: AsyncIterable<Row>, columns: Columns) {
  yield csvLine(Object.keys(columns));
  for await (const row of rows) yield csvLine(Object.values(columns).map((path) => valueAt(row, path)));
}

async function* chunked(lines: AsyncIterable<string>) {
  let chunk = '';
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk) yield chunk;
}

const valueAt = (row: Row, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Row | null)?.[name] ?? null, row);

const csvLine = (values: readonly unknown[]) => `${values.map(csvCell).join(',')}\r\n`;

/** RFC 4180; text that a spreadsheet would run as a formula is made plain text by an apostrophe. */
export const csvCell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  const text = Array.isArray(value) ? value.join(' ') : String(value);
  const harmless = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};
