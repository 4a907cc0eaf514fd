import { type EventStoreDBClient, type RecordedEvent, StreamNotFoundError } from '@eventstore/db-client';
import type { Placed } from './codec.ts';
import { waitOrThrow } from './faults.ts';

const chunkLength = 256;

/** The stream's events from a revision on, in chunks; goes on where it was when the connection breaks. */
export async function* chunksOf(client: EventStoreDBClient, stream: string, from: bigint): AsyncGenerator<Placed[]> {
  let next = from;
  for (let failures = 0; ; failures++) {
    try {
      for await (const chunk of readOnce(client, stream, next)) {
        yield chunk;
        next = chunk.at(-1)!.revision + 1n;
        failures = 0;
      }
      return;
    } catch (fault) {
      if (fault instanceof StreamNotFoundError) return;
      await waitOrThrow(fault, failures);
    }
  }
}

async function* readOnce(client: EventStoreDBClient, stream: string, fromRevision: bigint): AsyncGenerator<Placed[]> {
  const reading = client.readStream(stream, { fromRevision });
  let chunk: Placed[] = [];
  try {
    for await (const { event } of reading) {
      if (event) chunk.push(placedOf(event));
      if (chunk.length < chunkLength) continue;
      yield chunk;
      chunk = [];
    }
  } finally {
    if (!reading.readableEnded) await reading.cancel().catch(() => {}); // or the server would go on sending
  }
  if (chunk.length > 0) yield chunk;
}

/** An event of the client in our terms. */
export const placedOf = ({ streamId: stream, revision, position, id, type, data, metadata }: RecordedEvent): Placed => {
  if (!position) throw new Error('the event store says no positions: EventStoreDB 22.6 or newer is needed');
  return { stream, revision, position: position.commit, id, type, data, metadata };
};
