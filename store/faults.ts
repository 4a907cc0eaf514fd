import { type CommandError, DeadlineExceededError, ErrorType, isCommandError } from '@eventstore/db-client';
import { MongoError, MongoNetworkError, MongoServerSelectionError } from 'mongodb';
import { backOff, pause } from './back-off.ts';

const transientTypes: ReadonlySet<ErrorType> = new Set([
  ErrorType.UNAVAILABLE,
  ErrorType.CANCELLED,
  ErrorType.TIMEOUT,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.NOT_LEADER,
]);

// what the client lets through unconverted: cancelled, unknown, deadline exceeded, aborted, internal, unavailable
const transientCodes: ReadonlySet<unknown> = new Set([1, 2, 4, 10, 13, 14]);

/** What the client has no name for passes by itself, as a connection that broke in a message does, unless its code says no. */
const isUnclear = ({ type, code }: CommandError) =>
  type === ErrorType.UNKNOWN && (code === undefined || transientCodes.has(code));

/** Whether the event store may do the same a little later: it restarts, elects a leader, or dropped the connection. */
export const isTransient = (fault: unknown): boolean => {
  if (!(fault instanceof Error)) return false;
  if (isCommandError(fault)) return transientTypes.has(fault.type) || isUnclear(fault);
  return ('code' in fault && transientCodes.has(fault.code)) || fault.message.startsWith('Failed to discover');
};

/** Whether one of the two stores restarts or is out of reach: what failed so may be done again once it is back. */
export const isOutage = (fault: unknown): boolean =>
  isTransient(fault) ||
  fault instanceof MongoNetworkError ||
  fault instanceof MongoServerSelectionError ||
  (fault instanceof MongoError && fault.hasErrorLabel('RetryableWriteError'));

const attempts = 12;

/** Waits before the next attempt, or throws the fault when it is no transient one, or the twelfth in a row (after some 10 s). */
export const waitOrThrow = async (fault: unknown, failures: number): Promise<void> => {
  if (!isTransient(fault) || failures + 1 >= attempts) throw fault;
  await pause(backOff(failures));
};

/** Does the work, again if need be while the event store restarts: for work that is safe to repeat. */
export const patiently = async <R>(work: () => Promise<R>): Promise<R> => {
  for (let failures = 0; ; failures++) {
    try {
      return await work();
    } catch (fault) {
      await waitOrThrow(fault, failures);
    }
  }
};

const patience = 15_000; // the server itself gives up after 10 s

/** The answer, or a transient fault when there is none in time: the client forgets a call whose stream just ends. */
export const answered = async <R>(call: Promise<R>): Promise<R> => {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceededError(undefined, 'the event store gave no answer')), patience);
  });
  return Promise.race([call, silence]).finally(() => clearTimeout(timer));
};
