import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Binary, type Collection, type Db, MongoBulkWriteError } from 'mongodb';

/** One person's key. A destroyed one keeps its place empty, so that it can never come back. */
type KeyDocument = { _id: string; key: Binary | null };

export type Keys = {
  /**
   * The 32-byte keys of these people; who has none is left out. With `create`, whoever never had a key gets one;
   * a destroyed key is never replaced.
   */
  keysFor(subjects: readonly string[], create: boolean): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Drops what this process remembers of a person's key. */
  forget(subject: string): void;
  /** Destroys a person's key: what was sealed under it is `null` from now on, elsewhere within a minute. */
  destroy(subject: string): Promise<void>;
};

const rememberedFor = 60_000;
const duplicate = 11_000;

/** The keys of collection `keys`, which everything personal in the log is sealed under. */
export const keyRing = (db: Db): Keys => {
  const collection = db.collection<KeyDocument>('keys');
  const cache = new LRUCache<string, { key: Uint8Array | null }>({ max: 50_000, ttl: rememberedFor });

  const remember = (documents: readonly KeyDocument[]) => {
    for (const { _id, key } of documents) cache.set(_id, { key: key && Uint8Array.from(key.buffer) });
  };
  const unknown = (subjects: readonly string[]) => subjects.filter((subject) => !cache.has(subject));
  const load = async (subjects: readonly string[]) => {
    if (subjects.length > 0) remember(await collection.find({ _id: { $in: [...subjects] } }).toArray());
  };

  return {
    async keysFor(subjects, create) {
      const wanted = [...new Set(subjects)];
      await load(unknown(wanted));
      if (create) await load(await createKeys(collection, unknown(wanted)));
      return new Map(
        wanted.flatMap((subject) => {
          const key = cache.get(subject)?.key;
          return key ? [[subject, key] as const] : [];
        }),
      );
    },
    forget: (subject) => void cache.delete(subject),
    async destroy(subject) {
      await collection.replaceOne({ _id: subject }, { key: null }, { upsert: true });
      cache.delete(subject);
    },
  };
};

const createKeys = async (collection: Collection<KeyDocument>, subjects: readonly string[]) => {
  if (subjects.length === 0) return subjects;
  const documents = subjects.map((_id) => ({ _id, key: new Binary(randomBytes(32)) }));
  await collection.insertMany(documents, { ordered: false }).catch((fault) => {
    if (!(fault instanceof MongoBulkWriteError && fault.code === duplicate)) throw fault; // else another was first
  });
  return subjects;
};
