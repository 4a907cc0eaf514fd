import { DocumentError } from '../errors.ts';
import type { Outcome } from './operations.ts';

/** Adds an outcome to that of the same operation so far; one that fails tells of no documents, as MongoDB has it. */
export const merge = (a: Outcome, b: Outcome): Outcome =>
  b.error ? b : { ...a, ...b, n: a.n + b.n, modified: a.modified + b.modified };

/** What comes of an operation that fails. */
export const failed = (error: unknown): Outcome => {
  if (!(error instanceof DocumentError)) throw error;
  return { n: 0, modified: 0, error };
};

/** The outcome of some work, be it a failure. */
export const capture = (work: () => Outcome | undefined): Outcome | undefined => {
  try {
    return work();
  } catch (error) {
    return failed(error);
  }
};
