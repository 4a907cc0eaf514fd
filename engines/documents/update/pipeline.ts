import { type DocumentStage, documentStages } from '../aggregate/document-stages.ts';
import { isStage, parseStages, type StageSpec } from '../aggregate/pipeline.ts';
import type { Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';

const compileStage = ({ name, spec }: StageSpec): DocumentStage => {
  if (Object.hasOwn(documentStages, name)) return documentStages[name]!(spec);
  if (isStage(name)) throw new DocumentError('InvalidOptions', `${name} is not allowed to be used within an update`);
  throw new DocumentError(40324, `Unrecognized pipeline stage name: '${name}'`);
};

/** Compiles the pipeline of an update. */
export const compileUpdatePipeline = (stages: readonly Value[]): DocumentStage => {
  const all = parseStages(stages).map(compileStage);
  return (doc) => all.reduce((out, stage) => stage(out), doc);
};
