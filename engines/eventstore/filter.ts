import { patternOf } from './pattern.ts';
import type { EventStore } from './store.ts';

/** Which events of `$all` a reader wants: by event type or stream name, by a pattern or, without one, by prefixes. */
export interface Filter {
  on: 'type' | 'stream';
  regex: string;
  prefixes: readonly string[];
  /** How many events to look at before a checkpoint is due, times `checkpointEvery`. */
  window: number;
  checkpointEvery: number;
}

/** Whether event `seq` passes; every distinct name is judged once. Throws SyntaxError for a bad pattern. */
export function passes(store: EventStore, filter: Filter): (seq: number) => boolean {
  const names = filter.on === 'type' ? store.types.names : store.streams.names;
  const verdicts: (boolean | undefined)[] = [];
  const accepts = matcher(filter);
  return (seq) => {
    const name = (filter.on === 'type' ? store.index.type : store.index.stream)[seq]!;
    const known = verdicts[name];
    if (known !== undefined) return known;
    const verdict = accepts(names[name]!);
    verdicts[name] = verdict;
    return verdict;
  };
}

function matcher(filter: Filter): (name: string) => boolean {
  if (filter.regex === '') return (name) => filter.prefixes.some((prefix) => name.startsWith(prefix));
  const pattern = patternOf(filter.regex);
  return (name) => pattern.test(name);
}
