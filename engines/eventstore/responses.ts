import type { Outcome } from './append.ts';
import { PREFIX } from './event-frame.ts';
import type { Expected } from './expected-revision.ts';
import { bigintField, bytesField, messageField, numberField } from './wire-fields.ts';

/** Puts gRPC's prefix before a message. */
export function grpcMessage(...parts: Buffer[]): Buffer {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(
    parts.reduce((sum, part) => sum + part.length, 0),
    1,
  );
  return Buffer.concat([prefix, ...parts]);
}

function identifier(field: number, stream: string): Buffer {
  return messageField(field, bytesField(3, stream));
}

function position(field: number, at: number): Buffer {
  return messageField(field, numberField(1, at), numberField(2, at));
}

/** The first message of a subscription. */
export function confirmation(subscriptionId: string): Buffer {
  return grpcMessage(messageField(2, bytesField(1, subscriptionId)));
}

/** Everything up to position `at` was considered for a filtered subscription. */
export function checkpoint(at: number): Buffer {
  return grpcMessage(position(3, at));
}

export function streamNotFound(stream: string): Buffer {
  return grpcMessage(messageField(4, identifier(1, stream)));
}

/** A subscription has sent all there is and goes on live. */
export const caughtUp = grpcMessage(messageField(8));

/** An event read through a link: the RecordedEvents of the target (unless it is gone) and the link. */
export function linkedEvent(event: Buffer | undefined, link: Buffer, at: number): Buffer {
  const target = event === undefined ? [] : [bytesField(1, event)];
  return grpcMessage(messageField(1, ...target, bytesField(2, link), numberField(3, at)));
}

/** An event as it is, around a RecordedEvent. */
export function plainEvent(event: Buffer, at: number): Buffer {
  return grpcMessage(messageField(1, bytesField(1, event), numberField(3, at)));
}

function success(field: number, written: Outcome & { is: 'written' }): Buffer {
  const revision = written.revision < 0 ? messageField(2) : numberField(1, written.revision);
  const place = written.position === undefined ? messageField(4) : position(3, written.position);
  return messageField(field, revision, place);
}

/** An AppendResp for anything but a deleted stream. */
export function appendResponse(outcome: Exclude<Outcome, { is: 'deleted' }>, expected: Expected): Buffer {
  if (outcome.is === 'written') return grpcMessage(success(1, outcome));
  const actual = outcome.actual < 0 ? messageField(7) : numberField(6, outcome.actual);
  return grpcMessage(messageField(2, actual, expectation(8, expected)));
}

/** The expected revision as a group of fields starting at `first`: revision, any, stream exists, no stream. */
function expectation(first: number, expected: Expected): Buffer {
  if (expected === 'any') return messageField(first + 1);
  if (expected === 'stream_exists') return messageField(first + 2);
  if (expected === 'no_stream') return messageField(first + 3);
  return bigintField(first, expected);
}

/** A DeleteResp or a TombstoneResp. */
export function deleteResponse(at: number): Buffer {
  return grpcMessage(position(1, at));
}

/** Why a batch append failed: the type of the detail, its content, and words for people. */
export interface BatchFailure {
  code: number;
  type: string;
  detail: Buffer;
  message: string;
}

/** The detail of a batch append that met another revision than it expected. */
export function wrongRevision(actual: number, expected: Expected): Buffer {
  return Buffer.concat([actual < 0 ? messageField(2) : numberField(1, actual), expectation(3, expected)]);
}

/** A BatchAppendResp; clients need the stream's name even in a failure. */
export function batchResponse(
  correlationId: string,
  stream: string,
  result: (Outcome & { is: 'written' }) | BatchFailure,
): Buffer {
  return grpcMessage(
    messageField(1, bytesField(2, correlationId)),
    'is' in result ? success(3, result) : failure(result),
    identifier(4, stream),
  );
}

function failure({ code, type, detail, message }: BatchFailure): Buffer {
  const any = messageField(3, bytesField(1, `type.googleapis.com/event_store.client.${type}`), bytesField(2, detail));
  return messageField(2, numberField(1, code), bytesField(2, message), any);
}
