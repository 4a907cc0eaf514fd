import type { Expression } from '../aggregate/expression.ts';
import type { Value } from '../bson/value.ts';
import type { Path } from '../paths.ts';
import type { TextTest } from '../regex/compile.ts';

export type Comparison = '$eq' | '$gt' | '$gte' | '$lt' | '$lte';

/** A regular expression as it was written, and ready to use. */
export interface Pattern {
  readonly source: string;
  readonly options: string;
  readonly test: TextTest;
}

/** A test of the value at a path. */
export type Test =
  | { readonly op: Comparison; readonly operand: Value }
  | { readonly op: '$in'; readonly operands: readonly Value[]; readonly patterns: readonly Pattern[] }
  | { readonly op: '$regex'; readonly pattern: Pattern }
  | { readonly op: '$exists' }
  | { readonly op: '$type'; readonly types: ReadonlySet<number> }
  | { readonly op: '$size'; readonly size: number }
  | { readonly op: '$mod'; readonly divisor: bigint; readonly remainder: bigint }
  | { readonly op: '$bits'; readonly mask: bigint; readonly wanted: 'allSet' | 'allClear' | 'anySet' | 'anyClear' }
  | { readonly op: '$elemMatch'; readonly filter: Filter }
  | { readonly op: '$elemTest'; readonly tests: readonly Filter[] };

/** A parsed filter. `$ne`, `$nin` and `$nor` are parsed into `not`. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'test'; readonly path: Path; readonly test: Test }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'constant'; readonly value: boolean };
