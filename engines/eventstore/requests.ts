import type { NewEvent } from './append.ts';
import { readMapEntry, readStreamIdentifier } from './event-frame.ts';
import type { Expected } from './expected-revision.ts';
import type { Filter } from './filter.ts';
import { invalidArgument } from './grpc-error.ts';
import { readUuid } from './uuid.ts';
import { MalformedMessage, WireReader } from './wire.ts';

/** Where a read starts: a revision of a stream, or a position in the log. */
export type From = number | 'start' | 'end';

export interface ReadRequest {
  /** The stream to read; `$all` if undefined. */
  stream: string | undefined;
  from: From;
  isBackwards: boolean;
  resolvesLinks: boolean;
  /** How many events at most; undefined for a subscription. */
  count: number | undefined;
  filter: Filter | undefined;
  /** Whether event ids are wanted as two 64-bit halves. */
  wantsStructuredIds: boolean;
}

const NOTHING = Buffer.alloc(0);

/** Reads every field of the message with the reader given for it; skips the others. */
function readFields(reader: WireReader, fields: Readonly<Record<number, (reader: WireReader) => void>>): void {
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    const read = fields[field];
    if (read === undefined) reader.skip();
    else read(reader);
  }
}

/** A ReadReq. */
export function readRequest(message: Buffer): ReadRequest {
  const request: ReadRequest = {
    stream: undefined,
    from: 'start',
    isBackwards: false,
    resolvesLinks: false,
    count: undefined,
    filter: undefined,
    wantsStructuredIds: false,
  };
  const options = {
    1: (reader: WireReader) => readStreamOptions(reader.message(), request),
    2: (reader: WireReader) => readAllOptions(reader.message(), request),
    3: (reader: WireReader) => (request.isBackwards = reader.number() === 1),
    4: (reader: WireReader) => (request.resolvesLinks = reader.number() === 1),
    5: (reader: WireReader) => (request.count = reader.number()),
    7: (reader: WireReader) => (request.filter = readFilter(reader.message())),
    9: (reader: WireReader) =>
      readFields(reader.message(), { 1: (each) => ((request.wantsStructuredIds = true), each.skip()) }),
  };
  readFields(new WireReader(message), { 1: (reader) => readFields(reader.message(), options) });
  return request;
}

function readStreamOptions(reader: WireReader, request: ReadRequest): void {
  request.stream = '';
  readFields(reader, {
    1: (each) => (request.stream = streamName(readStreamIdentifier(each.message()))),
    2: (each) => (request.from = each.number()),
    3: (each) => ((request.from = 'start'), each.skip()),
    4: (each) => ((request.from = 'end'), each.skip()),
  });
  if (request.stream === '') throw invalidArgument('The name of the stream is missing.');
}

function readAllOptions(reader: WireReader, request: ReadRequest): void {
  readFields(reader, {
    1: (each) => readFields(each.message(), { 1: (position) => (request.from = position.number()) }),
    2: (each) => ((request.from = 'start'), each.skip()),
    3: (each) => ((request.from = 'end'), each.skip()),
  });
}

function readFilter(reader: WireReader): Filter {
  const filter = { on: 'stream' as Filter['on'], regex: '', prefixes: [] as string[], window: 32, checkpointEvery: 1 };
  const expression = (on: Filter['on']) => (each: WireReader) => {
    filter.on = on;
    readFields(each.message(), {
      1: (part) => (filter.regex = part.text()),
      2: (part) => filter.prefixes.push(part.text()),
    });
  };
  readFields(reader, {
    1: expression('stream'),
    2: expression('type'),
    3: (each) => (filter.window = Math.max(1, each.number())),
    5: (each) => (filter.checkpointEvery = Math.max(1, each.number())),
  });
  return filter;
}

/** The stream an append, a delete or a tombstone is for, and what it expects there. */
export interface Target {
  stream: string;
  expected: Expected;
}

