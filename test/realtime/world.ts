import type { Db } from 'mongodb';
import { pino } from 'pino';
import { signToken, tokenVerifier } from '../../http/caller.ts';
import { checkpointsOf, openCheckpoint } from '../../projections/checkpoints.ts';
import { readModels } from '../../projections/index.ts';
import { createIndexes } from '../../projections/indexes.ts';
import { collectionOf, type Projection } from '../../projections/projection.ts';
import { type CallSockets, type RealtimeOptions, startRealtime } from '../../realtime/server.ts';
import { customerDirectory } from '../../store/directory.ts';
import { connectDocuments } from '../../store/documents.ts';
import { keyRing } from '../../store/keys.ts';
import { startStores } from '../support/stores.ts';

const secret = 'a secret of the tests, long enough for HS256';

type Who = { sub?: string; store?: string; role?: 'agent' | 'team_manager' | 'admin' | 'auditor' | 'analyst' };

/** A signed token; `ttl` as jose takes it, e.g. `2s`. */
export const token = ({ sub = 'asha', store = 'acme', role = 'agent' }: Who = {}, ttl = '1h') =>
  signToken(secret, { sub, store, role }, ttl);

/** No call sockets: for tests of everything else. */
const noCallSockets: CallSockets = {
  open: async () => ({ role: 'standby', fence: 0 }),
  close: async () => {},
  acknowledge: async () => {},
};

type Server = Awaited<ReturnType<typeof startRealtime>>;

/** Document store of a test file, with the read models begun, and realtime servers that end with it. */
export const openWorld = async () => {
  const stores = await startStores();
  const { db, close } = await connectDocuments(stores.mongodbUrl, stores.dbName);
  for (const projection of readModels) {
    await openCheckpoint(db, projection);
    await createIndexes(db, projection);
  }
  const directory = await customerDirectory(db, keyRing(db));
  const servers: Server[] = [];
  return {
    stores,
    db,
    directory,
    writer: writer(db),
    async serve(options: Partial<RealtimeOptions> = {}) {
      const server = await startRealtime({
        host: '127.0.0.1',
        port: 0,
        db,
        directory,
        verify: tokenVerifier({ secret }),
        now: Date.now,
        logger: pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
        callSockets: noCallSockets,
        heartbeatMs: 200,
        ...options,
      });
      servers.push(server);
      return server;
    },
    async close() {
      await Promise.all(servers.map((server) => server.stop()));
      await close();
      await stores.stop();
    },
  };
};

type Write = {
  readonly projection: Projection<object>;
  readonly store: string;
  readonly key: string;
  readonly doc: object | null;
};

/** Writes documents as the projections do: in batches, each document with its own position, the checkpoint last. */
const writer = (db: Db) => {
  let position = 1_000n;
  let work: Promise<unknown> = Promise.resolve();

  const writeBatch = async (writes: readonly Write[], projections: readonly Projection<object>[]) => {
    const at = new Map(writes.map((write) => [write, ++position]));
    for (const projection of projections) {
      const mine = writes.filter((write) => write.projection === projection);
      const documents = mine.map((write) => ({
        replaceOne: {
          filter: { _id: write.key },
          replacement: {
            at: at.get(write)!,
            store: write.store,
            doc: write.doc,
            ...(!write.doc && { removedAt: new Date() }),
          },
          upsert: true,
        },
      }));
      await db.collection(collectionOf(projection)).bulkWrite(documents as never);
      await checkpointsOf(db).updateOne({ _id: collectionOf(projection) }, { $set: { at: position } });
    }
    return position;
  };

  return {
    position: () => position,
    /** Resolves with the position that covers the batch. A document may be in it once. */
    write(...writes: readonly Write[]): Promise<bigint> {
      const touched = [...new Set(writes.map(({ projection }) => projection))];
      const written = work.then(() => writeBatch(writes, touched));
      work = written.catch(() => {});
      return written;
    },
    /** The read model is built anew: another epoch. */
    async restart(projection: Projection<object>, epoch: string) {
      await checkpointsOf(db).updateOne({ _id: collectionOf(projection) }, { $set: { epoch, at: ++position } });
    },
  };
};
