import {
  type AppendToStreamOptions,
  BACKWARDS,
  END,
  type EventStoreDBClient,
  type JSONEventData,
  jsonEvent,
  NO_STREAM,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import type { DomainEvent } from '../domain/index.ts';
import type { Metadata } from '../domain/metadata.ts';
import { type Client, clientOf } from './client.ts';
import { codec } from './codec.ts';
import { answered, patiently } from './faults.ts';
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

/** The event store at `unix:/path.sock` (our embedded server, no TLS) or at a connection string `esdb://…`. */
export const eventLog = ({ url, keys }: { url: string; keys: Keys }): EventLog => {
  const client = clientOf(url);
  const { encode, decode } = codec(keys);
  const closing = new AbortController();

  return {
    async *read(stream, from = 0n) {
      for await (const chunk of chunksOf(client.events, stream, from)) yield* await decode(chunk);
    },

    async append(stream, events, expected, context) {
      if (events.length === 0) throw new Error(`an append to ${stream} needs an event: skip it when there is none`);
      const stored = await encode(events, context);
      const named = stored.map((one, i) => jsonEvent({ ...one, id: uuidFrom(context.commandId, stream, String(i)) }));
      return patiently(() => appendOnce(client, stream, named, expected));
    },

    async *batches(options) {
      const signal = AbortSignal.any([options.signal, closing.signal]);
      for await (const { placed, upTo, live } of follow(client.events, { ...options, signal })) {
        yield { events: await decode(placed), upTo, live };
      }
    },

    head: () => patiently(() => headOf(client.events)),

    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await client.release();
    },
  };
};

const appendOnce = async (
  { events: client, inTurn }: Client,
  stream: string,
  events: JSONEventData[],
  expected: bigint | 'none' | 'any',
) => {
  const options: AppendToStreamOptions = { expectedRevision: expected === 'none' ? NO_STREAM : expected };
  try {
    const appended = await inTurn(() => answered(client.appendToStream(stream, events, options)));
    const { success, nextExpectedRevision: revision, position } = appended;
    if (!success) throw new RevisionConflict(`${stream} is not at ${expected}: read it again and decide anew`);
    return { revision, position: position?.commit ?? (await positionOf(client, stream, revision)) };
  } catch (fault) {
    if (!(fault instanceof WrongExpectedVersionError)) throw fault;
    throw new RevisionConflict(`${stream} is not at ${expected} but at ${fault.actualVersion}: read it again`);
  }
};

/** A server that recognises a repeated append need not say where its events stand. */
const positionOf = async (client: EventStoreDBClient, stream: string, revision: bigint) => {
  for await (const [placed] of chunksOf(client, stream, revision)) return placed!.position;
  throw new Error(`revision ${revision} of ${stream} was acknowledged but cannot be read`);
};

const headOf = async (client: EventStoreDBClient) => {
  let head = 0n;
  // read to its end: one left early would never finish, and `dispose` waits for it
  for await (const { event } of client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })) {
    if (event) head = event.position.commit;
  }
  return head;
};
