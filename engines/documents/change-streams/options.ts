import type { Value } from '../bson/value.ts';
import { Arguments } from '../commands/arguments.ts';
import { refuseUnknownFields } from '../commands/fields.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import type { Store } from '../storage/store.ts';
import { readToken, type Token } from './token.ts';

/** How a change stream was asked for. */
export interface Options {
  /** The place it begins after. */
  readonly start: Token;
  /** Whether it tells the whole document of an update. */
  readonly looksUp: boolean;
}

const modes = new Set(['default', 'updateLookup', 'whenAvailable', 'required']);
const modesBefore = new Set(['off', 'whenAvailable', 'required']);

const wantsLookup = (args: Arguments): boolean => {
  const mode = args.choice('fullDocument', 'default', modes);
  if (mode === 'whenAvailable' || mode === 'required')
    throw notImplemented(`a change stream with fullDocument: "${mode}"`);
  if (args.choice('fullDocumentBeforeChange', 'off', modesBefore) !== 'off')
    throw notImplemented('a change stream with fullDocumentBeforeChange');
  if (args.flag('showExpandedEvents')) throw notImplemented('a change stream with showExpandedEvents');
  return mode === 'updateLookup';
};

const startOf = (store: Store, args: Arguments): Token => {
  const [resumeAfter, startAfter] = [args.optionalDocument('resumeAfter'), args.optionalDocument('startAfter')];
  const at = args.timestamp('startAtOperationTime');
  if ([resumeAfter, startAfter, at].filter((given) => given !== undefined).length > 1) {
    throw new DocumentError(40674, 'Only one type of resume option is allowed, but multiple were found.');
  }
  if (at !== undefined) return { position: at - 1n, isInvalidate: true };
  const given = resumeAfter ?? startAfter;
  if (!given) return { position: store.oplog.committed, isInvalidate: true };
  const token = readToken(given);
  if (token.isInvalidate && resumeAfter) {
    const text =
      "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification.";
    throw new DocumentError('InvalidResumeToken', text);
  }
  return token;
};

/** Reads what a `$changeStream` stage asks for. */
export const optionsOf = (store: Store, spec: Value): Options => {
  const args = new Arguments(spec, '$changeStream');
  refuseUnknownFields(args);
  return { start: startOf(store, args), looksUp: wantsLookup(args) };
};
