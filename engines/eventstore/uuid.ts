import { MalformedMessage, WireReader } from './wire.ts';
import { bigintField, messageField } from './wire-fields.ts';

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID message (text or two 64-bit halves) as lower-case text. */
export function readUuid(reader: WireReader): string {
  let most = '';
  let least = '';
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 2) return canonical(reader.text());
    if (field === 1) [most, least] = readHalves(reader.message());
    else reader.skip();
  }
  const hex = most + least;
  return canonical([hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-'));
}

function canonical(text: string): string {
  if (SHAPE.test(text)) return text;
  const lower = text.toLowerCase();
  if (!SHAPE.test(lower)) throw new MalformedMessage(`"${text}" is not a UUID`);
  return lower;
}

function readHalves(reader: WireReader): [string, string] {
  const halves: [string, string] = ['0'.repeat(16), '0'.repeat(16)];
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1 || field === 2) halves[field - 1] = hexOf(reader);
    else reader.skip();
  }
  return halves;
}

function hexOf(reader: WireReader): string {
  return reader.bigint().toString(16).padStart(16, '0');
}

/** 32 well-spread bits of a UUID, whichever version made it. */
export function hashUuid(uuid: string): number {
  return (Number.parseInt(uuid.slice(0, 8), 16) ^ Number.parseInt(uuid.slice(28), 16)) >>> 0;
}

/** A RecordedEvent with its id as two 64-bit halves instead of text. */
export function structuredId(event: Buffer): Buffer {
  const reader = new WireReader(event);
  reader.field();
  const hex = readUuid(reader.message()).replaceAll('-', '');
  const [most, least] = [BigInt(`0x${hex.slice(0, 16)}`), BigInt(`0x${hex.slice(16)}`)];
  const id = messageField(1, messageField(1, bigintField(1, most), bigintField(2, least)));
  return Buffer.concat([id, event.subarray(reader.at)]);
}
