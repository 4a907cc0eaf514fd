import type { Value } from '../bson/value.ts';

/** Which fields a projection leaves in that it does not name: none, or all others. */
export type Mode = 'inclusion' | 'exclusion' | 'addition';

/** What a projection says about one field; a branch says it about the fields within. */
export type Rule =
  | { readonly kind: 'keep' | 'drop' }
  | { readonly kind: 'compute'; readonly compute: (root: Value) => Value | undefined }
  | Branch;

export interface Branch {
  readonly kind: 'branch';
  readonly rules: Map<string, Rule>;
}

/** A part of an array to be shown: so many items from a place, which counts from the end if it is negative. */
export interface Slice {
  readonly names: readonly string[];
  readonly from: number;
  readonly count: number | undefined;
}

/** A parsed projection. */
export interface Parsed {
  readonly mode: Mode;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly slices: readonly Slice[];
  /** The path whose array is cut to the item the filter matched. */
  readonly positional: readonly string[] | undefined;
}
