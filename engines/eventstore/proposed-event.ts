import type { NewEvent } from './event-frame.ts';
import { invalidArgument } from './grpc-error.ts';
import { readUuid } from './uuid.ts';
import type { WireReader } from './wire.ts';

/** The headers that an event must have. */
export const REQUIRED_HEADERS = ['type', 'content-type'] as const;

/** An event lacks a header that it must have. */
export class MissingHeader extends Error {
  constructor(header: string) {
    super(`Required Metadata Property '${header}' is missing`);
  }
}

const NOTHING = Buffer.alloc(0);
const NO_ID = '00000000-0000-0000-0000-000000000000';

/** A ProposedMessage; throws MissingHeader without a type or a content type, and unless type and id say something. */
export function readProposed(reader: WireReader): NewEvent {
  const event: NewEvent = { id: '', type: '', isJson: false, metadata: NOTHING, data: NOTHING };
  const headers = new Map<string, string>();
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) event.id = readUuid(reader.message());
    else if (field === 2) headers.set(...readMapEntry(reader.message()));
    else if (field === 3) event.metadata = reader.view();
    else if (field === 4) event.data = reader.view();
    else reader.skip();
  }
  event.type = headers.get('type') ?? '';
  event.isJson = headers.get('content-type') === 'application/json';
  const missing = REQUIRED_HEADERS.find((key) => !headers.has(key));
  if (missing !== undefined) throw new MissingHeader(missing);
  if (event.id === '' || event.id === NO_ID) throw invalidArgument('The id of an event is empty.');
  if (event.type === '') throw invalidArgument('The type of an event is empty.');
  return event;
}

/** One entry of a `map<string, string>`. */
function readMapEntry(reader: WireReader): [string, string] {
  const entry: [string, string] = ['', ''];
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1 || field === 2) entry[field - 1] = reader.text();
    else reader.skip();
  }
  return entry;
}
