import { bytesOf, documentAt, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import type { Sort } from '../sort.ts';
import { type Item, listRun, type Run, SortedRuns } from './sorted-runs.ts';
import { drawn, gathered, type Source } from './source.ts';
import { Spool } from './spool.ts';

/** How a sort may go about its work. */
export interface SortLimits {
  /** How many documents are wanted. */
  readonly most?: number | undefined;
  /** Whether it may use the disk; it may unless somebody says no. */
  readonly mayUseDisk?: boolean | undefined;
}

const mostBytes = 100 * 1024 * 1024;
const mostRunBytes = 16 * 1024 * 1024;

const tooLarge = (): DocumentError =>
  new DocumentError(
    'QueryExceededMemoryLimitNoDiskUseAllowed',
    `Sort exceeded memory limit of ${mostBytes} bytes, but did not opt in to external sorting.`,
  );

/** Keeps runs in memory up to 100 MB, and the others on the disk. */
const keeping = (mayUseDisk: boolean) => {
  let size = 0;
  let spool: Spool<Value> | undefined;
  return (items: Item<Value>[]): Run<Value> => {
    size += items.reduce((sum, { key, value }) => sum + key.length + value.end - value.start, 0);
    if (size <= mostBytes) return listRun(items);
    if (!mayUseDisk) throw tooLarge();
    spool ??= new Spool({ toBytes: bytesOf, fromBytes: documentAt });
    return spool.write(items);
  };
};

function* inOrder(runs: SortedRuns<Value>): Generator<Value, undefined> {
  runs.finish();
  for (let item = runs.next(); item; item = runs.next()) yield item.value;
}

/** The documents in order, the first `most` of them if given. */
export const sorted = (source: Source, sort: Sort, { most, mayUseDisk = true }: SortLimits = {}): Source => {
  const runs = new SortedRuns<Value>(most, keeping(mayUseDisk));
  let size = 0;
  const add = (doc: Value): void => {
    runs.add(sort.key(doc), doc);
    size += doc.end - doc.start;
    if (size < mostRunBytes) return;
    runs.flush();
    size = 0;
  };
  return gathered(source, add, () => drawn(inOrder(runs)));
};
