import type { Value } from '../bson/value.ts';

/** A document a query found, with the key it is stored under. */
export interface Found {
  readonly id: Buffer;
  readonly doc: Value;
}

/** How much work a scan may do before it gives others a turn. */
export interface Budget {
  readonly documents: number;
  readonly until: number;
}

/** What a scan has looked at. */
export interface Examined {
  keys: number;
  documents: number;
}

/** A search that can stop anywhere and go on later; between two takes it holds nothing of the database. */
export interface Scan {
  readonly examined: Examined;
  readonly isDone: boolean;
  /** Documents that match, as many as the budget allows; fewer, or none, do not mean the end. */
  take(budget: Budget): Found[];
}

/** Whether the time of a budget is over. */
export const isOver = ({ until }: Budget): boolean => performance.now() > until;

/** Tells of each document once that it has not been seen before. */
export const firstSights = () => {
  const seen = new Set<string>();
  return (id: Buffer): boolean => {
    const before = seen.size;
    return seen.add(id.toString('latin1')).size > before;
  };
};
