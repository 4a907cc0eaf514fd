import { DocumentError, notImplemented } from '../errors.ts';
import { Arguments } from './arguments.ts';
import { refuseUnknownFields } from './fields.ts';

const levels = new Set(['local', 'available', 'majority', 'linearizable', 'snapshot']);

const invalid = (message: string): DocumentError => new DocumentError('InvalidOptions', message);

/** The latest time that the client has heard of, here or at another server. */
const heardOf = (args: Arguments): bigint => {
  return new Arguments(args.document('$clusterTime'), '$clusterTime').timestamp('clusterTime') ?? 0n;
};

/** A time that has come is one that all reads are after. */
const assertCome = (args: Arguments, time: bigint, level: string, now: bigint): void => {
  if (level === 'available' || level === 'linearizable') {
    throw invalid('afterClusterTime field can be set only if level is equal to majority, local, or snapshot');
  }
  if (time === 0n) throw invalid('afterClusterTime cannot be a null timestamp');
  if (time <= now || time <= heardOf(args)) return;
  throw invalid('readConcern afterClusterTime value must not be greater than the current clusterTime');
};

/** Refuses read concerns that are none, and those this server does not have; all the others are what it always gives. */
export const assertReadConcern = (args: Arguments, now: bigint): void => {
  if (!args.has('readConcern')) return;
  const concern = new Arguments(args.document('readConcern'), 'readConcern');
  refuseUnknownFields(concern);
  const level = concern.choice('level', 'local', levels);
  if (level === 'snapshot' || concern.has('atClusterTime')) throw notImplemented('read concern "snapshot"');
  const after = concern.timestamp('afterClusterTime');
  if (after !== undefined) assertCome(args, after, level, now);
};
