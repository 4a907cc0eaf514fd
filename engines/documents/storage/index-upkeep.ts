import type { Catalogue } from './catalogue.ts';
import type { Collection, Index } from './collection.ts';
import type { Environment } from './environment.ts';
import type { Entries } from './index-entries.ts';

/** Notes in an index that it has met arrays or over-long values; says whether that is news. */
export const mergeShape = (index: Index, { arrays, isInexact }: Entries): boolean => {
  const isNews = (isInexact && !index.isInexact) || arrays.some((isArray, i) => isArray && !index.multikey[i]);
  if (!isNews) return false;
  index.isInexact ||= isInexact;
  arrays.forEach((isArray, i) => {
    index.multikey[i] ||= isArray;
  });
  return true;
};

/** Keeps the entries of indexes in step with their documents, also while an index is being built. */
export class IndexUpkeep {
  private readonly env: Environment;
  private readonly catalogue: Catalogue;

  constructor(env: Environment, catalogue: Catalogue) {
    this.env = env;
    this.catalogue = catalogue;
  }

  /** Adds the entries of a document, save those it has already. */
  add(collection: Collection, index: Index, id: Buffer, entries: Entries, old?: Entries): void {
    for (const [text, { key }] of entries.keys) {
      if (index.isBuilding || !old?.keys.has(text)) this.env.entries.putSync(key, id);
    }
    this.noteWritten(index, id);
    if (mergeShape(index, entries)) this.catalogue.save(collection);
  }

  /** Takes away the entries of a document, save those it keeps. */
  remove(index: Index, id: Buffer, entries: Entries, kept?: Entries): void {
    for (const [text, { key }] of entries.keys) if (!kept?.keys.has(text)) this.removeEntry(index, id, key);
    this.noteWritten(index, id);
  }

  private removeEntry(index: Index, id: Buffer, key: Buffer): void {
    if (!index.isBuilding || this.env.entries.get(key)?.equals(id)) this.env.entries.removeSync(key);
  }

  private noteWritten(index: Index, id: Buffer): void {
    if (index.isBuilding) index.writtenMeanwhile.add(id.toString('latin1'));
  }
}
