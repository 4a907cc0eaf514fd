import { connectDocuments } from '../../store/documents.ts';
import { withLease } from '../../store/lease.ts';

// a process of its own for lease.test.ts: says "leading" once it leads, and does so until it is killed
const [url, dbName, name, ttlMs] = process.argv.slice(2) as [string, string, string, string];
const { db } = await connectDocuments(url, dbName);
const signal = new AbortController().signal;
await withLease({ db, name, holder: `process ${process.pid}`, ttlMs: Number(ttlMs), signal }, async () => {
  console.log('leading');
  await new Promise(() => {});
});
