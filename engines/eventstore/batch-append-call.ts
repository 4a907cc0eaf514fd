import { append, type NewEvent, type Outcome } from './append.ts';
import { checkWritable, sizeOf } from './append-calls.ts';
import type { GrpcCall } from './grpc-call.ts';
import { GrpcError, Status } from './grpc-error.ts';
import { type AppendOptions, type BatchChunk, readBatchChunk } from './requests.ts';
import { type BatchFailure, batchResponse, wrongRevision } from './responses.ts';
import type { EventStore } from './store.ts';
import { bytesField, messageField, numberField } from './wire.ts';

const LARGEST_BACKLOG = 32 * 1024 * 1024;

/** An append of which not every chunk has come. */
interface Gathering {
  options: AppendOptions;
  events: NewEvent[];
  size: number;
  hasFailed: boolean;
}

/** Answers Streams/BatchAppend: many appends at once over one call, each in chunks; `limit` in bytes of event data. */
export function batchAppendCall(store: EventStore, call: GrpcCall, limit: number): void {
  const gatherings = new Map<string, Gathering>();
  const take = (message: Buffer) => {
    const chunk = readBatchChunk(message);
    const gathering = gather(gatherings, chunk);
    if (gathering === undefined) return;
    if (chunk.isFinal) gatherings.delete(chunk.correlationId);
    const answer = answerTo(call, chunk.correlationId, gathering);
    if (gathering.hasFailed) return;
    const failure = failureOf(gathering, limit);
    if (failure !== undefined) answer(failure);
    else if (chunk.isFinal) run(store, gathering, answer);
  };
  call.onMessages(
    (message) => {
      take(message);
      if (store.log.backlog > LARGEST_BACKLOG) holdBack(store, call);
    },
    () => store.log.whenDurable(() => call.finish()),
  );
}

/** Lets the disk catch up with a caller that is faster. */
function holdBack(store: EventStore, call: GrpcCall): void {
  call.pause();
  store.log.whenDurable(() => call.resume());
}

function gather(gatherings: Map<string, Gathering>, chunk: BatchChunk): Gathering | undefined {
  const known = gatherings.get(chunk.correlationId);
  const options = known?.options ?? chunk.options;
  if (options === undefined)
    throw new GrpcError(Status.invalidArgument, 'The first chunk of an append has no options.');
  const gathering = known ?? { options, events: [], size: 0, hasFailed: false };
  gatherings.set(chunk.correlationId, gathering);
  if (gathering.hasFailed) return gathering;
  for (const event of chunk.events) gathering.events.push(event);
  gathering.size += sizeOf(chunk.events);
  return gathering;
}

type Answer = (result: (Outcome & { is: 'written' }) | BatchFailure) => void;

function answerTo(call: GrpcCall, correlationId: string, gathering: Gathering): Answer {
  return (result) => {
    if (!('is' in result)) {
      gathering.hasFailed = true;
      gathering.events = [];
    }
    call.write(batchResponse(correlationId, gathering.options.stream, result));
  };
}

const NOTHING = Buffer.alloc(0);

function failureOf({ options, size }: Gathering, limit: number): BatchFailure | undefined {
  if (size > limit) {
    const message = `Maximum Append Size of ${limit} Exceeded.`;
    return { code: Status.invalidArgument, type: 'MaximumAppendSizeExceeded', detail: numberField(1, limit), message };
  }
  if (options.deadline < Date.now()) {
    return { code: Status.deadlineExceeded, type: 'Timeout', detail: NOTHING, message: 'Timeout' };
  }
  return undefined;
}

function run(store: EventStore, { options, events }: Gathering, answer: Answer): void {
  const { stream, expected } = options;
  try {
    checkWritable(stream);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return answer({ code: Status.invalidArgument, type: 'BadRequest', detail: bytesField(1, message), message });
  }
  append(store, stream, expected, events, (outcome) => {
    if (outcome.is === 'written') answer(outcome);
    else if (outcome.is === 'deleted') {
      const detail = messageField(1, bytesField(3, stream));
      answer({
        code: Status.failedPrecondition,
        type: 'StreamDeleted',
        detail,
        message: `Event stream '${stream}' is deleted.`,
      });
    } else {
      const detail = wrongRevision(outcome.actual, expected);
      answer({
        code: Status.failedPrecondition,
        type: 'WrongExpectedVersion',
        detail,
        message: 'WrongExpectedVersion',
      });
    }
  });
}
