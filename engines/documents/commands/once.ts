import type { Writable } from '../bson/writer.ts';
import { DocumentError } from '../errors.ts';
import { execute } from '../writes/execute.ts';
import type { Operation, Outcome } from '../writes/operations.ts';
import type { Call } from './context.ts';

const retryable = ({ args, session }: Call) => {
  const number = args.long('txnNumber');
  return session && number !== undefined ? { session, number } : undefined;
};

/** Carries out operations once, however often the client asks. */
export const executeOnce = (call: Call, operations: readonly Operation[]): Promise<Outcome[]> => {
  const { store, sessions } = call.server;
  const write = retryable(call);
  const isOrdered = call.args.flagByDefault('ordered');
  if (!write) return execute(store, operations, isOrdered, () => {});
  if (operations.some((op) => op.kind === 'change' && op.isMulti)) {
    throw new DocumentError('InvalidOptions', 'Cannot use (or request) retryable writes with multi=true');
  }
  const remember = (outcomes: readonly Outcome[]): void => sessions.remember(write, outcomes);
  return execute(store, operations, isOrdered, remember, sessions.earlier(write));
};

/** A number of each outcome, added up. */
export const sum = (outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + of(outcome), 0);

/** An error as a reply reports it for one statement. */
export const errorFields = ({ code, message, details }: DocumentError): { readonly [name: string]: Writable } => ({
  code,
  errmsg: message,
  ...details,
});
