import { append, bury, type Outcome, sizeOf, softDelete } from './append.ts';
import { readAppend, readTarget, type Target } from './append-request.ts';
import type { NewEvent } from './event-frame.ts';
import type { Expected } from './expected-revision.ts';
import type { GrpcCall } from './grpc-call.ts';
import { accessDenied, GrpcError, invalidArgument, Status, streamDeleted } from './grpc-error.ts';
import { isMetastream } from './metadata.ts';
import { MissingHeader, REQUIRED_HEADERS } from './proposed-event.ts';
import { appendResponse, deleteResponse } from './responses.ts';
import type { EventStore } from './store.ts';

const LONGEST_NAME = 64 * 1024;

/** Throws unless stream `name` may be written to. */
export function checkWritable(name: string): void {
  if (Buffer.byteLength(name) > LONGEST_NAME)
    throw invalidArgument(`The name of a stream has at most ${LONGEST_NAME} bytes.`);
  if (name === '' || name === '$$' || name === '$all' || (isMetastream(name.slice(2)) && isMetastream(name))) {
    throw invalidArgument(`Stream '${name}' cannot be written to.`);
  }
}

/** Throws unless stream `name` may be deleted: metadata goes with its stream. */
function checkDeletable(name: string): void {
  checkWritable(name);
  if (isMetastream(name)) throw accessDenied(`Stream '${name}' holds metadata and cannot be deleted.`);
}

function tooLarge(limit: number): GrpcError {
  const trailers = { exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(limit) };
  return new GrpcError(Status.invalidArgument, `Maximum Append Size of ${limit} Exceeded.`, trailers);
}

/** Answers Streams/Append: a message with the options, then one for each event; `limit` in bytes, see `sizeOf`. */
export function appendCall(store: EventStore, call: GrpcCall, limit: number): void {
  let target: Target | undefined;
  const events: NewEvent[] = [];
  let size = 0;
  const take = (message: Buffer) => {
    const request = readAppend(message);
    target ??= request.options;
    if (request.event === undefined) return;
    events.push(request.event);
    size += sizeOf(request.event);
    if (size > limit) throw tooLarge(limit);
  };
  call.onMessages(
    (message) => explained(() => take(message)),
    () => {
      if (target === undefined) throw invalidArgument('The append has no options.');
      const { stream, expected } = target;
      checkWritable(stream);
      append(store, stream, expected, events, (outcome) => {
        if (outcome.is === 'deleted') call.fail(streamDeleted(stream));
        else call.finish(appendResponse(outcome, expected));
      });
    },
  );
}

/** Gives an event that lacks headers the error that clients know. */
function explained(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof MissingHeader)) throw error;
    throw new GrpcError(Status.invalidArgument, error.message, {
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': REQUIRED_HEADERS.join(','),
    });
  }
}

type Removal = (store: EventStore, name: string, expected: Expected, reply: (outcome: Outcome) => void) => void;

/** Answers Streams/Delete. */
export function deleteCall(store: EventStore, call: GrpcCall): void {
  removalCall(store, call, softDelete);
}

/** Answers Streams/Tombstone. */
export function tombstoneCall(store: EventStore, call: GrpcCall): void {
  removalCall(store, call, bury);
}

function removalCall(store: EventStore, call: GrpcCall, remove: Removal): void {
  call.onMessage((message) => {
    const { stream, expected } = readTarget(message);
    checkDeletable(stream);
    remove(store, stream, expected, (outcome) => {
      if (outcome.is === 'written') call.finish(deleteResponse(outcome.position!));
      else
        call.fail(
          outcome.is === 'deleted' ? streamDeleted(stream) : wrongExpectedVersion(stream, expected, outcome.actual),
        );
    });
  });
}

const EXPECTED_NUMBERS = { any: -2, no_stream: -1, stream_exists: -4 } as const;

function wrongExpectedVersion(stream: string, expected: Expected, actual: number): GrpcError {
  const number = typeof expected === 'bigint' ? expected : EXPECTED_NUMBERS[expected];
  const message = `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${number}, Actual version: ${actual}`;
  return new GrpcError(Status.failedPrecondition, message, {
    exception: 'wrong-expected-version',
    'stream-name': stream,
    'expected-version': String(number),
    ...(actual < 0 ? {} : { 'actual-version': String(actual) }),
  });
}
