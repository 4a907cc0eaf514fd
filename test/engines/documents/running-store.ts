import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EJSON } from 'bson';
import { type Collection, type Db, type Document, MongoClient } from 'mongodb';
import { type Options, startDocuments } from '../../../engines/documents/server.ts';

/** Any document with a simple `_id`. */
export interface Loose extends Document {
  _id?: number | string;
}

/** A document store in a temporary folder, with the official driver connected to it. */
export interface RunningStore {
  readonly dir: string;
  readonly url: string;
  client: MongoClient;
  db: Db;
  /** A collection no other test uses. */
  fresh(): Collection<Loose>;
  /** Stops the server and starts it again on the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

let names = 0;

/** Starts a store; the caller stops it. */
export const runStore = async (options: Partial<Options> = {}): Promise<RunningStore> => {
  const dir = await mkdtemp(join(tmpdir(), 'documents-'));
  const start = () => startDocuments({ dir, socket: join(dir, 'm.sock'), ...options });
  let server = await start();
  const url = server.urls[0]!;
  const client = await new MongoClient(url).connect();
  const store: RunningStore = {
    dir,
    url,
    client,
    db: client.db('test'),
    fresh: () => {
      names += 1;
      return store.db.collection(`c${names}`);
    },
    restart: async () => {
      await store.client.close();
      await server.stop();
      server = await start();
      store.client = await new MongoClient(url).connect();
      store.db = store.client.db('test');
    },
    stop: async () => {
      await store.client.close();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return store;
};

/** What a promise is rejected with. */
export const failureOf = async (work: Promise<unknown>): Promise<Record<string, unknown> & { message: string }> => {
  try {
    await work;
  } catch (error) {
    return error as Record<string, unknown> & { message: string };
  }
  throw new Error('expected a failure');
};

/** Waits until a condition holds. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  const limit = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error('the condition did not come true in 20 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** A value with its BSON types, for a comparison that tells 1 from 1.0. */
export const typed = (value: unknown): string => EJSON.stringify(value, { relaxed: false });
