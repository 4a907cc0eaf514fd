import type { NewEvent } from './event-frame.ts';
import type { Expected } from './expected-revision.ts';
import { invalidArgument } from './grpc-error.ts';
import { readStreamName } from './stream-name.ts';
import { readUuid } from './uuid.ts';
import { MalformedMessage, presence, readFields, WireReader } from './wire.ts';

/** The stream an append, a delete or a tombstone is for, and what it expects there. */
export interface Target {
  stream: string;
  expected: Expected;
}

/** The options of a BatchAppend; those of Append, Delete and Tombstone are the same but for the deadline. */
export interface AppendOptions extends Target {
  /** Milliseconds since 1970 after which the append must not happen. */
  deadline: number;
}

/** Reads the options of whatever changes a stream; throws without an expected revision. */
export function readOptions(reader: WireReader): AppendOptions {
  let stream = '';
  let expected: Expected | undefined;
  let deadline = Number.POSITIVE_INFINITY;
  const expect = (expectation: Expected) =>
    presence(() => {
      expected = expectation;
    });
  readFields(reader, {
    1: (each) => {
      stream = readStreamName(each.message());
    },
    2: (each) => {
      expected = each.bigint();
    },
    3: expect('no_stream'),
    4: expect('any'),
    5: expect('stream_exists'),
    6: (each) => {
      deadline = readMilliseconds(each.message());
    },
    7: (each) => {
      deadline = Date.now() + readMilliseconds(each.message());
    },
  });
  if (expected === undefined) throw invalidArgument('The request does not say which revision it expects.');
  return { stream, expected, deadline };
}

/** A Timestamp, or a Duration: both are seconds and nanoseconds. */
function readMilliseconds(reader: WireReader): number {
  let milliseconds = 0;
  readFields(reader, {
    1: (each) => {
      milliseconds += Number(BigInt.asIntN(64, each.bigint())) * 1000;
    },
    2: (each) => {
      milliseconds += Number(BigInt.asIntN(64, each.bigint())) / 1_000_000;
    },
  });
  return milliseconds;
}

/** A DeleteReq or a TombstoneReq. */
export function readTarget(message: Buffer): Target {
  let target: Target | undefined;
  readFields(new WireReader(message), {
    1: (reader) => {
      target = readOptions(reader.message());
    },
  });
  if (target === undefined) throw invalidArgument('The request has no options.');
  return target;
}

/** An AppendReq: the options come first, then one event each. */
export function readAppend(message: Buffer): { options?: Target; event?: NewEvent } {
  const request: { options?: Target; event?: NewEvent } = {};
  readFields(new WireReader(message), {
    1: (reader) => {
      request.options = readOptions(reader.message());
    },
    2: (reader) => {
      request.event = readProposed(reader.message());
    },
  });
  return request;
}

/** A BatchAppendReq: one chunk of an append, told from others by its correlation id. */
export interface BatchChunk {
  correlationId: string;
  /** For `readOptions`; the first chunk of an append has them. */
  options: WireReader | undefined;
  /** ProposedMessages, for `readProposed`. */
  events: WireReader[];
  isFinal: boolean;
}

export function readBatchChunk(message: Buffer): BatchChunk {
  const chunk: BatchChunk = { correlationId: '', options: undefined, events: [], isFinal: false };
  readFields(new WireReader(message), {
    1: (reader) => {
      chunk.correlationId = readUuid(reader.message());
    },
    2: (reader) => {
      chunk.options = reader.message();
    },
    3: (reader) => chunk.events.push(reader.message()),
    4: (reader) => {
      chunk.isFinal = reader.number() === 1;
    },
  });
  if (chunk.correlationId === '') throw new MalformedMessage('a chunk without a correlation id');
  return chunk;
}

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
