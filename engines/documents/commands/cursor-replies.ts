import { int64 } from '../bson/build.ts';
import type { Value } from '../bson/value.ts';
import type { Feed } from '../cursors.ts';
import { DocumentError } from '../errors.ts';
import { collect, type Source } from '../query/source.ts';
import type { TimeLimit } from '../query/time-limit.ts';
import type { Call, Reply } from './context.ts';

const largestBatch = 16 * 1024 * 1024;
const usualFirstBatch = 101;

/** What stages make may be too large for any reply. */
const assertFits = ({ start, end }: Value): void => {
  if (end - start <= largestBatch) return;
  const bounds = `Size must be between 0 and ${largestBatch}`;
  throw new DocumentError('BSONObjectTooLarge', `BSONObj size: ${end - start} is invalid. ${bounds}`);
};

/** A feed of the documents of a source; what does not fit a batch waits for the next. */
export const sourceFeed = (source: Source, timeLimit?: TimeLimit): Feed => {
  timeLimit?.pause();
  let waiting: Value[] = [];
  return {
    get isDone() {
      return source.isDone && waiting.length === 0;
    },
    next: async (most) => {
      timeLimit?.resume();
      const enough = waiting.length >= most ? [] : await collect(source, most - waiting.length, largestBatch);
      timeLimit?.pause();
      for (const doc of enough) assertFits(doc);
      const all = waiting.concat(enough);
      const count = fitting(all, most);
      waiting = all.slice(count);
      return all.slice(0, count);
    },
  };
};

const fitting = (docs: readonly Value[], most: number): number => {
  let size = 0;
  let count = 0;
  while (count < docs.length && count < most) {
    const doc = docs[count]!;
    size += doc.end - doc.start + 16;
    if (count > 0 && size > largestBatch - 65_536) break;
    count += 1;
  }
  return count;
};

const cursorReply = (id: bigint, namespace: string, batch: string, docs: readonly Value[], feed: Feed): Reply => ({
  cursor: { [batch]: docs, postBatchResumeToken: feed.resumeToken, id: int64(id), ns: namespace },
});

const endless = Number.MAX_SAFE_INTEGER;

/** The first batch of a feed, and a cursor for the rest if there is any. */
export const firstBatch = async (
  call: Call,
  feed: Feed,
  namespace: string,
  batchSize: number | undefined,
  isSingle = false,
) => {
  const docs = batchSize === 0 ? [] : await feed.next(batchSize ?? usualFirstBatch, 0);
  const isOpen = !isSingle && !feed.isDone;
  if (!isOpen) feed.close?.();
  const id = isOpen ? call.server.cursors.add(feed, namespace, call.session?.toString('hex')) : 0n;
  return cursorReply(id, namespace, 'firstBatch', docs, feed);
};

/** The next batch of an open cursor. */
export const nextBatch = (call: Call, id: bigint, namespace: string): Promise<Reply> => {
  const batchSize = call.args.count('batchSize', 0);
  const maxTime = call.args.get('maxTimeMS') ? call.args.count('maxTimeMS', 0) : undefined;
  const session = call.session?.toString('hex');
  return call.server.cursors.use(id, namespace, session, async (feed) => {
    if (maxTime !== undefined && feed.resumeToken === undefined) {
      throw new DocumentError('BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor');
    }
    const docs = await feed.next(batchSize === 0 ? endless : batchSize, maxTime);
    return cursorReply(feed.isDone ? 0n : id, namespace, 'nextBatch', docs, feed);
  });
};
