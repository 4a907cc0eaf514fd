import {
  type AppendToStreamOptions,
  BACKWARDS,
  END,
  EventStoreDBClient,
  type JSONEventData,
  jsonEvent,
  NO_STREAM,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import type { DomainEvent } from '../domain/index.ts';
import type { Metadata } from '../domain/metadata.ts';
import { codec } from './codec.ts';
import { patiently } from './faults.ts';
import { uuidFrom } from './ids.ts';
import type { Keys } from './keys.ts';
import { chunksOf } from './reading.ts';
import { follow } from './subscription.ts';

/** An event and where it stands in the log. */
export type Recorded<E = DomainEvent> = {
  event: E;
  stream: string;
  revision: bigint;
  position: bigint;
  id: string;
  metadata: Metadata;
};

/** What an append adds to every event. */
export type Context = Pick<Metadata, 'store' | 'actor' | '$correlationId' | '$causationId' | 'commandId'>;

/** `upTo` is the log position that is fully covered once the batch is handled; an empty batch only moves it on. */
export type Batch = { events: readonly Recorded[]; upTo: bigint; live: boolean };

/** The stream is not at the revision the append expected: read it again and decide anew. */
export class RevisionConflict extends Error {
  override readonly name = 'RevisionConflict';
}

export type EventLog = {
  /** The stream's events from a revision on; none when there is no such stream. */
  read(stream: string, from?: bigint): AsyncIterable<Recorded>;
  /**
   * Adds at least one event, all or none, and answers where the last one stands. Safe to repeat: the same command adds the same
   * events to a stream once, so one command appends once per stream. Throws `RevisionConflict`.
   */
  append(
    stream: string,
    events: readonly DomainEvent[],
    expected: bigint | 'none' | 'any',
    context: Context,
  ): Promise<{ revision: bigint; position: bigint }>;
  /**
   * Everything of these types after `from`: first what is there, in batches of up to `maxBatch`, then (`live`) each event
   * at once. Survives restarts of the server without loss or repeat; ends when the signal aborts.
   */
  batches(options: BatchOptions): AsyncIterable<Batch>;
  /** Position of the last event of the whole log; `0n` when it is empty. */
  head(): Promise<bigint>;
  close(): Promise<void>;
};

export type BatchOptions = { from: bigint | null; types: readonly string[]; maxBatch: number; signal: AbortSignal };

/**
 * The event store behind `url`: `unix:/path.sock` (our embedded one) or a connection string `esdb://…`.
 * Open one per process: the client's pending appends are shared by all of a process, and so are its failures.
 */
export const eventLog = ({ url, keys }: { url: string; keys: Keys }): EventLog => {
  const client = connect(url);
  const { encode, decode } = codec(keys);
  const closing = new AbortController();

  return {
    async *read(stream, from = 0n) {
      for await (const chunk of chunksOf(client, stream, from)) yield* await decode(chunk);
    },

    async append(stream, events, expected, context) {
      if (events.length === 0) throw new Error(`an append to ${stream} needs an event: skip it when there is none`);
      const stored = await encode(events, context);
      const named = stored.map((one, i) => jsonEvent({ ...one, id: uuidFrom(context.commandId, stream, String(i)) }));
      return patiently(() => appendOnce(client, stream, named, expected));
    },

    async *batches(options) {
      const signal = AbortSignal.any([options.signal, closing.signal]);
      for await (const { placed, upTo, live } of follow(client, { ...options, signal })) {
        yield { events: await decode(placed), upTo, live };
      }
    },

    head: () => patiently(() => headOf(client)),

    async close() {
      closing.abort();
      await client.dispose();
    },
  };
};

const connect = (url: string) =>
  url.startsWith('unix:')
    ? new EventStoreDBClient({ endpoint: url }, { insecure: true })
    : EventStoreDBClient.connectionString(url);

const appendOnce = async (
  client: EventStoreDBClient,
  stream: string,
  events: JSONEventData[],
  expected: bigint | 'none' | 'any',
) => {
  const options: AppendToStreamOptions = { expectedRevision: expected === 'none' ? NO_STREAM : expected };
  const { nextExpectedRevision, position } = await client.appendToStream(stream, events, options).catch((fault) => {
    throw fault instanceof WrongExpectedVersionError ? conflict(fault) : fault;
  });
  return {
    revision: nextExpectedRevision,
    position: position?.commit ?? (await positionOf(client, stream, nextExpectedRevision)),
  };
};

const conflict = ({ streamName, expectedVersion, actualVersion }: WrongExpectedVersionError) =>
  new RevisionConflict(
    `${streamName} is at ${actualVersion}, not at ${expectedVersion}: read it again and decide anew`,
  );

/** A server that recognises a repeated append need not say where its events stand. */
const positionOf = async (client: EventStoreDBClient, stream: string, revision: bigint) => {
  for await (const [placed] of chunksOf(client, stream, revision)) return placed!.position;
  throw new Error(`revision ${revision} of ${stream} was acknowledged but cannot be read`);
};

const headOf = async (client: EventStoreDBClient) => {
  for await (const { event } of client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })) {
    if (event) return event.position.commit;
  }
  return 0n;
};
