import { append, type Outcome, sizeOf } from './append.ts';
import { checkWritable } from './append-calls.ts';
import { type AppendOptions, type BatchChunk, readBatchChunk, readOptions } from './append-request.ts';
import type { NewEvent } from './event-frame.ts';
import type { GrpcCall } from './grpc-call.ts';
import { invalidArgument, Status } from './grpc-error.ts';
import { readProposed } from './proposed-event.ts';
import { type BatchFailure, batchResponse, wrongRevision } from './responses.ts';
import type { EventStore } from './store.ts';
import { bytesField, messageField, numberField } from './wire-fields.ts';

const LARGEST_BACKLOG = 32 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** An append whose chunks are coming in. */
interface Gathering {
  options: AppendOptions;
  events: NewEvent[];
  size: number;
  isAnswered: boolean;
  timer: NodeJS.Timeout | undefined;
}

type Result = (Outcome & { is: 'written' }) | BatchFailure;

/** Answers Streams/BatchAppend: many appends at once over one call, each in chunks; `limit` in bytes, see `sizeOf`. */
export function batchAppendCall(store: EventStore, call: GrpcCall, limit: number): void {
  const gatherings = new Map<string, Gathering>();

  function begin(chunk: BatchChunk): Gathering | undefined {
    try {
      return begun(chunk);
    } catch (error) {
      call.write(batchResponse(chunk.correlationId, '', badRequest(error)));
      return undefined;
    }
  }

  function take(message: Buffer): void {
    const chunk = readBatchChunk(message);
    const id = chunk.correlationId;
    const gathering = gatherings.get(id) ?? begin(chunk);
    if (gathering === undefined) return;
    const answer = (result: Result) => {
      if (gathering.isAnswered) return;
      gathering.isAnswered = true;
      call.write(batchResponse(id, gathering.options.stream, result));
    };
    const failure = gather(gathering, chunk, limit);
    if (failure !== undefined) answer(failure);
    clearTimeout(gathering.timer);
    gatherings.delete(id);
    if (!chunk.isFinal) {
      gatherings.set(id, gathering);
      gathering.timer = setTimeout(answer, timeUntil(gathering.options.deadline), TIMEOUT);
    } else if (!gathering.isAnswered) run(store, gathering, answer);
  }

  call.onMessages(
    (message) => {
      take(message);
      if (store.log.backlog > LARGEST_BACKLOG) holdBack(store, call);
    },
    () => store.log.whenDurable(() => call.finish()),
  );
  call.onEnd(() => {
    for (const { timer } of gatherings.values()) clearTimeout(timer);
  });
}

/** Lets the disk catch up with a caller that is faster. */
function holdBack(store: EventStore, call: GrpcCall): void {
  call.pause();
  store.log.whenDurable(() => call.resume());
}

function begun({ options }: BatchChunk): Gathering {
  if (options === undefined) throw invalidArgument('The first chunk of an append has no options.');
  return { options: readOptions(options), events: [], size: 0, isAnswered: false, timer: undefined };
}

/** Takes a chunk's events, unless the append is answered already; says why the append cannot succeed any more. */
function gather(gathering: Gathering, chunk: BatchChunk, limit: number): BatchFailure | undefined {
  if (gathering.isAnswered) return undefined;
  if (gathering.options.deadline <= Date.now()) return TIMEOUT;
  try {
    for (const message of chunk.events) {
      const event = readProposed(message);
      gathering.events.push(event);
      gathering.size += sizeOf(event);
    }
  } catch (error) {
    return badRequest(error);
  }
  return gathering.size > limit ? tooLarge(limit) : undefined;
}

/** Milliseconds until `deadline`, as many as a timer can take. */
function timeUntil(deadline: number): number {
  return Math.min(Math.max(0, deadline - Date.now()), 2 ** 31 - 1);
}

function run(store: EventStore, { options, events }: Gathering, answer: (result: Result) => void): void {
  const { stream, expected } = options;
  try {
    checkWritable(stream);
  } catch (error) {
    answer(badRequest(error));
    return;
  }
  append(store, stream, expected, events, (outcome) => {
    if (outcome.is === 'written') answer(outcome);
    else if (outcome.is === 'deleted') answer(deleted(stream));
    else answer(refusal('WrongExpectedVersion', wrongRevision(outcome.actual, expected), 'WrongExpectedVersion'));
  });
}

const TIMEOUT: BatchFailure = { code: Status.deadlineExceeded, type: 'Timeout', detail: NOTHING, message: 'Timeout' };

function refusal(type: string, detail: Buffer, message: string): BatchFailure {
  return { code: Status.failedPrecondition, type, detail, message };
}

function deleted(stream: string): BatchFailure {
  return refusal('StreamDeleted', messageField(1, bytesField(3, stream)), `Event stream '${stream}' is deleted.`);
}

function tooLarge(limit: number): BatchFailure {
  const message = `Maximum Append Size of ${limit} Exceeded.`;
  return { code: Status.invalidArgument, type: 'MaximumAppendSizeExceeded', detail: numberField(1, limit), message };
}

function badRequest(error: unknown): BatchFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { code: Status.invalidArgument, type: 'BadRequest', detail: bytesField(1, message), message };
}
