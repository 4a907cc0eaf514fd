import { randomUUID } from 'node:crypto';
import { appendCall, deleteCall, tombstoneCall } from './append-calls.ts';
import { batchAppendCall } from './batch-append-call.ts';
import type { GrpcCall } from './grpc-call.ts';
import { GrpcError, invalidArgument, Status, streamDeleted } from './grpc-error.ts';
import { read } from './read.ts';
import { type ReadRequest, readRequest } from './read-request.ts';
import { grpcMessage } from './responses.ts';
import type { EventStore } from './store.ts';
import { StreamDeleted } from './stream-range.ts';
import { subscribe } from './subscription.ts';
import { bytesField, messageField, numberField } from './wire.ts';

/** The version of EventStoreDB whose behaviour is followed. */
const SERVER_VERSION = '24.6.0';
const LEADER = 8;

/**
 * What clients may call over gRPC, with the features that they ask for. Persistent subscriptions and projections are refused
 * there with words; left out here, clients would look for them elsewhere, and then say that they do not exist.
 */
const METHODS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'streams.streams': {
    read: ['position', 'events'],
    append: [],
    batchappend: ['deadline_duration'],
    delete: [],
    tombstone: [],
  },
  'persistent_subscriptions.persistentsubscriptions': Object.fromEntries(
    ['create', 'update', 'delete', 'read', 'getinfo', 'list', 'replayparked', 'restartsubsystem'].map((method) => [
      method,
      ['stream', 'all'],
    ]),
  ),
  'projections.projections': { create: ['track_emitted_streams'] },
};

export interface ServiceOptions {
  /** Bytes of event data an append may have. */
  maxAppendSize: number;
  /** Where clients that ask for the members of the cluster shall connect. */
  endPoint: { address: string; port: number };
}

/** What answers each method this server has; called with every call as it opens. */
export function services(store: EventStore, options: ServiceOptions): (call: GrpcCall) => void {
  const handlers: Record<string, (call: GrpcCall) => void> = {
    '/event_store.client.streams.Streams/Read': (call) => call.onMessage((message) => readCall(store, call, message)),
    '/event_store.client.streams.Streams/Append': (call) => appendCall(store, call, options.maxAppendSize),
    '/event_store.client.streams.Streams/BatchAppend': (call) => batchAppendCall(store, call, options.maxAppendSize),
    '/event_store.client.streams.Streams/Delete': (call) => deleteCall(store, call),
    '/event_store.client.streams.Streams/Tombstone': (call) => tombstoneCall(store, call),
    '/event_store.client.server_features.ServerFeatures/GetSupportedMethods': (call) =>
      call.onMessage(() => call.finish(supportedMethods)),
    '/event_store.client.gossip.Gossip/Read': (call) => call.onMessage(() => call.finish(members(options.endPoint))),
  };
  return (call) => (handlers[call.path] ?? unimplemented)(call);
}

function unimplemented(call: GrpcCall): void {
  const message = `${call.path} is not part of the embedded event store; run EventStoreDB or KurrentDB for it.`;
  call.fail(new GrpcError(Status.unimplemented, message));
}

function readCall(store: EventStore, call: GrpcCall, message: Buffer): void {
  const request = readRequest(message);
  answerRead(store, call, request).catch((error: unknown) => call.fail(knownError(error)));
}

async function answerRead(store: EventStore, call: GrpcCall, request: ReadRequest): Promise<void> {
  if (request.count === undefined) await subscribe(store, call, request);
  else await read(store, call, request, request.count);
}

function knownError(error: unknown): unknown {
  if (error instanceof StreamDeleted) return streamDeleted(error.stream);
  if (error instanceof SyntaxError) return invalidArgument(`The filter is not a pattern: ${error.message}`);
  return error;
}

const supportedMethods = grpcMessage(
  ...Object.entries(METHODS).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, features]) =>
      messageField(
        1,
        bytesField(1, method),
        bytesField(2, `event_store.client.${service}`),
        ...features.map((feature) => bytesField(3, feature)),
      ),
    ),
  ),
  bytesField(2, SERVER_VERSION),
);

const instanceId = randomUUID();

/** A cluster of one: this server, its leader. */
function members({ address, port }: ServiceOptions['endPoint']): Buffer {
  const member = messageField(
    1,
    messageField(1, bytesField(2, instanceId)),
    numberField(2, Date.now() * 10_000),
    numberField(3, LEADER),
    numberField(4, 1),
    messageField(5, bytesField(1, address), numberField(2, port)),
  );
  return grpcMessage(member);
}
