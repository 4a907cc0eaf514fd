/** What an append expects of its stream: the revision of its last event, or one of three general conditions. */
export type Expected = bigint | 'any' | 'no_stream' | 'stream_exists';

/** What must be known of a stream to judge an append to it. */
export interface StreamState {
  /** The revision of its last event, or -1. */
  last: number;
  isBuried: boolean;
  isSoftDeleted: boolean;
  hasMetadata: boolean;
  /** The id of the event with this revision. */
  idAt(revision: number): string;
  /** The revision of the recent event with this id, if the stream has it. */
  revisionOf(id: string): number | undefined;
}

/** Whether an append is to be written, was written before (its last event being `revision`), or is refused. */
export type Verdict = { is: 'new' } | { is: 'repeated'; revision: number } | { is: 'wrong' } | { is: 'deleted' };

/**
 * Judges an append of events with these `ids`, as EventStoreDB does: an append that repeats an earlier one succeeds
 * again without writing, one that repeats it in part is refused.
 */
export function judge(expected: Expected, ids: readonly string[], stream: StreamState): Verdict {
  if (stream.isBuried) return { is: 'deleted' };
  if (expected === 'stream_exists') {
    if (stream.isSoftDeleted) return { is: 'deleted' };
    if (stream.last === -1 && !stream.hasMetadata) return { is: 'wrong' };
  }
  if (expected === 'any' || expected === 'stream_exists') return judgeById(ids, stream);
  return judgeByRevision(expected === 'no_stream' ? -1 : Number(expected), ids, stream);
}

function judgeById(ids: readonly string[], stream: StreamState): Verdict {
  let revision: number | undefined;
  for (const [place, id] of ids.entries()) {
    revision = stream.revisionOf(id);
    if (revision === undefined) return place === 0 ? { is: 'new' } : { is: 'wrong' };
  }
  return revision === undefined ? { is: 'new' } : { is: 'repeated', revision };
}

function judgeByRevision(expected: number, ids: readonly string[], stream: StreamState): Verdict {
  if (expected > stream.last) return { is: 'wrong' };
  if (expected === stream.last) return { is: 'new' };
  const different = ids.findIndex((id, place) => {
    const revision = expected + 1 + place;
    return revision > stream.last || stream.idAt(revision) !== id;
  });
  if (different === -1 && ids.length > 0) return { is: 'repeated', revision: expected + ids.length };
  const isRestart = expected === -1 && stream.isSoftDeleted && different <= 0;
  return isRestart ? { is: 'new' } : { is: 'wrong' };
}
