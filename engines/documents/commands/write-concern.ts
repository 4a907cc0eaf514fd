import { toInteger } from '../bson/number.ts';
import { isNumber, isString, text } from '../bson/value.ts';
import { codes, DocumentError } from '../errors.ts';
import type { Arguments } from './arguments.ts';
import type { Reply } from './context.ts';

const mostNodes = 50;

const unsatisfied = (code: 'UnsatisfiableWriteConcern' | 'UnknownReplWriteConcern', errmsg: string): Reply => ({
  writeConcernError: { code: codes[code], codeName: code, errmsg },
});

/**
 * What a reply says of the write concern. Everything is durable before it is answered, so that every concern a single
 * server can meet is met; one that needs more servers is reported beside the result, as MongoDB does.
 */
export const writeConcernReply = (args: Arguments): Reply => {
  const w = args.within('writeConcern').get('w');
  if (isString(w)) {
    if (text(w) === 'majority') return {};
    const errmsg = `No write concern mode named '${text(w)}' found in replica set configuration`;
    return unsatisfied('UnknownReplWriteConcern', errmsg);
  }
  const nodes = isNumber(w) ? toInteger(w) : undefined;
  if (w && (nodes === undefined || nodes < 0n || nodes > mostNodes)) {
    const text = `w has to be a non-negative number and not greater than ${mostNodes}; found: ${nodes ?? 'another type'}`;
    throw new DocumentError('FailedToParse', text);
  }
  return (nodes ?? 1n) > 1n ? unsatisfied('UnsatisfiableWriteConcern', 'Not enough data-bearing nodes') : {};
};
