import { compilePipeline, type StageSpec } from '../aggregate/pipeline.ts';
import { identical, idOf, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { listSource } from '../query/source.ts';

const allowed = new Set(['$match', '$project', '$addFields', '$set', '$unset', '$replaceRoot', '$replaceWith']);

const assertToken = (doc: Value, given: readonly Value[]): void => {
  const token = idOf(doc);
  if (token && given.some((one) => identical(idOf(one)!, token))) return;
  throw new DocumentError(
    'ChangeStreamFatalError',
    'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that point. Only transformations that retain the unmodified _id field are allowed.',
    { errorLabels: ['NonResumableChangeStreamError'] },
  );
};

/** The stages after `$changeStream` as one step; they may leave out events and change them, but not their tokens. */
export const changesThrough = (rest: readonly StageSpec[]): ((docs: readonly Value[]) => Value[]) => {
  const unsuited = rest.find(({ name }) => !allowed.has(name));
  if (unsuited) {
    const text = `${unsuited.name} is not permitted in a $changeStream pipeline`;
    throw new DocumentError('IllegalOperation', text);
  }
  const pipeline = compilePipeline(rest);
  return (docs) => {
    if (rest.length === 0) return [...docs];
    const shown = pipeline(listSource(docs)).pull({ documents: docs.length, until: Number.POSITIVE_INFINITY });
    for (const doc of shown) assertToken(doc, docs);
    return shown;
  };
};
