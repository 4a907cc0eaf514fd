import type { NewEvent } from './event-frame.ts';
import type { Expected } from './expected-revision.ts';
import { invalidArgument } from './grpc-error.ts';
import { readProposed } from './proposed-event.ts';
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