/** The options of an Append, Delete or Tombstone, and of a BatchAppend, which are alike in their first five fields. */
export interface AppendOptions extends Target {
  /** Milliseconds since 1970 after which the append must not happen. */
  deadline: number;
}

function readOptions(reader: WireReader): AppendOptions {
  const options: AppendOptions = { stream: '', expected: 'any', deadline: Number.POSITIVE_INFINITY };
  const expect = (expected: Expected) => (each: WireReader) => {
    options.expected = expected;
    each.skip();
  };
  readFields(reader, {
    1: (each) => (options.stream = streamName(readStreamIdentifier(each.message()))),
    2: (each) => (options.expected = each.number()),
    3: expect('no_stream'),
    4: expect('any'),
    5: expect('stream_exists'),
    6: (each) => (options.deadline = readTimestamp(each.message())),
  });
  return options;
}

function readTimestamp(reader: WireReader): number {
  let milliseconds = 0;
  readFields(reader, {
    1: (each) => (milliseconds += each.number() * 1000),
    2: (each) => (milliseconds += each.number() / 1_000_000),
  });
  return milliseconds;
}

/** A DeleteReq or a TombstoneReq. */
export function readTarget(message: Buffer): Target {
  let target: Target = { stream: '', expected: 'any' };
  readFields(new WireReader(message), { 1: (reader) => (target = readOptions(reader.message())) });
  return target;
}

/** An AppendReq: the options come first, then one event each. */
export function readAppend(message: Buffer): { options?: Target; event?: NewEvent } {
  const request: { options?: Target; event?: NewEvent } = {};
  readFields(new WireReader(message), {
    1: (reader) => (request.options = readOptions(reader.message())),
    2: (reader) => (request.event = readProposed(reader.message())),
  });
  return request;
}

/** A BatchAppendReq: one chunk of an append, told from others by its correlation id. */
export interface BatchChunk {
  correlationId: string;
  options: AppendOptions | undefined;
  events: NewEvent[];
  isFinal: boolean;
}

export function readBatchChunk(message: Buffer): BatchChunk {
  const chunk: BatchChunk = { correlationId: '', options: undefined, events: [], isFinal: false };
  readFields(new WireReader(message), {
    1: (reader) => (chunk.correlationId = readUuid(reader.message())),
    2: (reader) => (chunk.options = readOptions(reader.message())),
    3: (reader) => chunk.events.push(readProposed(reader.message())),
    4: (reader) => (chunk.isFinal = reader.number() === 1),
  });
  return chunk;
}

function readProposed(reader: WireReader): NewEvent {
  const event: NewEvent = { id: '', type: '', isJson: false, metadata: NOTHING, data: NOTHING };
  const headers = new Map<string, string>();
  readFields(reader, {
    1: (each) => (event.id = readUuid(each.message())),
    2: (each) => headers.set(...readMapEntry(each.message())),
    3: (each) => (event.metadata = each.view()),
    4: (each) => (event.data = each.view()),
  });
  event.type = headers.get('type') ?? '';
  event.isJson = headers.get('content-type') === 'application/json';
  const missing = ['type', 'content-type'].filter((key) => !headers.has(key));
  if (missing.length > 0) throw new MissingHeaders(missing);
  if (event.id === '') throw new MalformedMessage('an event without an id');
  return event;
}

/** An event lacks a header it must have. */
export class MissingHeaders extends Error {
  readonly headers: readonly string[];

  constructor(headers: readonly string[]) {
    super(`Required metadata properties missing: ${headers.join(',')}`);
    this.headers = headers;
  }
}

/** A stream's name as text; the bytes must be UTF-8, so that two names never become one. */
function streamName(bytes: Buffer): string {
  const name = bytes.toString();
  if (name.includes('\ufffd') && !Buffer.from(name).equals(bytes))
    throw invalidArgument('A stream name must be UTF-8.');
  return name;
}
