import { documentValue, encode } from '../bson/build.ts';
import { field, isString, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';

/** A place in the order of changes: after a change, or after the end of a stream that the change brought about. */
export interface Token {
  readonly position: bigint;
  readonly isInvalidate: boolean;
}

/** A token as clients keep it. */
export const tokenDocument = (position: bigint, isInvalidate = false): Value =>
  documentValue(
    encode({ _data: `82${position.toString(16).toUpperCase().padStart(16, '0')}${isInvalidate ? '01' : '00'}` }),
  );

/** Reads a token that a client brings back. */
export const readToken = (token: Value): Token => {
  const data = field(token, '_data');
  if (!isString(data)) throw new DocumentError(40647, 'Bad resume token: _data of missing or wrong type');
  if (!/^([0-9A-F]{2})+$/i.test(text(data))) {
    throw new DocumentError('FailedToParse', 'resume token string was not a valid hex string');
  }
  const match = /^82([0-9A-F]{16})(0[01])$/i.exec(text(data));
  if (!match) {
    throw new DocumentError(
      'InvalidResumeToken',
      'Bad resume token: the _data of resume token was not a valid KeyString',
    );
  }
  return { position: BigInt(`0x${match[1]}`), isInvalidate: match[2] === '01' };
};
