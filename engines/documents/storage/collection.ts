import { toNumber } from '../bson/number.ts';
import { elements, type Value } from '../bson/value.ts';
import { compileFilter, type Matcher } from '../filter/matcher.ts';
import { parseFilter } from '../filter/parse.ts';
import type { Filter } from '../filter/shape.ts';
import { type Path, pathOf } from '../paths.ts';
import type { IndexSpec } from './index-spec.ts';

/** One field of an index pattern. */
interface IndexField {
  readonly path: Path;
  readonly direction: 1 | -1;
}

/** An index, and what is known of its entries. */
export interface Index extends IndexSpec {
  readonly id: number;
  readonly fields: readonly IndexField[];
  readonly partial: { readonly filter: Filter; readonly matches: Matcher } | undefined;
  /** By field, whether a document has ever held an array there; such a field gives several entries per document. */
  readonly multikey: boolean[];
  /** Whether an entry was ever too long to be stored whole, so that the order of entries is not exact. */
  isInexact: boolean;
  isBuilding: boolean;
  /** How often the index was used since the start. */
  uses: number;
  /** While the index is being built, the documents written meanwhile, which need no entry from the build. */
  readonly writtenMeanwhile: Set<string>;
}

/** A collection, and what is known of its documents. */
export interface Collection {
  readonly id: number;
  readonly uuid: Buffer;
  db: string;
  name: string;
  indexes: Index[];
  count: number;
  /** The bytes of all documents. */
  bytes: number;
  /** How often documents were found by `_id` since the start. */
  uses: number;
  /** Whether an `_id` was ever too long to be a key as it is. */
  hasLongIds: boolean;
  /** Counts changes, so that a search can tell whether anything moved since. */
  version: number;
}

/** The full name of a collection. */
export const namespaceOf = ({ db, name }: Pick<Collection, 'db' | 'name'>): string => `${db}.${name}`;

/** The fields of an index pattern. */
const indexFields = (key: Value): IndexField[] =>
  elements(key).map(({ name, value }) => ({ path: pathOf(name), direction: toNumber(value) < 0 ? -1 : 1 }));

/** An index of this specification, without entries yet. */
export const makeIndex = (id: number, spec: IndexSpec): Index => {
  const filter = spec.partialFilter && parseFilter(spec.partialFilter);
  const fields = indexFields(spec.key);
  return {
    ...spec,
    id,
    fields,
    partial: filter && { filter, matches: compileFilter(filter) },
    multikey: fields.map(() => false),
    isInexact: false,
    isBuilding: false,
    uses: 0,
    writtenMeanwhile: new Set(),
  };
};
