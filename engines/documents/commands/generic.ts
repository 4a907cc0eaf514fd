import { toInteger } from '../bson/number.ts';
import { isNumber, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { TimeLimit } from '../query/time-limit.ts';
import { elementText } from '../shell-text.ts';
import type { Arguments } from './arguments.ts';

const longest = 2 ** 31 - 1;

const wholeMillis = (value: Value): number => {
  const n = isNumber(value) ? toInteger(value) : undefined;
  if (n === undefined || BigInt.asIntN(64, n) !== n) {
    throw new DocumentError('FailedToParse', `Expected an integer: ${elementText('maxTimeMS', value)}`);
  }
  return Number(n);
};

/** How long a command may take, if it says so. */
export const timeLimitOf = (args: Arguments): TimeLimit | undefined => {
  const value = args.get('maxTimeMS');
  if (!value) return undefined;
  args.number('maxTimeMS', 0);
  const millis = wholeMillis(value);
  if (millis < 0 || millis > longest) {
    const bound = millis < 0 ? '>= 0' : `<= ${longest}`;
    throw new DocumentError(51024, `BSON field 'maxTimeMS' value must be ${bound}, actual value '${millis}'`);
  }
  return millis > 0 ? new TimeLimit(millis) : undefined;
};

/** Refuses transactions, which this server does not have. */
export const refuseTransactions = (name: string, args: Arguments): void => {
  if (name === 'commitTransaction' || name === 'abortTransaction') {
    throw new DocumentError(
      'NoSuchTransaction',
      'There is no transaction: the embedded document store has no multi-document transactions',
    );
  }
  if (args.has('startTransaction') || args.has('autocommit')) {
    throw new DocumentError(
      'OperationNotSupportedInTransaction',
      'The embedded document store has no multi-document transactions; use a MongoDB replica set',
    );
  }
};

const retryable = new Set('insert update delete findAndModify findandmodify bulkWrite'.split(' '));

/** Refuses the number of a retryable write where there is no such write, or nobody to remember it for. */
export const assertTransactionNumber = (name: string, args: Arguments): void => {
  if (!args.has('txnNumber')) return;
  if (!args.has('lsid'))
    throw new DocumentError('InvalidOptions', 'Transaction number requires a session ID to also be specified');
  if (retryable.has(name)) return;
  const text = `txnNumber may only be provided for multi-document transactions and retryable write commands. autocommit:false was not provided, and ${name} is not a retryable write command.`;
  throw new DocumentError(50768, text);
};

const stable = new Set(
  'abortTransaction aggregate bulkWrite collMod commitTransaction count create createIndexes delete drop dropDatabase dropIndexes endSessions explain find findAndModify getMore hello insert killCursors listCollections listDatabases listIndexes ping refreshSessions update'.split(
    ' ',
  ),
);

/** Refuses an API version other than 1, and with `apiStrict` the commands that are not in it. */
export const assertApiVersion = (name: string, args: Arguments): void => {
  const version = args.optionalText('apiVersion');
  if (version === undefined) {
    if (!args.has('apiStrict') && !args.has('apiDeprecationErrors')) return;
    throw new DocumentError(4886600, 'Provided apiStrict and/or apiDeprecationErrors without passing apiVersion');
  }
  if (version !== '1') throw new DocumentError('APIVersionError', 'API version must be "1"');
  if (args.flag('apiStrict') && !stable.has(name)) {
    const text = `Provided apiStrict:true, but the command ${name} is not in API Version 1`;
    throw new DocumentError('APIStrictError', text);
  }
};
