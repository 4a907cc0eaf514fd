import { DocumentError } from '../errors.ts';
import { isPlaceholder } from './names.ts';

interface Claim {
  readonly children: Map<string, Claim>;
  isTaken: boolean;
}

const newClaim = (): Claim => ({ children: new Map(), isTaken: false });

/** The paths of an update, no two of which may be on the same way; nor may names and placeholders stand side by side. */
export class Claims {
  private readonly root = newClaim();

  /** Claims a path; `fail` makes the error from the place where it meets another. */
  add(names: readonly string[], fail: (at: string) => DocumentError): void {
    let claim = this.root;
    names.forEach((name, i) => {
      const [sibling] = claim.children.keys();
      const isMixed = sibling !== undefined && isPlaceholder(sibling) !== isPlaceholder(name);
      if (claim.isTaken || isMixed) throw fail(names.slice(0, i).join('.'));
      const next = claim.children.get(name) ?? newClaim();
      claim.children.set(name, next);
      claim = next;
    });
    if (claim.isTaken || claim.children.size > 0) throw fail(names.join('.'));
    claim.isTaken = true;
  }
}

/** The error for two operators on the same way. */
export const conflict = (path: string, at: string): DocumentError =>
  new DocumentError('ConflictingUpdateOperators', `Updating the path '${path}' would create a conflict at '${at}'`);

/** The error for two positional operators that turn out to be on the same way. */
export const createdConflict = (at: string): DocumentError =>
  new DocumentError('ConflictingUpdateOperators', `Update created a conflict at '${at}'`);
