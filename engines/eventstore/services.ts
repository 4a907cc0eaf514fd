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
import { bytesField, messageField, numberField } from './wire-fields.ts';

/** The version of EventStoreDB whose behaviour is followed. */
const SERVER_VERSION = '24.6.0';
const LEADER = 8;

const ON_PERSISTENT_SUBSCRIPTIONS = 'create update delete read getinfo list replayparked restartsubsystem'.split(' ');

/**
 * What clients may call over gRPC: service, method, and the features that they ask for. Persistent subscriptions and
 * projections are refused there with words; left out here, clients would look for them elsewhere, and then say that they
 * do not exist.
 */
const METHODS: readonly (readonly [string, string, ...string[]])[] = [
  ['streams.streams', 'read', 'position', 'events'],
  ['streams.streams', 'append'],
  ['streams.streams', 'batchappend', 'deadline_duration'],
  ['streams.streams', 'delete'],
  ['streams.streams', 'tombstone'],
  ...ON_PERSISTENT_SUBSCRIPTIONS.map(
    (method) => ['persistent_subscriptions.persistentsubscriptions', method, 'stream', 'all'] as const,
  ),
  ['projections.projections', 'create', 'track_emitted_streams'],
];

export interface ServiceOptions {
  /** Bytes an append may have, see `sizeOf`. */
  maxAppendSize: number;
  /** Where clients that ask for the members of the cluster shall connect. */
  endPoint: { address: string; port: number };
}

/** What answers each method this server has; called with every call as it opens. */
export function services(store: EventStore, options: ServiceOptions): (call: GrpcCall) => void {
  const { maxAppendSize, endPoint } = options;
  const handlers = new Map<string, (call: GrpcCall) => void>([
    ['streams.Streams/Read', (call) => call.onMessage((message) => readCall(store, call, message))],
    ['streams.Streams/Append', (call) => appendCall(store, call, maxAppendSize)],
    ['streams.Streams/BatchAppend', (call) => batchAppendCall(store, call, maxAppendSize)],
    ['streams.Streams/Delete', (call) => deleteCall(store, call)],
    ['streams.Streams/Tombstone', (call) => tombstoneCall(store, call)],
    [
      'server_features.ServerFeatures/GetSupportedMethods',
      (call) => call.onMessage(() => call.finish(supportedMethods)),
    ],
    ['gossip.Gossip/Read', (call) => call.onMessage(() => call.finish(members(endPoint)))],
  ]);
  return (call) => (handlers.get(call.path.replace('/event_store.client.', '')) ?? unimplemented)(call);
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
  ...METHODS.map(([service, method, ...features]) => {
    const names = [bytesField(1, method), bytesField(2, `event_store.client.${service}`)];
    return messageField(1, ...names, ...features.map((feature) => bytesField(3, feature)));
  }),
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
