import { type Db, MongoClient } from 'mongodb';
import './driver-repair.ts';

export type Documents = { client: MongoClient; db: Db; close(): Promise<void> };

/**
 * Connects to the document store, waiting up to 15 s for it to come up. 64-bit integers are bigints (log positions); a
 * write counts when the majority has it; what fails because the server restarts is tried again by itself for some 6 s.
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
    maxAdaptiveRetries: 6, // a refused connection counts as an overload: by default the driver gives up after some 0.5 s
    maxPoolSize: 20,
  });
  await client.connect();
  return { client, db: client.db(dbName), close: () => client.close() };
};
