import { setDefaultHighWaterMark } from 'node:stream';
import { EventStoreDBClient } from '@eventstore/db-client';
import { turns } from './turns.ts';

/** One client of the event store; appends go through `inTurn`. */
export type Client = { events: EventStoreDBClient; inTurn: ReturnType<typeof turns>; release(): Promise<void> };

/**
 * So many appends are under way at a time. The client writes up to its stream's high water mark at once and queues the
 * others; one still in that queue when the connection breaks ends the process (an unhandled rejection; db-client 6.2.1,
 * `backpressuredWrite`). The mark cannot be given, so its default is raised: 16 appends per round trip would be few.
 */
const underWay = 63;
setDefaultHighWaterMark(true, underWay + 1);

const shared = new Map<string, Client & { users: number }>();

/**
 * The client for `unix:/path.sock` (our embedded server) or a connection string `esdb://…`: one per process and address.
 * The client library keeps all pending appends of a process in one table and drops them when any client breaks.
 */
export const clientOf = (url: string): Client => {
  const client = shared.get(url) ?? {
    events: connect(url),
    inTurn: turns(underWay),
    users: 0,
    release: () => release(url),
  };
  client.users++;
  shared.set(url, client);
  return client;
};

const connect = (url: string) =>
  url.startsWith('unix:')
    ? new EventStoreDBClient({ endpoint: url }, { insecure: true })
    : EventStoreDBClient.connectionString(url);

const release = async (url: string) => {
  const client = shared.get(url);
  if (!client || --client.users > 0) return;
  shared.delete(url);
  await client.events.dispose();
};
