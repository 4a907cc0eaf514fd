import { type Db, MongoClient } from 'mongodb';

export type Documents = { client: MongoClient; db: Db; close(): Promise<void> };

/**
 * Connects to the document store, waiting up to 15 s for it to come up. 64-bit integers are bigints (log positions);
 * a write counts when the majority has it, and is repeated once by itself when the connection breaks.
 */
export const connectDocuments = async (url: string, dbName = 'ringbook'): Promise<Documents> => {
  const client = new MongoClient(url, {
    appName: 'ringbook',
    useBigInt64: true,
    retryWrites: true,
    writeConcern: { w: 'majority' },
    serverSelectionTimeoutMS: 15_000,
    connectTimeoutMS: 5_000,
    heartbeatFrequencyMS: 2_000,
    maxPoolSize: 20,
  });
  await client.connect();
  return { client, db: client.db(dbName), close: () => client.close() };
};
