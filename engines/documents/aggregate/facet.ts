import { arrayValue, documentValue, encodeElements } from '../bson/build.ts';
import { elements, isArray, isDocument, items, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { fieldPath } from '../field-path.ts';
import { listSource, type Source } from '../query/source.ts';
import type { Stage, StageSpec } from './pipeline.ts';

interface Part {
  readonly name: string;
  readonly run: Stage;
}

/** Stages that make no sense on the documents of another pipeline. */
const barred = new Set([
  '$facet',
  '$out',
  '$merge',
  '$geoNear',
  '$collStats',
  '$indexStats',
  '$changeStream',
  '$currentOp',
]);

const assertAllowed = (specs: readonly StageSpec[]): void => {
  const wrong = specs.find(({ name }) => barred.has(name));
  if (wrong) throw new DocumentError(40600, `${wrong.name} is not allowed to be used within a $facet stage`);
};

const mostBytes = 100 * 1024 * 1024;

const facetSource = (source: Source, parts: readonly Part[]): Source => {
  const docs: Value[] = [];
  let size = 0;
  let running: { source: Source; results: Value[] }[] | undefined;
  let isDone = false;
  const absorb = (found: readonly Value[]): void => {
    for (const doc of found) size += docs[docs.push(doc) - 1]!.end - doc.start;
    if (size > mostBytes) throw new DocumentError(4031700, `$facet needs more than ${mostBytes} bytes`);
  };
  return {
    get isDone() {
      return isDone;
    },
    pull: (budget) => {
      if (!source.isDone) {
        absorb(source.pull({ ...budget, documents: 1000 }));
        return [];
      }
      running ??= parts.map(({ run }) => ({ source: run(listSource(docs)), results: [] }));
      const next = running.find((part) => !part.source.isDone);
      if (next) {
        next.results.push(...next.source.pull({ ...budget, documents: 1000 }));
        return [];
      }
      isDone = true;
      const fields = running.map(({ results }, i) => [parts[i]!.name, arrayValue(results)] as const);
      return [documentValue(encodeElements(fields))];
    },
  };
};

/** The `$facet` stage: several pipelines over the same documents; `parse` and `compile` are those of pipelines. */
export const facet =
  (parse: (stages: readonly Value[]) => StageSpec[], compile: (specs: readonly StageSpec[]) => Stage) =>
  (spec: Value): Stage => {
    if (!isDocument(spec) || elements(spec).length === 0) {
      throw new DocumentError(40169, 'the $facet specification must be a non-empty object');
    }
    const parts = elements(spec).map(({ name, value }) => {
      if (fieldPath(name).names.length > 1)
        throw new DocumentError(16412, "FieldPath field names may not contain '.'.");
      if (!isArray(value)) throw new DocumentError(40170, `arguments to $facet must be arrays, ${name} is not`);
      const specs = parse(items(value));
      assertAllowed(specs);
      return { name, run: compile(specs) };
    });
    return (source) => facetSource(source, parts);
  };
