import type { Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import type { Sort } from '../sort.ts';
import { SortedRuns } from './sorted-runs.ts';
import { drawn, gathered, type Source } from './source.ts';

const mostSortBytes = 100 * 1024 * 1024;

function* inOrder(runs: SortedRuns<Value>): Generator<Value, undefined> {
  runs.finish();
  for (let item = runs.next(); item; item = runs.next()) yield item.value;
}

/** The documents in order, the first `limit` of them if given; refuses to hold more than 100 MB. */
export const sorted = (source: Source, sort: Sort, limit = Number.POSITIVE_INFINITY): Source => {
  const runs = new SortedRuns<Value>(limit);
  let size = 0;
  const isBounded = limit <= 2048;
  return gathered(
    source,
    (doc) => {
      size += doc.end - doc.start;
      if (size > mostSortBytes && !isBounded) {
        const text = `Sort exceeded memory limit of ${mostSortBytes} bytes, but did not opt in to external sorting.`;
        throw new DocumentError('QueryExceededMemoryLimitNoDiskUseAllowed', text);
      }
      runs.add(sort.key(doc), doc);
    },
    () => drawn(inOrder(runs)),
  );
};
