import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { createRequire } from 'node:module';
import { MessageSplitter } from '../../../engines/eventstore/message-splitter.ts';

const require = createRequire(import.meta.url);

/** The official client's own encoding and decoding, generated from EventStoreDB's protocol. */
export const streams = require('@eventstore/db-client/generated/streams_pb.js');
export const shared = require('@eventstore/db-client/generated/shared_pb.js');
export const features = require('@eventstore/db-client/generated/serverfeatures_pb.js');
export const { Timestamp } = createRequire(require.resolve('@eventstore/db-client'))(
  'google-protobuf/google/protobuf/timestamp_pb.js',
);

/** What the generated code calls a message. */
export interface Encodable {
  serializeBinary(): Uint8Array;
}

export interface RawCall {
  stream: ClientHttp2Stream;
  /** The messages that came, without their prefix. */
  messages: Buffer[];
  send(message: Encodable): void;
  /** Waits for the end and gives the headers and trailers in one. */
  outcome(): Promise<Record<string, unknown>>;
  /** Breaks the connection. */
  close(): void;
}

/** Opens one gRPC call on a connection of its own, for what the official client does not let a test decide. */
export function rawCall(esdbUrl: string, method: string, more: OutgoingHttpHeaders = {}): RawCall {
  const session: ClientHttp2Session = connect(esdbUrl.replace('esdb:', 'http:').replace('?tls=false', ''));
  const headers = { ':method': 'POST', ':path': `/event_store.client.${method}`, 'content-type': 'application/grpc' };
  const stream = session.request({ ...headers, te: 'trailers', ...more });
  const splitter = new MessageSplitter();
  const messages: Buffer[] = [];
  const found: Record<string, unknown> = {};
  stream.on('response', (received) => Object.assign(found, received));
  stream.on('trailers', (received) => Object.assign(found, received));
  stream.on('data', (bytes: Buffer) => messages.push(...splitter.push(bytes)));
  const closed = new Promise((resolve) => stream.on('close', resolve));
  return {
    stream,
    messages,
    send: (message) => void stream.write(framed(message.serializeBinary())),
    outcome: async () => {
      stream.end();
      await closed;
      session.close();
      return found;
    },
    close: () => session.destroy(),
  };
}

/** A message with gRPC's prefix. */
export function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
